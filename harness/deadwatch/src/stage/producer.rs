//! The harness's own producers: each writes items one after the other, so that their commit order is their order.

use tokio::task::JoinSet;

use super::{
    act::not_carried_out,
    harness_client::{HarnessClient, Unserved},
    harness_queue::{Layout, filled},
    stagehand::{NewsDesk, Stagehand},
};
use crate::{
    history::{Acceptance, Happening},
    scenario::{Enqueue, Refusal},
};

/// One producer for all that is written one after the other, and more for a step that wants several at once.
#[derive(Debug)]
pub(super) struct Producer {
    client: HarnessClient,
    desk: NewsDesk,
    first: Stagehand,
    /// Ended when the producer is dropped.
    others: JoinSet<()>,
}

impl Producer {
    pub(super) fn start(client: HarnessClient, desk: NewsDesk) -> Self {
        Self { client, desk, first: Stagehand::start(), others: JoinSet::new() }
    }

    /// Has the items written, after all that were asked for before; by several producers, each its share.
    pub(super) fn enqueue(&mut self, step: usize, layout: Layout, enqueue: &Enqueue, refusal: Refusal) {
        let Enqueue { values, prefix, bytes, producers, .. } = enqueue;
        for share in shares(values, *producers) {
            let (client, desk) = (self.client.clone(), self.desk.clone());
            let order = Order { step, layout, prefix: prefix.clone(), bytes: *bytes, refusal };
            let writing = write(client, desk, order, share);
            if *producers <= 1 {
                self.first.order(writing);
            } else {
                self.others.spawn(writing);
            }
        }
    }
}

/// How items are written, and for which step.
struct Order {
    step: usize,
    layout: Layout,
    prefix: String,
    bytes: usize,
    refusal: Refusal,
}

/// Writes the items, one after the other.
async fn write(client: HarnessClient, desk: NewsDesk, order: Order, items: Vec<String>) {
    let Order { step, layout, prefix, bytes, refusal } = order;
    for item in items {
        let _ = desk.send(Ok(Happening::EnqueueBegan { item: item.clone(), prefix: prefix.clone() }));
        let answer = client.store(layout, &prefix, &[filled(&item, bytes)]).await;
        if let (Err(why @ Unserved::Refused(_)), Refusal::Unwanted) = (&answer, refusal) {
            let _ = desk.send(Err(not_carried_out(step, why)));
            return;
        }
        let acceptance = match answer {
            Ok(()) => Acceptance::Acknowledged,
            // Also where it was refused: a full etcd says so after it has stored the item.
            Err(why) => Acceptance::Unknown(why.into()),
        };
        let _ = desk.send(Ok(Happening::EnqueueEnded { item, acceptance }));
    }
}

/// The items dealt out in turn, as cards are; no share is empty.
pub(super) fn shares(items: &[String], producers: usize) -> Vec<Vec<String>> {
    let producers = producers.clamp(1, items.len().max(1));
    (0..producers).map(|producer| items.iter().skip(producer).step_by(producers).cloned().collect()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn items_are_dealt_out_in_turn_and_nobody_goes_without() {
        let items: Vec<String> = ["a", "b", "c"].map(str::to_owned).into();
        assert_eq!(shares(&items, 2), [vec!["a".to_owned(), "c".to_owned()], vec!["b".to_owned()]]);
        assert_eq!(shares(&items, 5).len(), 3);
        assert_eq!(shares(&items, 1), [items]);
    }
}
