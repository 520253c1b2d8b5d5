//! The rules of users, roles and tokens, each by itself.

#![allow(clippy::unwrap_used, clippy::expect_used)]

mod permissions;
mod signed_tokens;
mod simple_tokens;
mod users;

use std::time::Duration;

use tokio::time::Instant;

use super::{Authority, Caller, Credential, TokenKind};
use crate::{
    member::Settings,
    proto::{AuthUserAddRequest, Permission, permission::Type},
    release::Release,
};

/// An authority under test.
struct Bench {
    authority: Authority,
    settings: Settings,
    start: Instant,
}

impl Bench {
    /// A fresh one of a release. Tokens live for 5 s, and are swept 300 ms after the start and every second.
    fn of(release: &str, token_kind: TokenKind) -> Self {
        let mut settings = Settings::of(release.parse::<Release>().unwrap());
        settings.token_ttl = Duration::from_secs(5);
        settings.token_kind = token_kind;
        settings.phases.token_sweep = ms(300);
        let start = Instant::now();
        Self { authority: Authority::new(&settings, start), settings, start }
    }

    /// One in which authentication is on; root's password is `root`.
    fn on(release: &str, token_kind: TokenKind) -> Self {
        let mut bench = Self::of(release, token_kind);
        bench.add("root", "root");
        bench.authority.grant_role("root", "root").unwrap();
        bench.authority.switch_on().unwrap();
        bench
    }

    fn add(&mut self, name: &str, password: &str) {
        self.authority.add_user(&user(name, password)).unwrap();
    }

    /// A role of that name for `user`, allowing that.
    fn allow(&mut self, user: &str, role: &str, kind: Type, key: &'static str, range_end: &'static str) {
        if self.authority.permissions_of(role).is_err() {
            self.authority.add_role(role).unwrap();
        }
        let permission = Permission { perm_type: kind.into(), key: key.into(), range_end: range_end.into() };
        self.authority.grant_permission(role, Some(&permission)).unwrap();
        self.authority.grant_role(user, role).unwrap();
    }

    /// A login of `user` at a time; its proposal is of number 10.
    fn log_in(&mut self, user: &str, at_ms: u64) -> Credential {
        let now = self.at(at_ms);
        self.authority.advance(now);
        Credential::Token(self.authority.assign_token(user, 10, now))
    }

    /// Whether the credential is good at a time.
    fn is_good(&mut self, credential: &Credential, at_ms: u64) -> bool {
        let now = self.at(at_ms);
        self.authority.advance(now);
        self.authority.identify(credential, now).is_ok_and(|caller| caller.is_some())
    }

    fn at(&self, at_ms: u64) -> Instant {
        self.start + ms(at_ms)
    }

    /// Somebody whose token is of the present revision.
    fn caller(&self, user: &str) -> Caller {
        Caller { user: user.to_owned(), revision: self.authority.revision() }
    }
}

fn user(name: &str, password: &str) -> AuthUserAddRequest {
    AuthUserAddRequest {
        name: name.to_owned(),
        password: password.to_owned(),
        ..AuthUserAddRequest::default()
    }
}

fn ms(number: u64) -> Duration {
    Duration::from_millis(number)
}
