//! A process that is stopped where it stands, as by SIGSTOP.

use std::{
    future::{Future, poll_fn},
    pin::pin,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    task::{Poll, Waker},
};

use tokio::time::Instant;

/// Whether a process stands still. Cheap to clone; all clones are of the same process.
///
/// Its tasks are run under it, and while it stands still, none of them gets on: nothing is read, nothing answered,
/// nothing done when it falls due. What they were waiting for goes on happening around them, and they find it when the
/// process goes on.
#[derive(Clone, Debug, Default)]
pub(crate) struct Standstill {
    state: Arc<Mutex<State>>,
}

#[derive(Debug, Default)]
struct State {
    /// Since when it stands still; `None`: it goes on.
    since: Option<Instant>,
    /// The tasks that would have got on.
    held: Vec<Waker>,
}

impl Standstill {
    /// The process stands still from `now` on. Does nothing if it does already.
    pub(crate) fn begin(&self, now: Instant) {
        self.lock().since.get_or_insert(now);
    }

    /// Since when it has stood still, if it does.
    pub(crate) fn since(&self) -> Option<Instant> {
        self.lock().since
    }

    /// The process goes on.
    pub(crate) fn end(&self) {
        let held = {
            let mut state = self.lock();
            state.since = None;
            std::mem::take(&mut state.held)
        };
        held.into_iter().for_each(Waker::wake);
    }

    /// Runs a task of the process. Cancel-safe if the task is.
    pub(crate) async fn over<T>(self, task: impl Future<Output = T>) -> T {
        let mut task = pin!(task);
        poll_fn(|context| {
            {
                let mut state = self.lock();
                if state.since.is_some() {
                    if !state.held.iter().any(|held| held.will_wake(context.waker())) {
                        state.held.push(context.waker().clone());
                    }
                    return Poll::Pending;
                }
            }
            task.as_mut().poll(context)
        })
        .await
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        // Each holder changes one thing: it is whole whatever happened to the holder.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used)]
mod tests {
    use std::time::Duration;

    use tokio::time::sleep;

    use super::*;

    #[tokio::test(start_paused = true)]
    async fn what_falls_due_during_a_standstill_is_done_when_it_ends() {
        let standstill = Standstill::default();
        let start = Instant::now();
        let task = tokio::spawn(standstill.clone().over(async {
            sleep(Duration::from_secs(1)).await;
            Instant::now()
        }));
        tokio::task::yield_now().await;
        standstill.begin(Instant::now());
        sleep(Duration::from_secs(5)).await;
        assert!(!task.is_finished());
        standstill.end();
        assert_eq!(task.await.unwrap() - start, Duration::from_secs(5));
    }

    #[tokio::test(start_paused = true)]
    async fn what_falls_due_after_a_standstill_is_done_in_time() {
        let standstill = Standstill::default();
        let start = Instant::now();
        let task = tokio::spawn(standstill.clone().over(async {
            sleep(Duration::from_secs(9)).await;
            Instant::now()
        }));
        tokio::task::yield_now().await;
        standstill.begin(Instant::now());
        sleep(Duration::from_secs(5)).await;
        standstill.end();
        assert_eq!(task.await.unwrap() - start, Duration::from_secs(9));
    }
}
