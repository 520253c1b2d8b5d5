//! Callers that give up, at any moment.

use std::time::Duration;

use futures::{FutureExt, StreamExt};
use tokio::task::yield_now;
use tokio::time::sleep;

use crate::dice::Dice;
use crate::etcd::{Etcd, stored};
use crate::{next_text, open, settle, text};

const ITEMS: usize = 2_000;

#[tokio::test(start_paused = true)]
async fn calls_that_are_dropped_lose_nothing_and_change_no_order() {
    let etcd = Etcd::start("3.5.16");
    let (producer, queue) = (open(&etcd.client().await, "/test"), open(&etcd.client().await, "/test"));
    tokio::spawn(async move {
        for n in 0..ITEMS / 4 {
            producer.enqueue_all((0..4).map(|part| (4 * n + part).to_string())).await.unwrap();
        }
    });
    let mut dice = Dice::of(1);
    let (mut taken, mut drops) = (Vec::new(), 0);
    while taken.len() < ITEMS {
        let patience = dice.below(40);
        let give_up = async {
            match patience {
                0 => sleep(Duration::from_millis(1)).await,
                turns => {
                    for _ in 0..turns {
                        yield_now().await;
                    }
                }
            }
        };
        let many = usize::try_from(1 + dice.below(5)).unwrap();
        tokio::select! {
            biased;
            () = give_up => drops += 1,
            items = queue.next_batch(many) => taken.extend(items.unwrap().iter().map(text)),
        }
    }
    assert_eq!(taken, (0..ITEMS).map(|n| n.to_string()).collect::<Vec<_>>());
    assert!(drops >= 2 * ITEMS, "only {drops} calls were dropped");
}

#[tokio::test(start_paused = true)]
async fn an_enqueue_that_is_dropped_before_its_turn_stores_nothing_and_later_ones_come_in_order() {
    let etcd = Etcd::start("3.5.16");
    let mut client = etcd.client().await;
    let queue = open(&client, "/test");
    let first = tokio::spawn({
        let queue = queue.clone();
        async move { queue.enqueue("first").await }
    });
    // The producer has sent the first one, and has not been answered.
    yield_now().await;
    assert!(queue.enqueue("given up").now_or_never().is_none());
    queue.enqueue("last").await.unwrap();
    first.await.unwrap().unwrap();
    assert_eq!(stored(&mut client, "/test/").await, 2);
    assert_eq!([next_text(&queue).await, next_text(&queue).await], ["first", "last"]);
}

#[tokio::test(start_paused = true)]
async fn an_item_claimed_for_a_stream_that_is_dropped_goes_to_the_next_caller() {
    let etcd = Etcd::start("3.5.16");
    let queue = open(&etcd.client().await, "/test");
    for n in 0..40 {
        queue.enqueue(n.to_string()).await.unwrap();
    }
    let mut taken = Vec::new();
    for turns in 0..20 {
        let mut items = queue.stream();
        for _ in 0..turns {
            assert!(items.next().now_or_never().is_none_or(|item| {
                taken.push(text(&item.unwrap().unwrap()));
                true
            }));
            yield_now().await;
        }
        drop(items);
        settle().await;
    }
    while taken.len() < 40 {
        taken.push(next_text(&queue).await);
    }
    assert_eq!(taken, (0..40).map(|n| n.to_string()).collect::<Vec<_>>());
}
