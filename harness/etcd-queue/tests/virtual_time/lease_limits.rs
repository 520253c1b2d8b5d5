//! The limits of etcd, from both sides, with acknowledgements.

use std::time::Duration;

use etcd_model::member::Settings;
use etcd_queue::LeaseQueue;
use tokio::time::timeout;

use crate::etcd::{Etcd, settings, stored};
use crate::lease::{TTL, builder, text};
use crate::settle;

/// Values above this size are read when their turn comes.
const KEPT_BYTES: usize = 4096;

fn open(client: &etcd_client::Client) -> LeaseQueue {
    builder(client, "/test").max_deliveries(3).open().unwrap()
}

async fn drained(queue: &LeaseQueue) -> Vec<(usize, u32)> {
    let (mut taken, mut acking) = (Vec::new(), Vec::new());
    while taken.len() < 300 {
        for delivery in queue.next_batch(126).await.unwrap() {
            taken.push((text(&delivery).trim().parse().unwrap(), delivery.attempt()));
            acking.push(tokio::spawn(delivery.ack()));
        }
    }
    for acking in acking {
        acking.await.unwrap().unwrap();
    }
    taken
}

#[tokio::test(start_paused = true)]
async fn an_etcd_that_takes_fewer_operations_is_obeyed_whatever_the_size_of_the_values() {
    for limit in [4, 7, 16, 100, 127] {
        for size in [3, KEPT_BYTES + 1] {
            let etcd = Etcd::start_with(Settings { max_txn_operations: limit, ..settings("3.5.16") });
            let mut kv = etcd.client().await;
            let queue = open(&kv);
            queue.enqueue_all((0..300).map(|n| format!("{n:>size$}"))).await.unwrap();
            let taken = timeout(Duration::from_secs(60), drained(&queue)).await;
            let taken = taken.unwrap_or_else(|_| panic!("stuck, of at most {limit} and {size} bytes"));
            assert_eq!(taken, (0..300).map(|n| (n, 1)).collect::<Vec<_>>(), "at most {limit}, {size} bytes");
            assert_eq!(stored(&mut kv, "/test/").await, 0);
        }
    }
}

#[tokio::test(start_paused = true)]
async fn an_etcd_that_takes_fewer_operations_is_obeyed_when_a_dead_holders_items_are_taken_over() {
    for limit in [4, 16] {
        let etcd = Etcd::start_with(Settings { max_txn_operations: limit, ..settings("3.5.16") });
        let (client, wire) = etcd.wired(None).await;
        let (dies, lives) = (open(&client), open(&etcd.client().await));
        dies.enqueue_all((0..300).map(|n| n.to_string())).await.unwrap();
        let mut held = Vec::new();
        while held.len() < 300 {
            held.extend(dies.next_batch(300).await.unwrap());
        }
        wire.die();
        tokio::time::sleep(TTL * 2).await;
        let taken = timeout(Duration::from_secs(60), drained(&lives)).await;
        let taken = taken.unwrap_or_else(|_| panic!("stuck, of at most {limit}"));
        assert!(taken.iter().all(|(_, attempt)| *attempt == 2));
    }
}

#[tokio::test(start_paused = true)]
async fn an_item_as_large_as_etcd_takes_becomes_a_dead_letter_that_can_be_had_again() {
    let etcd = Etcd::start("3.5.16");
    let (mut kv, queue) = (etcd.client().await, open(&etcd.client().await));
    let (mut fits, mut too_large) = (1_500_000, 1536 * 1024);
    while too_large - fits > 1 {
        let size: usize = usize::midpoint(fits, too_large);
        match kv.put(format!("/test/{}", 1_700_000_000_000_000_000_u64), vec![7; size], None).await {
            Ok(_) => fits = size,
            Err(_) => too_large = size,
        }
    }
    queue.enqueue("next").await.unwrap();
    for attempt in 1..=3 {
        let held = queue.next().await.unwrap();
        assert_eq!((held.value().len(), held.attempt()), (too_large - 1, attempt));
        drop(held);
        settle().await;
    }
    let next = timeout(Duration::from_secs(60), queue.next()).await.unwrap().unwrap();
    assert_eq!(text(&next), "next");
    next.ack().await.unwrap();
    settle().await;
    let letters = queue.dead_letters().list(10).await.unwrap();
    let seen: Vec<_> = letters.iter().map(|letter| (letter.value().len(), letter.attempts())).collect();
    assert_eq!(seen, [(too_large - 1, 3)]);
    queue.dead_letters().requeue(&letters[0]).await.unwrap();
    let again = timeout(Duration::from_secs(60), queue.next()).await.unwrap().unwrap();
    assert_eq!((again.value().len(), again.attempt()), (too_large - 1, 1));
    again.ack().await.unwrap();
    assert_eq!(queue.dead_letters().list(10).await.unwrap(), []);
    assert_eq!(stored(&mut kv, "/test/").await, 0);
}
