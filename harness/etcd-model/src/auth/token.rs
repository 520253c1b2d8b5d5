//! The tokens of a member, of the kind it issues.

use tokio::time::Instant;

use super::{
    Caller,
    signed_token::{Ends, SignedTokens},
    simple_token::{self, SimpleTokens},
};
use crate::{
    member::{Ending, Settings},
    release::Fact,
    time::{Choice, Round},
};

/// Which kind of token a member issues (`--auth-token`).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum TokenKind {
    /// A random name for a login that the member remembers; it lives on with every use (`simple`).
    #[default]
    Simple,
    /// One that carries its user, its end and the revision of the users and roles; its time is never prolonged, and
    /// any change of users and roles makes it stale (`jwt`).
    Signed,
}

/// The tokens themselves.
#[derive(Debug)]
pub(super) enum Tokens {
    Simple(SimpleTokens),
    Signed(SignedTokens),
}

impl Tokens {
    /// None yet, on a member that starts at `now`.
    pub(super) fn new(settings: &Settings, now: Instant) -> Self {
        // Source: etcd v3.5.5 server/auth/simple_token.go, `simpleTokenTTLDefault`, and options.go, `DefaultTTL`.
        let ttl = match settings.token_ttl {
            ttl if ttl.is_zero() => Settings::DEFAULT_TOKEN_TTL,
            ttl => ttl,
        };
        let mut letters = settings.token_seed.draws(Choice::TokenLetters);
        match settings.token_kind {
            TokenKind::Simple => {
                Self::Simple(SimpleTokens::new(ttl, settings.phases.beat(Round::TokenSweep, now), letters))
            }
            TokenKind::Signed => {
                let ends = if settings.release.holds(Fact::SignedTokenEndsWithItsSecond) {
                    Ends::WithItsSecond
                } else {
                    Ends::AfterItsSecond
                };
                // Where in a second the member starts is as free as where its sweeps fall.
                let zero = now.checked_sub(settings.phases.token_sweep).unwrap_or(now);
                Self::Signed(SignedTokens::new(ttl, zero, letters.next(), ends))
            }
        }
    }

    /// A new token for `user`, whose login is the proposal of number `index`, at `revision` of the users and roles.
    pub(super) fn assign(&mut self, user: &str, index: u64, revision: u64, now: Instant) -> String {
        match self {
            Self::Simple(tokens) => tokens.assign(user, index, now),
            Self::Signed(tokens) => tokens.assign(user, revision, now),
        }
    }

    /// Who shows a token, if it is good. One that does not say which revision it is of is of the present one.
    pub(super) fn caller(&mut self, token: &str, revision: u64, now: Instant) -> Option<Caller> {
        match self {
            Self::Simple(tokens) => Some(Caller { user: tokens.user_of(token, now)?, revision }),
            Self::Signed(tokens) => tokens.caller(token, now),
        }
    }

    /// The number of the proposal that a token says it was issued by, if its kind says so.
    pub(super) fn index_of(&self, token: &str) -> Option<u64> {
        match self {
            Self::Simple(_) => simple_token::index_of(token),
            Self::Signed(_) => None,
        }
    }

    /// Takes back all tokens of `user`, if this kind can be taken back.
    pub(super) fn drop_user(&mut self, user: &str) {
        match self {
            Self::Simple(tokens) => tokens.drop_user(user),
            Self::Signed(_) => {}
        }
    }

    /// Takes back all tokens, if this kind can be taken back.
    pub(super) fn drop_all(&mut self) {
        match self {
            Self::Simple(tokens) => tokens.drop_all(),
            Self::Signed(_) => {}
        }
    }

    /// Takes note that something was written.
    pub(super) fn written(&mut self, now: Instant) {
        match self {
            Self::Simple(tokens) => tokens.written(now),
            Self::Signed(_) => {}
        }
    }

    /// What is left of them after the member's process ended so and was started again at `now`.
    pub(super) fn restart(&mut self, settings: &Settings, ending: Ending, now: Instant) {
        match (self, ending) {
            (Self::Signed(_), _) => {}
            (Self::Simple(tokens), Ending::Graceful) => {
                tokens.restart(settings.phases.beat(Round::TokenSweep, now));
            }
            (Self::Simple(tokens), Ending::Killed) => {
                tokens.replay(settings.phases.beat(Round::TokenSweep, now), now);
            }
        }
    }

    /// Does what a sweep would have done while the member's process stood still, from `since` to `now`.
    pub(super) fn resume(&mut self, since: Instant, now: Instant) {
        match self {
            Self::Simple(tokens) => tokens.resume(since, now),
            Self::Signed(_) => {}
        }
    }

    /// When they next change of themselves.
    pub(super) fn due(&self) -> Option<Instant> {
        match self {
            Self::Simple(tokens) => tokens.due(),
            Self::Signed(_) => None,
        }
    }

    pub(super) fn advance(&mut self, now: Instant) {
        match self {
            Self::Simple(tokens) => tokens.advance(now),
            Self::Signed(_) => {}
        }
    }
}
