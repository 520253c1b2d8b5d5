//! What becomes of items, callers and records when a queue is closed.

use std::time::Duration;

use etcd_client::GetOptions;
use etcd_queue::Error;
use futures::StreamExt;

use crate::etcd::{Etcd, stored};
use crate::wire::Mishap;
use crate::{builder, next_text, open, settle};

#[tokio::test(start_paused = true)]
async fn what_was_claimed_ahead_is_put_back() {
    let etcd = Etcd::start("3.5.16");
    let mut client = etcd.client().await;
    let queue = builder(&client, "/test").read_ahead(300).open().unwrap();
    queue.enqueue_all((0..400).map(|n| n.to_string())).await.unwrap();
    assert_eq!(next_text(&queue).await, "0");
    settle().await;
    assert_eq!(queue.next_batch(2).await.unwrap().len(), 2);
    settle().await;
    let left = stored(&mut client, "/test/").await;
    assert!((97..=99).contains(&left), "300 items are claimed ahead, {left} are left");
    queue.close().await.unwrap();
    assert_eq!(stored(&mut client, "/test/").await, 397);
}

#[tokio::test(start_paused = true)]
async fn a_key_that_is_in_use_again_is_not_written_over() {
    let etcd = Etcd::start("3.5.16");
    let mut client = etcd.client().await;
    let queue = builder(&client, "/test").read_ahead(2).open().unwrap();
    for n in 1..=3 {
        client.put(format!("/test/{n}"), format!("old {n}"), None).await.unwrap();
    }
    assert_eq!(next_text(&queue).await, "old 1");
    settle().await;
    assert_eq!(stored(&mut client, "/test/").await, 0);
    client.put("/test/2", "new 2", None).await.unwrap();
    queue.close().await.unwrap();
    let mut all = values(&mut client).await;
    all.sort();
    assert_eq!(all, ["new 2", "old 2", "old 3"]);
}

async fn values(client: &mut etcd_client::Client) -> Vec<String> {
    let all = client.get("/test/", Some(GetOptions::new().with_prefix())).await.unwrap();
    all.kvs().iter().map(|kv| String::from_utf8(kv.value().to_vec()).unwrap()).collect()
}

#[tokio::test(start_paused = true)]
async fn a_claim_in_doubt_is_settled_and_put_back() {
    for mishap in [Mishap::ReplyLost, Mishap::LostOnTheWay] {
        let etcd = Etcd::start("3.5.16");
        let (mut client, wire) = etcd.wired(None).await;
        let queue = open(&client, "/test");
        queue.enqueue("first").await.unwrap();
        assert_eq!(next_text(&queue).await, "first");
        wire.plan("/etcdserverpb.KV/Txn", mishap);
        client.put("/test/1", "in doubt", None).await.unwrap();
        let waiting = tokio::spawn({
            let queue = queue.clone();
            async move { queue.next().await }
        });
        while wire.has_mishaps_left() {
            tokio::time::sleep(std::time::Duration::from_millis(1)).await;
        }
        queue.close().await.unwrap();
        assert!(matches!(waiting.await.unwrap(), Err(Error::Closed)));
        assert_eq!(values(&mut client).await, ["in doubt"], "{mishap:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_queue_that_ends_in_order_leaves_no_records() {
    let etcd = Etcd::start("3.5.16");
    let mut client = etcd.client().await;
    let queue = open(&client, "/test");
    queue.enqueue_all(["a", "b"]).await.unwrap();
    assert_eq!(queue.next_batch(9).await.unwrap().len(), 2);
    settle().await;
    assert!(
        stored(&mut client, "__rq1:5:/test/a/").await == 1
            && stored(&mut client, "__rq1:5:/test/w/").await >= 2
    );
    queue.close().await.unwrap();
    drop(queue);
    settle().await;
    assert_eq!(stored(&mut client, "__rq1:").await, 0);
}

/// Lets time pass in leaps, that not every sign of life in between is waited for.
async fn hours(hours: u64) {
    for _ in 0..hours {
        tokio::time::advance(Duration::from_secs(3_590)).await;
        tokio::time::sleep(Duration::from_secs(10)).await;
    }
}

#[tokio::test(start_paused = true)]
async fn records_end_a_day_after_their_queue_died_and_not_while_it_lives() {
    let etcd = Etcd::start("3.5.16");
    let mut client = etcd.client().await;
    let (dying, wire) = etcd.wired(None).await;
    let (living, dying) = (open(&client, "/living"), open(&dying, "/test"));
    for queue in [&living, &dying] {
        queue.enqueue("a").await.unwrap();
        assert_eq!(next_text(queue).await, "a");
    }
    wire.die();
    hours(23).await;
    assert!(stored(&mut client, "__rq1:5:/test/w/").await > 0, "they may still be needed");
    hours(2).await;
    assert_eq!(stored(&mut client, "__rq1:5:/test/").await, 0);
    assert!(stored(&mut client, "__rq1:7:/living/w/").await > 0);
}

#[tokio::test(start_paused = true)]
async fn a_stream_ends_with_its_queue() {
    let etcd = Etcd::start("3.5.16");
    let queue = open(&etcd.client().await, "/test");
    queue.enqueue_all(["a", "b"]).await.unwrap();
    let mut items = queue.stream();
    assert_eq!(items.next().await.unwrap().unwrap().value(), b"a");
    assert_eq!(items.next().await.unwrap().unwrap().value(), b"b");
    let (end, closed) = tokio::join!(biased; items.next(), queue.close());
    assert!(end.is_none() && closed.is_ok());
    assert!(items.next().await.is_none());
}
