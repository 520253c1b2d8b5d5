//! What mends itself, and how soon.

use std::time::Duration;

use etcd_client::Client;
use etcd_queue::Queue;
use tokio::task::JoinHandle;
use tokio::time::{Instant, sleep};

use crate::etcd::{Etcd, TOKEN_IS_DEAD};
use crate::wire::{Mishap, Wire};
use crate::{builder, four_overlapping, next_text, open, settle};

const WATCH: &str = "/etcdserverpb.Watch/Watch";
const RELEASES: [&str; 3] = ["3.5.5", "3.5.16", "3.7.3"];

/// A queue that waits on a watch, and a client of somebody else's.
async fn waiting(etcd: &Etcd, user: Option<&str>) -> (Wire, JoinHandle<String>, Client) {
    let (client, wire) = etcd.wired(user).await;
    let queue = open(&client, "/test");
    queue.enqueue("first").await.unwrap();
    assert_eq!(next_text(&queue).await, "first");
    let waiting = tokio::spawn(async move { next_text(&queue).await });
    settle().await;
    (wire, waiting, etcd.wired(user).await.0)
}

/// How long after an item was stored it is handed out.
async fn delay(client: &Client, waiting: JoinHandle<String>) -> Duration {
    let began = Instant::now();
    open(client, "/test").enqueue("late").await.unwrap();
    assert_eq!(waiting.await.unwrap(), "late");
    began.elapsed()
}

#[tokio::test(start_paused = true)]
async fn authentication_may_be_switched_off_and_on_again() {
    for release in RELEASES {
        let etcd = Etcd::start_with_auth(release).await;
        let client = etcd.client_of("root").await;
        let queue = builder(&client, "/test").user("root", "root").open().unwrap();
        queue.enqueue("first").await.unwrap();
        assert_eq!(next_text(&queue).await, "first");
        etcd.client_of("root").await.auth_disable().await.unwrap();
        settle().await;
        queue.enqueue("off").await.unwrap();
        assert_eq!(next_text(&queue).await, "off", "{release}");
        etcd.client().await.auth_enable().await.unwrap();
        settle().await;
        queue.enqueue("on").await.unwrap();
        assert_eq!(next_text(&queue).await, "on", "{release}");
    }
}

#[tokio::test(start_paused = true)]
async fn keys_that_are_no_items_make_no_empty_queue_look_full() {
    let etcd = Etcd::start("3.5.16");
    let (wire, waiting, mut client) = waiting(&etcd, None).await;
    client.put("/test/config", "", None).await.unwrap();
    // The first count finds the key and has the queue listed, the ones behind it expect it.
    sleep(Duration::from_secs(100)).await;
    let before = wire.requests(WATCH);
    sleep(Duration::from_secs(600)).await;
    assert_eq!(wire.requests(WATCH), before);
    assert!(delay(&client, waiting).await < Duration::from_millis(100));
}

#[tokio::test(start_paused = true)]
async fn a_token_that_dies_is_replaced_before_its_watch_is_opened_again() {
    for release in RELEASES {
        let etcd = Etcd::start_with_auth(release).await;
        let (client, wire) = etcd.wired(Some("root")).await;
        let first = open(&client, "/test");
        let first = tokio::spawn(async move { next_text(&first).await });
        sleep(TOKEN_IS_DEAD).await;
        // The token that the client has is dead, and so is the one its next stream would carry.
        wire.cut();
        sleep(TOKEN_IS_DEAD).await;
        let second = open(&client, "/test");
        let second = tokio::spawn(async move { next_text(&second).await });
        settle().await;
        let producer = open(&etcd.client_of("root").await, "/test");
        producer.enqueue_all(["a", "b"]).await.unwrap();
        let mut both = [first.await.unwrap(), second.await.unwrap()];
        both.sort();
        assert_eq!(both, ["a", "b"], "{release}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_compaction_while_the_connection_is_away_is_survived() {
    for release in RELEASES {
        let etcd = Etcd::start(release);
        let (wire, waiting, mut other) = waiting(&etcd, None).await;
        etcd.kill().await;
        etcd.start_again().await;
        etcd.compact(&mut other).await;
        wire.cut();
        etcd.compact(&mut other).await;
        sleep(Duration::from_secs(1)).await;
        assert!(delay(&other, waiting).await < Duration::from_millis(50), "{release}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_restart_is_survived_within_a_second() {
    for release in RELEASES {
        let etcd = Etcd::start_with_auth(release).await;
        let (_, waiting, other) = waiting(&etcd, Some("root")).await;
        etcd.kill().await;
        sleep(Duration::from_secs(10)).await;
        etcd.start_again().await;
        assert!(delay(&other, waiting).await < Duration::from_secs(1), "{release}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_cut_connection_is_made_again_within_a_second() {
    let etcd = Etcd::start("3.5.16");
    let (wire, waiting, other) = waiting(&etcd, None).await;
    wire.cut();
    assert!(delay(&other, waiting).await < Duration::from_secs(1));
}

#[tokio::test(start_paused = true)]
async fn a_connection_that_carries_nothing_any_more_is_replaced_within_eight_seconds() {
    let etcd = Etcd::start("3.5.16");
    let (wire, waiting, other) = waiting(&etcd, None).await;
    wire.silence();
    let delay = delay(&other, waiting).await;
    assert!(delay < Duration::from_secs(8), "{delay:?}");
    assert!(delay > Duration::from_secs(3), "it was noticed by something else: {delay:?}");
}

#[tokio::test(start_paused = true)]
async fn while_etcd_is_away_it_is_asked_a_few_times_a_second_only() {
    let etcd = Etcd::start("3.5.16");
    let (client, wire) = etcd.wired(None).await;
    let queue = open(&client, "/test");
    queue.enqueue("first").await.unwrap();
    assert_eq!(next_text(&queue).await, "first");
    let calls: Vec<JoinHandle<Queue>> = (0..64)
        .map(|_| {
            let queue = queue.clone();
            tokio::spawn(async move {
                queue.enqueue("late").await.unwrap();
                next_text(&queue).await;
                queue
            })
        })
        .collect();
    etcd.kill().await;
    sleep(Duration::from_secs(2)).await;
    let before = wire.all_requests();
    sleep(Duration::from_secs(10)).await;
    let asked = wire.all_requests() - before;
    assert!((10..=100).contains(&asked), "{asked} requests in ten seconds");
    etcd.start_again().await;
    for call in calls {
        call.await.unwrap();
    }
}

#[tokio::test(start_paused = true)]
async fn a_watch_that_is_idle_for_an_hour_is_kept() {
    let etcd = Etcd::start("3.5.16");
    let (wire, waiting, other) = waiting(&etcd, None).await;
    sleep(Duration::from_secs(3_600)).await;
    assert_eq!(wire.requests(WATCH), 1);
    assert!(delay(&other, waiting).await < Duration::from_millis(50));
}

#[tokio::test(start_paused = true)]
async fn an_event_that_the_server_swallows_costs_a_minute_and_no_item() {
    let etcd = Etcd::start("3.5.16");
    let (client, wire) = etcd.wired(None).await;
    let queue = open(&client, "/test");
    // The first answer says that the watch exists.
    wire.plan(WATCH, Mishap::Swallowed(1));
    let waiting = tokio::spawn(async move { next_text(&queue).await });
    settle().await;
    let delay = delay(&etcd.client().await, waiting).await;
    assert!((Duration::from_secs(30)..Duration::from_secs(80)).contains(&delay), "{delay:?}");
}

#[tokio::test(start_paused = true)]
async fn claims_that_are_lost_together_again_and_again_are_settled_one_by_one() {
    let etcd = Etcd::start("3.5.16");
    let (client, wire) = etcd.wired(None).await;
    let queue = open(&client, "/test");
    queue.enqueue_all(["0", "1", "2", "3", "4"]).await.unwrap();
    assert_eq!(next_text(&queue).await, "0");
    settle().await;
    wire.bear_one_transaction();
    let taken = four_overlapping(Duration::from_secs(10), || {
        let queue = queue.clone();
        async move { next_text(&queue).await }
    });
    let taken = taken.await;
    assert_eq!(taken, ["1", "2", "3", "4"]);
    // The claims, and once all settlings of them.
    assert!(wire.crowded_out() >= 8, "{} were lost together", wire.crowded_out());
}
