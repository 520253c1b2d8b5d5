//! The harness's own producer: writes items one after the other, so that their commit order is their order.

use tokio::{sync::mpsc, task::JoinSet};

use super::harness_client::HarnessClient;
use crate::history::{Acceptance, Happening};

/// A task that writes items. A write that takes long holds up the writes behind it, and nothing else.
#[derive(Debug)]
pub(super) struct Producer {
    orders: mpsc::UnboundedSender<Order>,
    /// What the producer did, as events to be written down.
    pub(super) news: mpsc::UnboundedReceiver<Happening>,
    /// Ends the task when the producer is dropped.
    _task: JoinSet<()>,
}

/// An item to be written.
#[derive(Debug)]
struct Order {
    prefix: String,
    item: String,
}

impl Producer {
    pub(super) fn start(client: HarnessClient) -> Self {
        let (orders, mut incoming) = mpsc::unbounded_channel::<Order>();
        let (news_out, news) = mpsc::unbounded_channel();
        let mut task = JoinSet::new();
        task.spawn(async move {
            while let Some(Order { prefix, item }) = incoming.recv().await {
                let _ = news_out.send(Happening::EnqueueBegan { item: item.clone(), prefix: prefix.clone() });
                let acceptance = match client.enqueue(&prefix, std::slice::from_ref(&item)).await {
                    Ok(()) => Acceptance::Acknowledged,
                    Err(error) => Acceptance::Unknown(error),
                };
                let _ = news_out.send(Happening::EnqueueEnded { item, acceptance });
            }
        });
        Self { orders, news, _task: task }
    }

    /// Has the items written in this order, after all that were asked for before.
    pub(super) fn enqueue(&self, prefix: &str, items: &[String]) {
        for item in items {
            let _ = self.orders.send(Order { prefix: prefix.to_owned(), item: item.clone() });
        }
    }
}
