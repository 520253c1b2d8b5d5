//! The server: its release, its tokens, its users, its members.

use super::Check;
use crate::scenario::{
    EtcdSpec, ProblemKind, TokenKind,
    file::{EtcdTable, NotOnTable},
    placed::Placed,
};

/// The flags that the harness gives every etcd, or derives from other keys.
const OWN_FLAGS: [&str; 14] = [
    "advertise-client-urls",
    "auth-token",
    "auth-token-ttl",
    "bcrypt-cost",
    "data-dir",
    "enable-grpc-gateway",
    "initial-advertise-peer-urls",
    "initial-cluster",
    "listen-client-urls",
    "listen-peer-urls",
    "log-level",
    "log-outputs",
    "logger",
    "name",
];

impl Check {
    /// The etcd that a file asks for.
    pub(super) fn etcd(&mut self, table: &EtcdTable, not_on: &NotOnTable, queue: &str) -> EtcdSpec {
        let EtcdTable { version, token_ttl, auth_token, members, quota_bytes, flags, user } = table;
        let version = self.version(version);
        let ttl = token_ttl.as_ref().and_then(|text| {
            let ttl = self.duration("token-ttl", text)?;
            // etcd's flag counts seconds, and takes 0 for its default (server/auth/simple_token.go, enable).
            if ttl.is_zero() || ttl.subsec_nanos() != 0 {
                self.wrong(text.span(), ProblemKind::TokenTtl);
            }
            Some(ttl)
        });
        let token_kind = auth_token.as_ref().map_or(TokenKind::Simple, |kind| *kind.get());
        if let (Some(written), TokenKind::Jwt, None) = (auth_token, token_kind, token_ttl) {
            self.wrong(written.span(), ProblemKind::NoTokenTtl);
        }
        EtcdSpec {
            version,
            token_ttl: ttl,
            token_kind,
            users: self.users(user, queue),
            members: members.as_ref().map_or(1, |members| self.members(members, not_on)),
            // One below 1 is noted by `shape`.
            quota_bytes: quota_bytes.as_ref().and_then(|bytes| u64::try_from(*bytes.get()).ok()),
            flags: flags.iter().map(|flag| self.flag(flag)).collect(),
        }
    }

    /// A flag of etcd's: one word with its value in it, and none that the harness gives itself.
    fn flag(&mut self, flag: &Placed<String>) -> String {
        let text = flag.get();
        let name = text.strip_prefix("--").map(|rest| rest.split('=').next().unwrap_or(rest));
        match name {
            Some(name) if name.is_empty() || name.contains(char::is_whitespace) => {
                self.wrong(flag.span(), ProblemKind::NoFlag);
            }
            Some(name) if OWN_FLAGS.contains(&name) => {
                self.wrong(flag.span(), ProblemKind::FlagOfTheHarness(name.to_owned()));
            }
            Some(_) => {}
            None => self.wrong(flag.span(), ProblemKind::NoFlag),
        }
        text.clone()
    }

    fn members(&mut self, members: &Placed<i64>, not_on: &NotOnTable) -> usize {
        match *members.get() {
            1 => return 1,
            3 | 5 => {
                let reasons = [("embedded", &not_on.embedded), ("docker", &not_on.docker)];
                let missing = reasons.into_iter().filter(|(_, why)| why.is_none());
                let missing: Vec<String> = missing.map(|(backend, _)| backend.to_owned()).collect();
                if !missing.is_empty() {
                    self.wrong(members.span(), ProblemKind::MembersEverywhere { missing });
                }
            }
            _ => self.wrong(members.span(), ProblemKind::Members),
        }
        super::value::size(members)
    }
}
