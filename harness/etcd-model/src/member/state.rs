//! The state of one member.

use tokio::time::Instant;

use super::{Settings, space::Space};
use crate::{
    auth::Authority,
    lease::Lessor,
    mvcc::{Applied, Store},
    watch::Hub,
};

/// How many proposals a member has applied that has just formed its cluster. Seen on 3.5.5.
pub(super) const FIRST_INDEX: u64 = 4;

/// Its term. Seen on 3.4.23 to 3.7.3.
pub(super) const FIRST_TERM: u64 = 2;

/// Where other members find one that was not told otherwise. Source: etcd v3.5.5 server/embed/config.go,
/// `DefaultInitialAdvertisePeerURLs`.
pub(super) fn peer_urls() -> Vec<String> {
    vec!["http://localhost:2380".to_owned()]
}

/// One member, alone in its cluster. It never sleeps and asks no clock: whoever calls it says what time it is.
#[derive(Debug)]
pub struct Member {
    pub(crate) settings: Settings,
    /// 2 on a fresh single member, one more after each restart.
    pub(crate) raft_term: u64,
    /// How many proposals have been applied.
    pub(crate) raft_index: u64,
    pub(crate) store: Store,
    pub(crate) lessor: Lessor,
    pub(crate) authority: Authority,
    pub(crate) hub: Hub,
    pub(crate) space: Space,
    /// Where clients are told to find it; empty if it is on no port.
    pub(crate) client_urls: Vec<String>,
    /// Where other members would find it.
    pub(crate) peer_urls: Vec<String>,
}

impl Member {
    /// A member that has started at `now`, with nothing in it.
    pub fn new(settings: Settings, now: Instant) -> Self {
        Self {
            raft_term: FIRST_TERM,
            raft_index: FIRST_INDEX,
            store: Store::new(settings.release),
            lessor: Lessor::new(&settings, now),
            authority: Authority::new(&settings, now),
            hub: Hub::new(&settings, FIRST_TERM, now),
            space: Space::new(&settings, now),
            client_urls: Vec::new(),
            peer_urls: peer_urls(),
            settings,
        }
    }

    /// When the member next has something to do of itself, if ever.
    pub fn due(&self) -> Option<Instant> {
        [self.authority.due(), self.lessor.due(), self.hub.due()].into_iter().flatten().min()
    }

    /// Does whatever is due at `now`.
    pub fn advance(&mut self, now: Instant) {
        self.authority.advance(now);
        self.end_leases(now);
        self.hub.advance(&self.store, now);
    }

    /// Deletes the keys of a lease that has ended, all in one revision, or in none if it has no keys.
    pub fn delete_keys_of(&mut self, lease: i64, now: Instant) {
        let keys = self.store.lease_keys(lease);
        if let Some(applied) = self.store.delete_keys(&keys) {
            self.tell(&applied, now);
        }
    }

    /// Tells the watches of a revision, and takes note of its size. Whoever writes to the store does this before letting go of the lock.
    pub(crate) fn tell(&mut self, applied: &Applied, now: Instant) {
        self.note_size(now);
        self.hub.applied(applied, &self.store);
    }
}
