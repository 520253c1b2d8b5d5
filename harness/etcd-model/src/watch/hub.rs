//! All watches of one member.

use tokio::time::Instant;

use crate::mvcc::{Applied, Store};

/// The watches of one member, over all its streams.
#[derive(Debug, Default)]
pub struct Hub {}

impl Hub {
    /// Takes note of a revision. Called once for each, in order, right after the store applied it.
    pub fn applied(&mut self, applied: &Applied, store: &Store) {
        let _ = (applied, store);
    }

    /// When watches that lag behind are next caught up, if there are any.
    pub fn due(&self) -> Option<Instant> {
        None
    }
}
