//! Who does the harness's own work beside the stage: one thing after the other, while the timeline goes on.

use futures::future::BoxFuture;
use tokio::{
    sync::{mpsc, oneshot},
    task::JoinSet,
};

use crate::history::{Happening, Inconclusive};

/// What is heard of the harness's own work.
pub(super) type News = Result<Happening, Inconclusive>;

/// Where the news of all stagehands arrive.
pub(super) type NewsDesk = mpsc::UnboundedSender<News>;

/// A task that does what it is told in the order in which it is told. Work that takes long holds up the work behind it,
/// and nothing else.
#[derive(Debug)]
pub(super) struct Stagehand {
    work: mpsc::UnboundedSender<BoxFuture<'static, ()>>,
    /// Ends the task when the stagehand is dropped.
    _task: JoinSet<()>,
}

impl Stagehand {
    pub(super) fn start() -> Self {
        let (work, mut orders) = mpsc::unbounded_channel::<BoxFuture<'static, ()>>();
        let mut task = JoinSet::new();
        task.spawn(async move {
            while let Some(order) = orders.recv().await {
                order.await;
            }
        });
        Self { work, _task: task }
    }

    /// Has this done after all that was ordered before.
    pub(super) fn order(&self, work: impl Future<Output = ()> + Send + 'static) {
        let _ = self.work.send(Box::pin(work));
    }

    /// Comes when all that was ordered before is done.
    pub(super) fn caught_up(&self) -> oneshot::Receiver<()> {
        let (done, awaited) = oneshot::channel();
        self.order(async move {
            let _ = done.send(());
        });
        awaited
    }
}
