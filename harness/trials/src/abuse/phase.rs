//! How far a run is, for all who take part in it.

use std::sync::{Mutex, MutexGuard, PoisonError};

use tokio::sync::Notify;

/// How far the run is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Phase {
    /// Items are enqueued and taken, and things go wrong.
    Work,
    /// Each consumer takes one probe.
    Probe,
    /// Nobody calls any more.
    Over,
}

/// The phase of one run, and who has left the work behind.
///
/// Whoever waits is woken in the order in which they came: tokio's `watch` and `Barrier` wake in an order of their own,
/// another one each time, and a seed has to repeat everything.
#[derive(Debug)]
pub struct Phases {
    state: Mutex<State>,
    changed: Notify,
}

#[derive(Clone, Copy, Debug)]
struct State {
    phase: Phase,
    done_with_work: usize,
}

impl Phases {
    /// Those of a run that begins.
    pub const fn new() -> Self {
        let state = State { phase: Phase::Work, done_with_work: 0 };
        Self { state: Mutex::new(state), changed: Notify::const_new() }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The phase now.
    pub fn now(&self) -> Phase {
        self.state().phase
    }

    /// From now on it is this one.
    pub fn enter(&self, phase: Phase) {
        self.state().phase = phase;
        self.changed.notify_waiters();
    }

    /// Waits until it is another one than this.
    ///
    /// # Cancel safety
    /// Dropping the future has no effect.
    pub async fn after(&self, phase: Phase) {
        self.until(|state| state.phase != phase).await;
    }

    /// A consumer has no call of the work open any more.
    pub fn done_with_work(&self) {
        self.state().done_with_work += 1;
        self.changed.notify_waiters();
    }

    /// Waits until so many consumers have none.
    ///
    /// # Cancel safety
    /// Dropping the future has no effect.
    pub async fn all_done_with_work(&self, consumers: usize) {
        self.until(|state| state.done_with_work >= consumers).await;
    }

    async fn until(&self, is_so: impl Fn(&State) -> bool) {
        loop {
            let change = self.changed.notified();
            tokio::pin!(change);
            // From here on it hears of a change, before it looks.
            change.as_mut().enable();
            if is_so(&self.state()) {
                return;
            }
            change.await;
        }
    }
}
