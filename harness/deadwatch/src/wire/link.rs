//! One connection as the network's faults know it: whose it is, and what has become of it.

use std::{
    future::poll_fn,
    sync::{Arc, Mutex, PoisonError},
    task::{Poll, Waker},
    time::Duration,
};

use tokio::sync::oneshot;

use super::{faults::Faults, frames::Side};
use crate::scenario::Instead;

/// What has become of a connection. It only ever gets worse.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Condition {
    /// It carries what it is given.
    Open,
    /// It carries nothing, and is not closed.
    Silenced,
    /// It is to be reset.
    Cut,
}

/// The condition of one connection, shared by the wire, which makes it worse, and the connection's relay.
#[derive(Debug)]
pub(super) struct Fate(Mutex<(Condition, Option<Waker>)>);

impl Fate {
    /// For a connection in this condition.
    pub(super) const fn new(condition: Condition) -> Self {
        Self(Mutex::new((condition, None)))
    }

    /// Makes it as bad as that, if it is not worse already.
    pub(super) fn worsen(&self, to: Condition) {
        let waker = {
            let mut fate = self.0.lock().unwrap_or_else(PoisonError::into_inner);
            if fate.0 >= to {
                return;
            }
            fate.0 = to;
            fate.1.take()
        };
        if let Some(waker) = waker {
            waker.wake();
        }
    }

    fn condition(&self) -> Condition {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).0
    }

    /// Waits until it is worse than that.
    ///
    /// A relay polls this whenever it is polled itself, so that it costs no more than an idle lock.
    async fn worse_than(&self, bearable: Condition) -> Condition {
        poll_fn(|context| {
            let mut fate = self.0.lock().unwrap_or_else(PoisonError::into_inner);
            if fate.0 > bearable {
                return Poll::Ready(fate.0);
            }
            if !fate.1.as_ref().is_some_and(|waker| waker.will_wake(context.waker())) {
                fate.1 = Some(context.waker().clone());
            }
            Poll::Pending
        })
        .await
    }
}

/// One connection of one client: what its relay asks about the faults that act on it.
#[derive(Debug)]
pub(super) struct Link {
    client: String,
    number: u64,
    fate: Arc<Fate>,
    faults: Arc<Faults>,
}

impl Link {
    /// The connection that the faults know under this number; dropping it makes them forget it.
    pub(super) const fn new(client: String, number: u64, fate: Arc<Fate>, faults: Arc<Faults>) -> Self {
        Self { client, number, fate, faults }
    }

    /// What has become of it by now.
    pub(super) fn condition(&self) -> Condition {
        self.fate.condition()
    }

    /// Waits until it is worse than that, and says what it is then.
    ///
    /// # Cancel safety
    /// Dropped half-way, nothing has happened.
    pub(super) async fn worse_than(&self, bearable: Condition) -> Condition {
        self.fate.worse_than(bearable).await
    }

    /// How much later than it was sent that arrives which has just been read of that side.
    pub(super) fn lateness(&self, from: Side) -> Duration {
        match from {
            Side::Client => Duration::ZERO,
            Side::Server => self.faults.lateness(&self.client),
        }
    }

    /// Whether any fault acts on what passes: a quick answer, since it is asked for every frame.
    pub(super) fn is_acted_on(&self) -> bool {
        self.faults.acting()
    }

    /// Whether the reply to a call of this method that has just begun is lost, and what comes instead; it counts.
    pub(super) fn loses_reply(&self, method: &str) -> Option<Instead> {
        self.faults.lose_reply(&self.client, method)
    }

    /// Whether a request of this method that has just begun is held back; it counts.
    pub(super) fn holds_request(&self, method: &str) -> bool {
        self.faults.hold_request(&self.client, method)
    }

    /// Comes when what is held back on this connection from now on shall go on; an error when it never shall.
    pub(super) fn release(&self) -> oneshot::Receiver<()> {
        self.faults.release_later()
    }
}

impl Drop for Link {
    fn drop(&mut self) {
        self.faults.forget(self.number);
    }
}
