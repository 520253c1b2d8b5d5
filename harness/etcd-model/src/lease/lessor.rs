//! Which leases there are, and when each ends.

use std::collections::BTreeSet;

use tokio::time::Instant;

/// The leases of one member.
#[derive(Debug, Default)]
pub struct Lessor {
    leases: BTreeSet<i64>,
}

impl Lessor {
    /// Whether there is a lease of that id now. A put that names another is refused.
    pub fn exists(&self, lease: i64) -> bool {
        self.leases.contains(&lease)
    }

    /// When the next lease ends, if there is one.
    pub fn due(&self) -> Option<Instant> {
        None
    }
}
