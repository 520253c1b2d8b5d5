//! Several consumers of one queue, and the recipe beside them.

use std::collections::BTreeSet;
use std::time::Duration;

use etcd_client::{Client, Compare, CompareOp, GetOptions, SortOrder, SortTarget, Txn, TxnOp};
use etcd_queue::Queue;
use tokio::sync::mpsc;
use tokio::time::{Instant, sleep};

use crate::etcd::Etcd;
use crate::wire::{Mishap, Wire};
use crate::{builder, open, settle, text};

const TXN: &str = "/etcdserverpb.KV/Txn";
const WATCH: &str = "/etcdserverpb.Watch/Watch";
/// The transactions by which a consumer tells others of itself.
const ITS_RECORDS: usize = 2;

/// Consumers that take `each` items at a time, with a wire for each; what they take is sent on.
async fn consumers(etcd: &Etcd, count: usize, each: usize) -> (Vec<Wire>, mpsc::UnboundedReceiver<String>) {
    let (sender, taken) = mpsc::unbounded_channel();
    let mut wires = Vec::new();
    for seed in 0..count {
        let (client, wire) = etcd.wired(None).await;
        let seed = u64::try_from(seed).unwrap();
        let (queue, sender) = (builder(&client, "/test").jitter_seed(seed).open().unwrap(), sender.clone());
        tokio::spawn(async move {
            while let Ok(items) = queue.next_batch(each).await {
                items.iter().for_each(|item| sender.send(text(item)).unwrap());
            }
        });
        wires.push(wire);
    }
    (wires, taken)
}

fn transactions(wires: &[Wire]) -> usize {
    wires.iter().map(|wire| wire.requests(TXN)).sum()
}

async fn all_of(taken: &mut mpsc::UnboundedReceiver<String>, count: usize) -> BTreeSet<String> {
    let mut all = BTreeSet::new();
    while all.len() < count {
        assert!(all.insert(taken.recv().await.unwrap()), "handed out twice");
    }
    all
}

#[tokio::test(start_paused = true)]
async fn sixteen_waiting_consumers_claim_each_item_about_once() {
    let etcd = Etcd::start("3.5.16");
    let (wires, mut taken) = consumers(&etcd, 16, 1).await;
    let producer = open(&etcd.client().await, "/test");
    // They meet over the first items.
    for n in 0..20 {
        producer.enqueue(format!("first {n}")).await.unwrap();
    }
    all_of(&mut taken, 20).await;
    settle().await;
    let before = transactions(&wires);
    for n in 0..200 {
        producer.enqueue(n.to_string()).await.unwrap();
        sleep(Duration::from_millis(20)).await;
    }
    all_of(&mut taken, 200).await;
    let claims = transactions(&wires) - before;
    assert!(claims <= 240, "{claims} claims for 200 items");
}

#[tokio::test(start_paused = true)]
async fn four_consumers_that_open_on_a_backlog_get_to_know_each_other_over_it() {
    let etcd = Etcd::start("3.5.16");
    let producer = open(&etcd.client().await, "/test");
    producer.enqueue_all((0..2_000).map(|n| n.to_string())).await.unwrap();
    let (wires, mut taken) = consumers(&etcd, 4, 16).await;
    all_of(&mut taken, 2_000).await;
    let claims = transactions(&wires);
    // 125 is the least; a consumer that puts its introduction off wins little and costs all of them half more.
    assert!(claims <= 160, "{claims} claims of up to 16 for 2,000 items");
}

#[tokio::test(start_paused = true)]
async fn four_consumers_share_a_backlog_with_little_waste() {
    let etcd = Etcd::start("3.5.16");
    let (wires, mut taken) = consumers(&etcd, 4, 16).await;
    let producer = open(&etcd.client().await, "/test");
    for n in 0..20 {
        producer.enqueue(format!("first {n}")).await.unwrap();
    }
    all_of(&mut taken, 20).await;
    settle().await;
    let before = transactions(&wires);
    producer.enqueue_all((0..2_000).map(|n| n.to_string())).await.unwrap();
    all_of(&mut taken, 2_000).await;
    let claims = transactions(&wires) - before;
    assert!(claims <= 300, "{claims} claims of up to 16 for 2,000 items");
}

#[tokio::test(start_paused = true)]
async fn a_consumer_that_is_busy_holds_nothing_up() {
    let etcd = Etcd::start("3.5.16");
    let (_, mut taken) = consumers(&etcd, 2, 1).await;
    let busy = open(&etcd.client().await, "/test");
    let producer = open(&etcd.client().await, "/test");
    for n in 0..30 {
        producer.enqueue(format!("first {n}")).await.unwrap();
        tokio::select! {
            biased;
            item = busy.next() => drop(item.unwrap()),
            _ = taken.recv() => {}
        }
    }
    settle().await;
    while taken.try_recv().is_ok() {}
    // It is counted, and calls no more.
    for n in 0..50 {
        let began = Instant::now();
        producer.enqueue(n.to_string()).await.unwrap();
        assert_eq!(taken.recv().await.unwrap(), n.to_string());
        assert!(began.elapsed() < Duration::from_millis(25), "{:?}", began.elapsed());
    }
}

/// One dequeue as the recipe does it, without its wait: none if the queue is empty or the race was lost.
/// Told by etcd v3.5.11 client/v3/experimental/recipes/queue.go, `Dequeue`.
pub async fn recipe_dequeue(client: &mut Client) -> Option<String> {
    let first = GetOptions::new().with_prefix().with_sort(SortTarget::Mod, SortOrder::Ascend).with_limit(1);
    let found = client.get("/test", Some(first)).await.unwrap();
    let kv = found.kvs().first()?;
    let txn = Txn::new()
        .when([Compare::mod_revision(kv.key(), CompareOp::Equal, kv.mod_revision())])
        .and_then([TxnOp::delete(kv.key(), None)]);
    let claimed = client.txn(txn).await.unwrap().succeeded();
    claimed.then(|| String::from_utf8(kv.value().to_vec()).unwrap())
}

/// A consumer that has taken the first of 100 items. What it has listed is all it knows: it hears nothing of others.
async fn one_that_hears_nothing(etcd: &Etcd) -> (Queue, Wire) {
    let (client, wire) = etcd.wired(None).await;
    let queue = open(&client, "/test");
    queue.enqueue_all((0..100).map(|n| n.to_string())).await.unwrap();
    wire.plan(WATCH, Mishap::Swallowed(0));
    assert_eq!(text(&queue.next().await.unwrap()), "0");
    (queue, wire)
}

#[tokio::test(start_paused = true)]
async fn a_large_claim_that_loses_over_one_item_takes_the_others_in_order() {
    let etcd = Etcd::start("3.5.16");
    let (queue, wire) = one_that_hears_nothing(&etcd).await;
    let mut other = etcd.client().await;
    assert_eq!(recipe_dequeue(&mut other).await.unwrap(), "1");

    let before = wire.requests(TXN);
    let batch = queue.next_batch(126).await.unwrap();
    // As a whole; in 14 parts, of which one loses; and what that left, as those behind it wait for it.
    let transactions = wire.requests(TXN) - before;
    assert!(transactions <= 3 + ITS_RECORDS, "{transactions} transactions");
    let expected: Vec<_> = (2..100).map(|n| n.to_string()).collect();
    assert_eq!(batch.iter().map(text).collect::<Vec<_>>(), expected);
}

#[tokio::test(start_paused = true)]
async fn a_claim_in_parts_that_is_lost_is_made_in_parts_again() {
    let etcd = Etcd::start("3.5.16");
    let (queue, wire) = one_that_hears_nothing(&etcd).await;
    settle().await;
    assert_eq!(recipe_dequeue(&mut etcd.client().await).await.unwrap(), "1");

    let before = wire.requests(TXN);
    let batch = tokio::spawn(async move { queue.next_batch(126).await.unwrap() });
    while wire.requests(TXN) == before {
        tokio::task::yield_now().await;
    }
    wire.plan(TXN, Mishap::LostOnTheWay);
    assert_eq!(batch.await.unwrap().len(), 98);
    assert!(!wire.has_mishaps_left());
    // As a whole, in parts and lost, settled, in parts, and what those left.
    assert_eq!(wire.requests(TXN) - before, 5);
}

#[tokio::test(start_paused = true)]
async fn the_recipe_and_this_queue_share_a_queue() {
    let etcd = Etcd::start("3.5.16");
    let (_, mut taken) = consumers(&etcd, 2, 40).await;
    let producer = open(&etcd.client().await, "/test");
    let (sender, mut by_recipe) = mpsc::unbounded_channel();
    let mut client = etcd.client().await;
    tokio::spawn(async move {
        loop {
            match recipe_dequeue(&mut client).await {
                Some(item) => sender.send(item).unwrap(),
                None => sleep(Duration::from_millis(1)).await,
            }
        }
    });
    let made: BTreeSet<String> = (0..1_000).map(|n| n.to_string()).collect();
    for some in made.iter().cloned().collect::<Vec<_>>().chunks(50) {
        producer.enqueue_all(some.to_vec()).await.unwrap();
        sleep(Duration::from_millis(3)).await;
    }
    settle().await;
    let (mut all, mut recipes) = (BTreeSet::new(), 0);
    while let Ok(item) = taken.try_recv() {
        assert!(all.insert(item.clone()), "{item} twice");
    }
    while let Ok(item) = by_recipe.try_recv() {
        assert!(all.insert(item.clone()), "{item} twice");
        recipes += 1;
    }
    assert_eq!(all, made);
    assert!((10..990).contains(&recipes), "the recipe took {recipes}");
}
