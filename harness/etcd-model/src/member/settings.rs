//! What is chosen when a member is started.

use std::time::Duration;

use crate::{
    auth::TokenKind,
    release::Release,
    time::{Pace, Phases, Seed},
};

/// How a member is started. Its defaults are those of etcd's flags.
#[derive(Clone, Debug)]
pub struct Settings {
    /// The release to behave as.
    pub release: Release,
    /// Which kind of token it issues (`--auth-token`).
    pub token_kind: TokenKind,
    /// How long a token lives (`--auth-token-ttl`, and `ttl` of `--auth-token jwt`): a simple one after its last use,
    /// a signed one after its login. etcd takes whole seconds, and the default for 0.
    pub token_ttl: Duration,
    /// The most comparisons, or operations, in one level of a transaction (`--max-txn-ops`).
    pub max_txn_operations: usize,
    /// The largest request, bytes (`--max-request-bytes`).
    pub max_request_bytes: usize,
    /// The size up to which the backend may grow, bytes (`--quota-backend-bytes`); [`None`]: without a limit.
    pub quota_bytes: Option<u64>,
    /// How long a watch that asked for it goes without an event before it is told how far it is
    /// (`--watch-progress-notify-interval`); a tenth at most is added by chance.
    pub progress_interval: Duration,
    /// How long a request takes.
    pub pace: Pace,
    /// What settles everything a real etcd leaves to chance.
    pub seed: Seed,
    /// What the letters of tokens are drawn from: the seed, unless set. Much of what a seed settles can be seen without a
    /// login, and tells the seed.
    pub token_seed: Seed,
    /// When the member's rounds fall: as the seed has them, unless set.
    pub phases: Phases,
}

impl Settings {
    /// How long a token lives unless set otherwise.
    pub const DEFAULT_TOKEN_TTL: Duration = Duration::from_secs(300);

    /// How large the backend may grow unless set otherwise. Source: etcd v3.7.3 server/storage/quota.go,
    /// `DefaultQuotaBytes`.
    pub const DEFAULT_QUOTA_BYTES: u64 = 2 * 1024 * 1024 * 1024;

    /// A member of `release` with every flag at its default.
    pub fn of(release: Release) -> Self {
        Self {
            release,
            token_kind: TokenKind::Simple,
            token_ttl: Self::DEFAULT_TOKEN_TTL,
            max_txn_operations: 128,
            max_request_bytes: 1536 * 1024,
            quota_bytes: Some(Self::DEFAULT_QUOTA_BYTES),
            progress_interval: Duration::from_secs(600),
            pace: Pace::Real,
            seed: Seed::default(),
            token_seed: Seed::default(),
            phases: Phases::drawn(Seed::default()),
        }
    }

    /// The same, with everything left to chance as `seed` settles it.
    #[must_use]
    pub fn seeded(self, seed: Seed) -> Self {
        Self { seed, token_seed: seed, phases: Phases::drawn(seed), ..self }
    }

    /// The largest message, bytes: a request and what the server grants on top. Source: etcd v3.5.5
    /// server/etcdserver/api/v3rpc/grpc.go, `grpcOverheadBytes`.
    pub const fn max_message_bytes(&self) -> usize {
        self.max_request_bytes + 512 * 1024
    }
}
