//! What is chosen when a member is started.

use std::time::Duration;

use crate::release::Release;

/// How a member is started. Its defaults are those of etcd's flags.
#[derive(Clone, Debug)]
pub struct Settings {
    /// The release to behave as.
    pub release: Release,
    /// How long a token lives after its last use (`--auth-token-ttl`); etcd takes whole seconds.
    pub token_ttl: Duration,
    /// The most comparisons, or operations, in one level of a transaction (`--max-txn-ops`).
    pub max_txn_operations: usize,
    /// The largest request, bytes (`--max-request-bytes`).
    pub max_request_bytes: usize,
}

impl Settings {
    /// A member of `release` with every flag at its default.
    pub const fn of(release: Release) -> Self {
        Self {
            release,
            token_ttl: Duration::from_secs(300),
            max_txn_operations: 128,
            max_request_bytes: 1536 * 1024,
        }
    }
}
