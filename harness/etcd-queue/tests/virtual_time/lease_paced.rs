//! Whatever repeats, rests: nothing that can go wrong makes a queue with acknowledgements flood its etcd.

use std::time::Duration;

use etcd_client::GetOptions;
use etcd_queue::{Clock, LeaseQueue};
use tokio::time::{sleep, timeout};

use crate::consumers::recipe_dequeue;
use crate::etcd::Etcd;
use crate::lease::{TTL, builder, open};
use crate::settle;

/// The keys of a kind of records.
async fn records(client: &mut etcd_client::Client, kind: &str) -> Vec<String> {
    let all = client.get("__rq", Some(GetOptions::new().with_prefix().with_keys_only())).await.unwrap();
    let keys = all.kvs().iter().map(|kv| String::from_utf8(kv.key().to_vec()).unwrap());
    keys.filter(|key| key.contains(&format!("/test/{kind}/"))).collect()
}

#[tokio::test(start_paused = true)]
async fn a_session_that_somebody_always_ends_is_begun_again_a_few_times_a_second() {
    let etcd = Etcd::start("3.5.16");
    let (client, wire) = etcd.wired(None).await;
    let (queue, producer) = (open(&client), open(&etcd.client().await));
    let mut kv = etcd.client().await;
    let meddler = tokio::spawn(async move {
        loop {
            for key in records(&mut kv, "s").await {
                kv.delete(key, None).await.unwrap();
            }
            sleep(Duration::from_millis(1)).await;
        }
    });
    let waiting = tokio::spawn(async move { queue.next().await });
    settle().await;
    let before = wire.all_requests();
    sleep(Duration::from_secs(10)).await;
    let asked = wire.all_requests() - before;
    assert!(asked <= 300, "{asked} requests in ten seconds");
    meddler.abort();
    producer.enqueue("a").await.unwrap();
    timeout(Duration::from_secs(2), waiting)
        .await
        .expect("it goes on")
        .unwrap()
        .unwrap()
        .ack()
        .await
        .unwrap();
}

#[derive(Debug)]
struct StandsStill;

impl Clock for StandsStill {
    fn unix_ns(&self) -> u64 {
        1_700_000_000_000_000_000
    }
}

#[tokio::test(start_paused = true)]
async fn a_letter_is_requeued_where_the_clock_stands_still() {
    let etcd = Etcd::start("3.5.16");
    let mut kv = etcd.client().await;
    let (client, wire) = etcd.wired(None).await;
    let queue = LeaseQueue::builder(client, "/test").clock(StandsStill).max_deliveries(1).open().unwrap();
    queue.enqueue("a").await.unwrap();
    drop(queue.next().await.unwrap());
    settle().await;
    let letters = queue.dead_letters().list(1).await.unwrap();
    for key in [letters[0].key(), b"/test/1700000000000000000"] {
        kv.put(key, "in use", None).await.unwrap();
    }
    let before = wire.all_requests();
    let requeued = timeout(Duration::from_secs(10), queue.dead_letters().requeue(&letters[0])).await;
    let asked = wire.all_requests() - before;
    assert!(requeued.is_ok_and(|requeued| requeued.is_ok()) && asked <= 5, "{asked} requests");
}

/// A consumer that gives back what it gets, and a consumer of the recipe that takes it then.
#[tokio::test(start_paused = true)]
async fn records_of_what_consumers_of_the_recipe_took_do_not_pile_up() {
    let etcd = Etcd::start("3.5.16");
    let mut kv = etcd.client().await;
    let queue = builder(&etcd.client().await, "/test").max_deliveries(1_000).open().unwrap();
    let mut most = 0;
    for _ in 0..60 {
        queue.enqueue_all((0..20).map(|n| n.to_string())).await.unwrap();
        let held = queue.next_batch(20).await.unwrap();
        for delivery in held {
            delivery.nack(Duration::from_secs(5)).await.unwrap();
        }
        while recipe_dequeue(&mut kv).await.is_some() {}
        sleep(Duration::from_secs(1)).await;
        most = most.max(records(&mut kv, "c").await.len());
    }
    assert!(most <= 200, "{most} records");
    assert!(timeout(TTL * 2, queue.next()).await.is_err(), "there is nothing");
    assert_eq!(records(&mut kv, "c").await.len(), 0);
}
