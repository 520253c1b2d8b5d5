//! Tokens that say themselves whose they are and until when, as etcd issues them with `--auth-token jwt`.
//!
//! The member remembers nothing about them, so they outlive restarts, and it can take none back: not at a password
//! change, not when authentication is switched off. Instead each names the revision of the users and roles at its
//! login, and any change of those makes it stale.
//!
//! Only the behaviour is JWT's. The text is the model's own, with a checksum where a signature would be, and is of no
//! use to anything that reads JWTs. Source: etcd v3.5.5 server/auth/jwt.go.

use std::{
    hash::{DefaultHasher, Hash, Hasher},
    time::Duration,
};

use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD};
use tokio::time::Instant;

use super::Caller;

/// Issues and reads signed tokens.
#[derive(Debug)]
pub(super) struct SignedTokens {
    ttl_s: u64,
    /// When second 0 began, by the clock that tokens are dated with.
    zero: Instant,
    /// What the checksums start from: a token of another seed is not good.
    secret: u64,
    /// Whether a token is no longer good in the second that it names as its end.
    ends: Ends,
}

/// When a token that names a second as its end is no longer good.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Ends {
    /// As that second begins.
    WithItsSecond,
    /// As that second ends.
    AfterItsSecond,
}

impl SignedTokens {
    pub(super) fn new(ttl: Duration, zero: Instant, secret: u64, ends: Ends) -> Self {
        Self { ttl_s: ttl.as_secs(), zero, secret, ends }
    }

    /// A new token for `user`, issued at `revision` of the users and roles. Its end is a whole second.
    pub(super) fn assign(&self, user: &str, revision: u64, now: Instant) -> String {
        let claims = format!("{revision} {} {user}", self.second_of(now) + self.ttl_s);
        let coded = BASE64_URL_SAFE_NO_PAD.encode(&claims);
        format!("model.{coded}.{:016x}", self.checksum(&coded))
    }

    /// Whose token it is and of which revision, if it is good.
    pub(super) fn caller(&self, token: &str, now: Instant) -> Option<Caller> {
        let (coded, checksum) = token.strip_prefix("model.")?.split_once('.')?;
        if u64::from_str_radix(checksum, 16).ok()? != self.checksum(coded) {
            return None;
        }
        let claims = String::from_utf8(BASE64_URL_SAFE_NO_PAD.decode(coded).ok()?).ok()?;
        let mut claims = claims.splitn(3, ' ');
        let revision = claims.next()?.parse().ok()?;
        let end_s: u64 = claims.next()?.parse().ok()?;
        let user = claims.next()?.to_owned();
        let good = match self.ends {
            Ends::WithItsSecond => self.second_of(now) < end_s,
            Ends::AfterItsSecond => self.second_of(now) <= end_s,
        };
        good.then_some(Caller { user, revision })
    }

    fn second_of(&self, moment: Instant) -> u64 {
        moment.saturating_duration_since(self.zero).as_secs()
    }

    fn checksum(&self, coded: &str) -> u64 {
        let mut hasher = DefaultHasher::new();
        (self.secret, coded).hash(&mut hasher);
        hasher.finish()
    }
}
