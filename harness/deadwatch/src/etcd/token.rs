//! How a real etcd is told which tokens to issue.

use crate::scenario::{EtcdSpec, TokenKind};

/// What signed tokens are signed with: any text does, as nobody but the etcd itself reads them.
pub(super) const SECRET: &[u8] = b"what the tokens of a run are signed with";

/// What an etcd is told about its tokens.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Tokens {
    /// How long simple ones live, whole seconds (`--auth-token-ttl`).
    Simple(String),
    /// Everything about signed ones (`--auth-token`).
    Signed(String),
}

impl Tokens {
    /// What is to be said, if authentication is on from the start; `secret` is the path under which the etcd finds
    /// [`SECRET`].
    pub(super) fn of(spec: &EtcdSpec, secret: &str) -> Option<Self> {
        let ttl_s = spec.token_ttl?.as_secs();
        Some(match spec.token_kind {
            TokenKind::Simple => Self::Simple(ttl_s.to_string()),
            TokenKind::Jwt => Self::Signed(format!("jwt,sign-method=HS256,priv-key={secret},ttl={ttl_s}s")),
        })
    }

    /// Whether there has to be a secret.
    pub(super) fn need_a_secret(spec: &EtcdSpec) -> bool {
        matches!(Self::of(spec, ""), Some(Self::Signed(_)))
    }
}
