//! The tasks of one running server.

use std::{
    future::Future,
    mem,
    sync::{Arc, Mutex, MutexGuard, PoisonError, Weak},
};

use hyper::rt::Executor;
use tokio::task::JoinSet;

use crate::time::Standstill;

/// The tasks of one running server: dropping this ends them all.
#[derive(Debug)]
pub(super) struct Tasks {
    set: Arc<Mutex<JoinSet<()>>>,
    standstill: Standstill,
}

/// Adds tasks to a server that may have ended meanwhile.
#[derive(Clone, Debug)]
pub(super) struct Spawner {
    set: Weak<Mutex<JoinSet<()>>>,
    standstill: Standstill,
}

impl Tasks {
    /// None yet, of a process that may stand still.
    pub(super) fn under(standstill: Standstill) -> Self {
        Self { set: Arc::default(), standstill }
    }

    /// What adds tasks, for the tasks themselves.
    pub(super) fn spawner(&self) -> Spawner {
        Spawner { set: Arc::downgrade(&self.set), standstill: self.standstill.clone() }
    }

    /// Ends all tasks where they stand, and waits until none is left.
    pub(super) async fn end(self) {
        let mut tasks = mem::take(&mut *lock(&self.set));
        tasks.shutdown().await;
    }
}

impl Spawner {
    /// Starts a task, unless the server has ended.
    pub(super) fn spawn(&self, task: impl Future<Output = ()> + Send + 'static) {
        let Some(set) = self.set.upgrade() else { return };
        let mut tasks = lock(&set);
        // What has ended on its own is kept until somebody looks.
        while tasks.try_join_next().is_some() {}
        tasks.spawn(self.standstill.clone().over(task));
    }
}

/// So a connection's own tasks end with the server too.
impl<F: Future<Output = ()> + Send + 'static> Executor<F> for Spawner {
    fn execute(&self, task: F) {
        self.spawn(task);
    }
}

fn lock(set: &Mutex<JoinSet<()>>) -> MutexGuard<'_, JoinSet<()>> {
    // A set of tasks is whole whatever happened to who held it.
    set.lock().unwrap_or_else(PoisonError::into_inner)
}
