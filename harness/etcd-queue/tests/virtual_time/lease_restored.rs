//! A store that goes back: wiped, or restored from a backup. Revisions come again, and sessions that had ended.

use std::time::Duration;

use etcd_model::member::{Data, Ending};
use etcd_queue::{Error, Fence, LeaseQueue};
use tokio::time::{Instant, sleep, timeout};

use crate::etcd::{Etcd, stored};
use crate::lease::{TTL, builder, text};
use crate::settle;
use crate::wire::Wire;

async fn open(etcd: &Etcd, seed: u64) -> (LeaseQueue, Wire) {
    let (client, wire) = etcd.wired(None).await;
    (builder(&client, "/test").jitter_seed(seed).open().unwrap(), wire)
}

/// A consumer whose session is there, and who holds nothing.
async fn consumer(etcd: &Etcd, seed: u64) -> (LeaseQueue, Wire) {
    let (queue, wire) = open(etcd, seed).await;
    queue.enqueue("first").await.unwrap();
    queue.next().await.unwrap().ack().await.unwrap();
    (queue, wire)
}

async fn restart_on(etcd: &Etcd, data: Data) {
    etcd.model.stop(Ending::Killed).await;
    etcd.model.start_again_on(data).await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn a_session_that_was_seen_to_end_and_is_there_again_holds_its_items_and_nobody_spins_over_them() {
    let etcd = Etcd::start("3.5.16");
    let ((dies, to_dead), (lives, wire)) = (consumer(&etcd, 1).await, consumer(&etcd, 2).await);
    dies.enqueue("a").await.unwrap();
    let held = dies.next().await.unwrap();
    let saved = etcd.model.saved();
    to_dead.die();
    let again = lives.next().await.unwrap();
    assert_eq!((text(&again).as_str(), again.attempt()), ("a", 2));
    restart_on(&etcd, Data::Saved(Box::new(saved))).await;
    let (restored, before) = (Instant::now(), wire.all_requests());
    let fenced = again.ack().await.unwrap_err();
    assert!(matches!(fenced, Error::Fenced { by: Fence::Redelivered { attempt: 1, .. }, .. }), "{fenced:?}");
    // The dead one's session lives once more in this store, for as long as its lease.
    let again = timeout(TTL + Duration::from_secs(3), lives.next()).await.expect("it comes again").unwrap();
    assert_eq!((text(&again).as_str(), again.attempt()), ("a", 2));
    assert!(restored.elapsed() >= TTL - Duration::from_secs(1), "{:?}", restored.elapsed());
    let asked = wire.all_requests() - before;
    assert!(asked <= 100, "{asked} requests in {:?}", restored.elapsed());
    again.ack().await.unwrap();
    drop(held);
    assert_eq!(stored(&mut etcd.client().await, "/test/").await, 0);
}

#[tokio::test(start_paused = true)]
async fn a_claim_of_before_does_not_pass_for_another_of_the_same_revision() {
    let etcd = Etcd::start("3.5.16");
    let ((old, to_old), (new, _)) = (consumer(&etcd, 1).await, consumer(&etcd, 2).await);
    new.enqueue("a").await.unwrap();
    settle().await;
    let saved = etcd.model.saved();
    let held = old.next().await.unwrap();
    to_old.deafen(true);
    restart_on(&etcd, Data::Saved(Box::new(saved))).await;
    let again = new.next().await.unwrap();
    assert_eq!(again.fencing_token(), held.fencing_token(), "of the same revision");
    to_old.deafen(false);
    let fenced = held.ack().await.unwrap_err();
    assert!(matches!(fenced, Error::Fenced { by: Fence::Redelivered { .. }, .. }), "{fenced:?}");
    again.ack().await.unwrap();
    assert_eq!(stored(&mut etcd.client().await, "/test/").await, 0);
}

#[tokio::test(start_paused = true)]
async fn queues_go_on_in_a_store_that_was_wiped() {
    for release in ["3.5.5", "3.5.16", "3.7.3"] {
        let etcd = Etcd::start(release);
        let consumers = [consumer(&etcd, 1).await, consumer(&etcd, 2).await];
        let (producer, _) = open(&etcd, 3).await;
        for _ in 0..50 {
            producer.enqueue("before").await.unwrap();
        }
        let mut held = Vec::new();
        for (queue, _) in &consumers {
            held.push(queue.next().await.unwrap());
        }
        restart_on(&etcd, Data::Wiped).await;
        producer.enqueue_all((0..20).map(|n| n.to_string())).await.unwrap();
        let before: usize = consumers.iter().map(|(_, wire)| wire.all_requests()).sum();
        let mut taken = Vec::new();
        while taken.len() < 20 {
            for (queue, _) in &consumers {
                if let Ok(next) = timeout(Duration::from_secs(1), queue.next()).await {
                    let next = next.unwrap();
                    taken.push(text(&next));
                    next.ack().await.unwrap();
                }
            }
        }
        for delivery in held {
            let fenced = delivery.ack().await.unwrap_err();
            assert!(matches!(fenced, Error::Fenced { by: Fence::Gone, .. }), "{release}: {fenced:?}");
        }
        taken.sort_by_key(|item| item.parse::<u64>().ok());
        assert_eq!(taken, (0..20).map(|n| n.to_string()).collect::<Vec<_>>(), "{release}");
        let asked: usize = consumers.iter().map(|(_, wire)| wire.all_requests()).sum();
        assert!(asked - before <= 400, "{release}: {} requests", asked - before);
    }
}

#[tokio::test(start_paused = true)]
async fn items_that_a_backup_brings_back_are_handed_out_again() {
    let etcd = Etcd::start("3.5.16");
    let (queue, wire) = consumer(&etcd, 1).await;
    queue.enqueue_all((0..50).map(|n| n.to_string())).await.unwrap();
    let held = queue.next_batch(50).await.unwrap();
    let saved = etcd.model.saved();
    for delivery in held {
        delivery.ack().await.unwrap();
    }
    restart_on(&etcd, Data::Saved(Box::new(saved))).await;
    let before = wire.all_requests();
    let mut taken = Vec::new();
    while taken.len() < 50 {
        let next = timeout(Duration::from_secs(20), queue.next()).await;
        let next = next.unwrap_or_else(|_| panic!("stuck at {}", taken.len())).unwrap();
        taken.push(text(&next).parse::<u64>().unwrap());
        next.ack().await.unwrap();
    }
    taken.sort_unstable();
    assert_eq!(taken, (0..50).collect::<Vec<_>>());
    assert!(wire.all_requests() - before <= 300, "{} requests", wire.all_requests() - before);
    sleep(Duration::from_secs(1)).await;
    assert_eq!(stored(&mut etcd.client().await, "/test/").await, 0);
}
