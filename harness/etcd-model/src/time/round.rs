//! What the member does again and again, and when that falls.

use std::{fmt, time::Duration};

use tokio::time::Instant;

use super::{Beat, Choice, Seed};

/// Something that etcd does in rounds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Round {
    /// Dropping tokens whose time is over. Source: etcd v3.5.5 server/auth/simple_token.go,
    /// `simpleTokenTTLResolution`.
    TokenSweep,
    /// Catching up watches that lie behind. Source: etcd v3.5.5 server/mvcc/watchable_store.go, `syncWatchersLoop`.
    WatchSync,
    /// Ending leases whose time is over. Source: etcd v3.5.5 server/lease/lessor.go, `runLoop`.
    LeaseCheck,
    /// Committing what was written to the backend, which then knows how large it is. Source: etcd v3.5.5
    /// server/mvcc/backend/backend.go, `defaultBatchInterval`.
    BackendCommit,
}

impl Round {
    /// How much time lies between two rounds.
    pub const fn period(self) -> Duration {
        match self {
            Self::TokenSweep => Duration::from_secs(1),
            Self::WatchSync | Self::BackendCommit => Duration::from_millis(100),
            Self::LeaseCheck => Duration::from_millis(500),
        }
    }
}

/// When the first round of each kind falls, counted from the member's start. Real etcds leave that to chance.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Phases {
    /// Of [`Round::TokenSweep`].
    pub token_sweep: Duration,
    /// Of [`Round::WatchSync`].
    pub watch_sync: Duration,
    /// Of [`Round::LeaseCheck`].
    pub lease_check: Duration,
    /// Of [`Round::BackendCommit`].
    pub backend_commit: Duration,
}

impl Phases {
    /// The phases that a seed stands for.
    pub fn drawn(seed: Seed) -> Self {
        let mut draws = seed.draws(Choice::Phases);
        Self {
            token_sweep: draws.time_below(Round::TokenSweep.period()),
            watch_sync: draws.time_below(Round::WatchSync.period()),
            lease_check: draws.time_below(Round::LeaseCheck.period()),
            backend_commit: draws.time_below(Round::BackendCommit.period()),
        }
    }

    /// When the rounds of a kind fall, for a member that started at `start`.
    pub fn beat(&self, round: Round, start: Instant) -> Beat {
        let phase = match round {
            Round::TokenSweep => self.token_sweep,
            Round::WatchSync => self.watch_sync,
            Round::LeaseCheck => self.lease_check,
            Round::BackendCommit => self.backend_commit,
        };
        Beat::new(start, phase, round.period())
    }
}

impl fmt::Display for Phases {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { token_sweep, watch_sync, lease_check, backend_commit } = self;
        write!(
            f,
            "token sweep at {token_sweep:?}, watch sync at {watch_sync:?}, lease check at {lease_check:?}, \
             backend commit at {backend_commit:?}"
        )
    }
}
