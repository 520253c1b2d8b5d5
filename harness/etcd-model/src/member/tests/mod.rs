//! The calls about users, roles and leases, as a member answers them.

#![allow(clippy::unwrap_used, clippy::expect_used)]

mod auth;
mod lease;
mod permission;

use std::time::Duration;

use bytes::Bytes;
use tokio::time::Instant;

use super::{Member, Settings};
use crate::{
    auth::{Credential, TokenKind},
    proto::{
        AuthEnableRequest, AuthRoleAddRequest, AuthRoleGrantPermissionRequest, AuthUserAddRequest,
        AuthUserGrantRoleRequest, AuthenticateRequest, LeaseGrantRequest, Permission, PutRequest,
        permission::Type,
    },
    refusal::Refusal,
    release::Release,
};

/// A member under test.
struct Bench {
    member: Member,
    start: Instant,
}

impl Bench {
    /// A fresh one of a release. Leases end in rounds, 100 ms after the start and every 500 ms.
    fn of(release: &str) -> Self {
        Self::of_with(release, TokenKind::Simple)
    }

    fn of_with(release: &str, token_kind: TokenKind) -> Self {
        let mut settings = Settings::of(release.parse::<Release>().unwrap());
        settings.phases.lease_check = ms(100);
        settings.token_kind = token_kind;
        let start = Instant::now();
        Self { member: Member::new(settings, start), start }
    }

    /// One with authentication on, a user `root`, and a user `a` that may read `r/…` and write `w/…`. Passwords are `x`.
    fn on(release: &str) -> Self {
        Self::on_with(release, TokenKind::Simple)
    }

    fn on_with(release: &str, token_kind: TokenKind) -> Self {
        let mut bench = Self::of_with(release, token_kind);
        for name in ["root", "a"] {
            let request =
                AuthUserAddRequest { name: name.to_owned(), password: "x".to_owned(), ..Default::default() };
            bench.member.user_add(&Credential::None, &request, bench.start).unwrap();
        }
        bench.grant("root", "root");
        let request = AuthRoleAddRequest { name: "role".to_owned() };
        bench.member.role_add(&Credential::None, &request, bench.start).unwrap();
        for (kind, key, range_end) in [(Type::Read, "r/", "r0"), (Type::Write, "w/", "w0")] {
            let perm =
                Some(Permission { perm_type: kind.into(), key: key.into(), range_end: range_end.into() });
            let request = AuthRoleGrantPermissionRequest { name: "role".to_owned(), perm };
            bench.member.role_grant_permission(&Credential::None, &request, bench.start).unwrap();
        }
        bench.grant("a", "role");
        bench.member.auth_enable(&Credential::None, &AuthEnableRequest {}, bench.start).unwrap();
        bench
    }

    fn grant(&mut self, user: &str, role: &str) {
        let request = AuthUserGrantRoleRequest { user: user.to_owned(), role: role.to_owned() };
        self.member.user_grant_role(&Credential::None, &request, self.start).unwrap();
    }

    fn log_in(&mut self, name: &str) -> Credential {
        let request = AuthenticateRequest { name: name.to_owned(), password: "x".to_owned() };
        Credential::Token(self.member.authenticate(&request, self.start).unwrap().token)
    }

    fn lease(&mut self, credential: &Credential, id: i64, ttl: i64) -> Result<i64, Refusal> {
        let request = LeaseGrantRequest { id, ttl };
        self.member.lease_grant(credential, &request, self.start).map(|response| response.ttl)
    }

    fn put(&mut self, credential: &Credential, key: &str, lease: i64) -> Result<i64, Refusal> {
        let request = PutRequest { key: Bytes::copy_from_slice(key.as_bytes()), lease, ..Default::default() };
        let response = self.member.put(credential, &request, self.start)?;
        Ok(response.header.unwrap().revision)
    }

    fn at(&self, at_ms: u64) -> Instant {
        self.start + ms(at_ms)
    }
}

fn ms(number: u64) -> Duration {
    Duration::from_millis(number)
}

fn bad() -> Credential {
    Credential::Token("bad".to_owned())
}
