//! The faults that act on a wire: what was inflicted, and what that means for a connection, a reply, a piece.
//!
//! The wire inflicts; listeners ask about new connections, relays about what they read. All decisions are made
//! here, and nothing is done.

use std::{
    collections::BTreeMap,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use tokio::{sync::oneshot, time::Instant};

use super::{
    fault::Fault,
    link::{Condition, Fate, Link},
};
use crate::scenario::{BlackHole, Delay, HoldRequests, Instead, LoseReplies, RESERVED_CLIENT, Reach};

/// The faults of one wire, shared by all its connections.
#[derive(Debug, Default)]
pub(super) struct Faults {
    /// Whether a fault was ever inflicted that acts on what is read: without one nobody waits for the lock.
    acting: AtomicBool,
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    acting: Acting,
    /// The open connections by number.
    connections: BTreeMap<u64, Connection>,
    next_number: u64,
    /// Tells those that hold requests back to let them go, in the order in which they were held.
    held: Vec<oneshot::Sender<()>>,
}

/// An open connection: whose it is, to which member, and what becomes of it.
#[derive(Debug)]
struct Connection {
    client: String,
    member: usize,
    fate: Arc<Fate>,
}

impl Faults {
    /// From now on this acts too; what it makes of connections it makes of those to that member, or to any.
    pub(super) fn inflict(&self, fault: Fault, member: Option<usize>, now: Instant) {
        let mut state = self.state();
        match &fault {
            Fault::DropConnections(reach) => state.worsen(reach, member, Condition::Cut),
            Fault::BlackHole(BlackHole { reach, .. }) => state.worsen(reach, member, Condition::Silenced),
            Fault::LoseReplies(_) | Fault::HoldRequests(_) | Fault::Delay(_) => {
                self.acting.store(true, Ordering::Release)
            }
        }
        state.acting.add(fault, member, now);
    }

    /// A connection that has just been opened; in a black hole it is silenced from the start.
    pub(super) fn connect(self: &Arc<Self>, client: &str, member: usize, now: Instant) -> Link {
        let mut state = self.state();
        let fate = Arc::new(Fate::new(state.acting.new_connection(client, member, now)));
        let number = state.next_number;
        state.next_number += 1;
        let connection = Connection { client: client.to_owned(), member, fate: Arc::clone(&fate) };
        state.connections.insert(number, connection);
        Link::new(client.to_owned(), number, fate, Arc::clone(self))
    }

    /// A connection has ended.
    pub(super) fn forget(&self, number: u64) {
        self.state().connections.remove(&number);
    }

    /// Whether any fault acts on what is read.
    pub(super) fn acting(&self) -> bool {
        self.acting.load(Ordering::Acquire)
    }

    /// How much later that arrives which the server has just sent to this client.
    pub(super) fn lateness(&self, client: &str) -> Duration {
        if self.acting() { self.state().acting.lateness(client, Instant::now()) } else { Duration::ZERO }
    }

    /// Whether the reply to this call is lost, and what comes instead. It counts as lost then.
    pub(super) fn lose_reply(&self, client: &str, method: &str) -> Option<Instead> {
        self.state().acting.lose_reply(client, method)
    }

    /// Whether this request is held back. It counts as held then.
    pub(super) fn hold_request(&self, client: &str, method: &str) -> bool {
        self.state().acting.hold_request(client, method)
    }

    /// Comes when what is held back from now on shall go on; an error when it never shall.
    pub(super) fn release_later(&self) -> oneshot::Receiver<()> {
        let (release, released) = oneshot::channel();
        self.state().held.push(release);
        released
    }

    /// Lets all that is held back go on.
    pub(super) fn release(&self) {
        for release in std::mem::take(&mut self.state().held) {
            // Whoever held it may be gone, and the request with him.
            let _ = release.send(());
        }
    }

    /// From now on nothing acts any more; what is held back never goes on. Says what was to hit something and has not,
    /// with how often it still would.
    pub(super) fn end(&self) -> Vec<Fault> {
        let mut state = self.state();
        state.held.clear();
        std::mem::take(&mut state.acting).unspent()
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    fn worsen(&self, reach: &Reach, at: Option<usize>, to: Condition) {
        for Connection { client, member, fate } in self.connections.values() {
            if reaches(reach, client) && is_at(at, *member) {
                fate.worsen(to);
            }
        }
    }
}

/// What was inflicted and is not over in an instant.
#[derive(Debug, Default)]
struct Acting {
    /// Each with the member that it hides, where it is one, and its end.
    holes: Vec<(BlackHole, Option<usize>, Instant)>,
    losses: Vec<LoseReplies>,
    holds: Vec<HoldRequests>,
    delays: Vec<(Delay, Instant)>,
}

impl Acting {
    fn add(&mut self, fault: Fault, member: Option<usize>, now: Instant) {
        match fault {
            Fault::DropConnections(_) => {}
            Fault::BlackHole(hole) => {
                let end = now + hole.length;
                self.holes.push((hole, member, end));
            }
            Fault::LoseReplies(loss) => self.losses.push(loss),
            Fault::HoldRequests(hold) => self.holds.push(hold),
            Fault::Delay(delay) => {
                let end = now + delay.length;
                self.delays.push((delay, end));
            }
        }
    }

    fn new_connection(&self, client: &str, member: usize, now: Instant) -> Condition {
        let swallows = |(hole, at, end): &(BlackHole, Option<usize>, Instant)| {
            now < *end && reaches(&hole.reach, client) && is_at(*at, member)
        };
        let swallowed = self.holes.iter().any(swallows);
        if swallowed { Condition::Silenced } else { Condition::Open }
    }

    fn lateness(&self, client: &str, now: Instant) -> Duration {
        self.delays
            .iter()
            .filter(|(delay, end)| now < *end && reaches(&delay.reach, client))
            .map(|(delay, _)| delay.by)
            .sum()
    }

    fn lose_reply(&mut self, client: &str, method: &str) -> Option<Instead> {
        let loss = self
            .losses
            .iter_mut()
            .find(|loss| loss.count > 0 && loss.method.path() == method && reaches(&loss.reach, client))?;
        loss.count -= 1;
        Some(loss.instead)
    }

    fn hold_request(&mut self, client: &str, method: &str) -> bool {
        let hold = self
            .holds
            .iter_mut()
            .find(|hold| hold.count > 0 && hold.method.path() == method && reaches(&hold.reach, client));
        let Some(hold) = hold else { return false };
        hold.count -= 1;
        true
    }

    fn unspent(self) -> Vec<Fault> {
        let losses = self.losses.into_iter().filter(|loss| loss.count > 0).map(Fault::LoseReplies);
        let holds = self.holds.into_iter().filter(|hold| hold.count > 0).map(Fault::HoldRequests);
        losses.chain(holds).collect()
    }
}

/// Whether a fault at that member, or at any, is at this one.
fn is_at(at: Option<usize>, member: usize) -> bool {
    at.is_none_or(|at| at == member)
}

/// Whether that reaches the connections of this client.
fn reaches(reach: &Reach, client: &str) -> bool {
    let named = match reach {
        Reach::All => true,
        Reach::Client(name) => name == client,
    };
    named && !client.starts_with(RESERVED_CLIENT)
}

#[cfg(test)]
#[path = "faults_tests.rs"]
mod tests;
