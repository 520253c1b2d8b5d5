//! Ending the member's process, and starting it again on what it had written down; or letting it go on where it stood.

use tokio::time::Instant;

use super::{
    Member, Settings,
    space::Space,
    state::{FIRST_INDEX, FIRST_TERM, peer_urls},
};
use crate::{auth::Accounts, lease::Leases, mvcc::Store};

/// How a member's process ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ending {
    /// It was asked to (SIGTERM): its tokens are lost, since they are in memory alone.
    Graceful,
    /// It was killed (SIGKILL): logins that it finds in its log again are good again.
    Killed,
}

/// What a member's process finds on its disk when it starts again.
#[derive(Clone, Debug)]
pub enum Data {
    /// What it left there.
    Kept,
    /// Nothing: it forms its cluster anew, under the ids it had.
    Wiped,
    /// What lay there when it was saved.
    Saved(Box<Saved>),
}

/// What a member had written down at some moment, as a copy of its data directory holds it: no token, and no watch.
#[derive(Clone, Debug)]
pub struct Saved {
    raft_term: u64,
    raft_index: u64,
    store: Store,
    leases: Leases,
    accounts: Accounts,
    space: Space,
    peer_urls: Vec<String>,
}

impl Member {
    /// What the member has written down by now.
    pub fn saved(&self) -> Saved {
        Saved {
            raft_term: self.raft_term,
            raft_index: self.raft_index,
            store: self.store.clone(),
            leases: self.lessor.saved(),
            accounts: self.authority.saved(),
            space: self.space.clone(),
            peer_urls: self.peer_urls.clone(),
        }
    }

    /// Starts again at `now`, on other data than the member left. Revisions go back, and so do the numbers of proposals
    /// that tokens name. Leases have their whole time from now on, those of a wiped member excepted: they are gone.
    pub fn restart_on(&mut self, data: Data, ending: Ending, now: Instant) {
        let ending = match data {
            Data::Kept => ending,
            Data::Wiped => {
                self.put_back(Saved::nothing(&self.settings, now));
                Ending::Graceful
            }
            Data::Saved(saved) => {
                self.put_back(*saved);
                Ending::Graceful
            }
        };
        self.restart(ending, now);
    }

    fn put_back(&mut self, saved: Saved) {
        let Saved { raft_term, raft_index, store, leases, accounts, space, peer_urls } = saved;
        (self.raft_term, self.raft_index) = (raft_term, raft_index);
        (self.store, self.space, self.peer_urls) = (store, space, peer_urls);
        self.lessor.restore(leases);
        self.authority.restore(accounts);
    }

    /// What is left of the member after its process ended and was started again at `now`: all data, one more term,
    /// and no watch. The connections are the server's to cut.
    pub fn restart(&mut self, ending: Ending, now: Instant) {
        self.raft_term += 1;
        self.hub.restart(self.raft_term);
        self.authority.restart(&self.settings, ending, now);
        self.lessor.restart(&self.settings, now);
        self.space.restart(&self.settings, now);
    }

    /// Does what would have been done while the member's process stood still, from `since` to `now`.
    ///
    /// A round that fell into that time comes now, and goes by the present time: a timer that has run out tells when it
    /// is looked at. It finds what ended after the round was due, too.
    pub fn resume(&mut self, since: Instant, now: Instant) {
        self.authority.resume(since, now);
        self.resume_leases(since, now);
        self.advance(now);
    }
}

impl Saved {
    /// What a member has that is still to start for the first time.
    fn nothing(settings: &Settings, now: Instant) -> Self {
        Self {
            // Starting counts one.
            raft_term: FIRST_TERM - 1,
            raft_index: FIRST_INDEX,
            store: Store::new(settings.release),
            leases: Leases::default(),
            accounts: Accounts::default(),
            space: Space::new(settings, now),
            peer_urls: peer_urls(),
        }
    }
}
