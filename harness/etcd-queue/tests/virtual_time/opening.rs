//! What a queue does first, and what it does not wait for.

use std::time::Duration;

use etcd_client::{Client, GetOptions};
use tokio::time::{Instant, timeout};

use crate::etcd::{Etcd, stored};
use crate::wire::Mishap;
use crate::{next_text, open, settle};

const WATCH: &str = "/etcdserverpb.Watch/Watch";
const ITEMS: usize = 300;

async fn filled(release: &str) -> Etcd {
    let etcd = Etcd::start(release);
    let producer = open(&etcd.client().await, "/test");
    producer.enqueue_all((0..ITEMS).map(|n| n.to_string())).await.unwrap();
    etcd
}

#[tokio::test(start_paused = true)]
async fn what_is_listed_is_claimed_though_the_watch_is_not_there_yet() {
    // The server's word that the watch exists does not come; or watches break before they exist, after each
    // of which the queue rests for up to half a second.
    let cases = [(Mishap::Swallowed(0), 1, 1), (Mishap::LostOnTheWay, 12, 7)];
    for (mishap, times, within_s) in cases {
        let etcd = filled("3.5.16").await;
        let (client, wire) = etcd.wired(None).await;
        (0..times).for_each(|_| wire.plan(WATCH, mishap));
        let (queue, began) = (open(&client, "/test"), Instant::now());
        for n in 0..ITEMS {
            assert_eq!(next_text(&queue).await, n.to_string(), "{mishap:?}");
        }
        let took = began.elapsed();
        assert!(took < Duration::from_secs(within_s), "{mishap:?}: {took:?}");
        assert_eq!(stored(&mut etcd.client().await, "/test/").await, 0);
        let late = tokio::spawn({
            let queue = queue.clone();
            async move { next_text(&queue).await }
        });
        settle().await;
        open(&etcd.client().await, "/test").enqueue("late").await.unwrap();
        assert_eq!(timeout(Duration::from_secs(8), late).await.unwrap().unwrap(), "late", "{mishap:?}");
        assert!(!wire.has_mishaps_left(), "{mishap:?}");
    }
}

/// The revisions at which the records below a name of `/test`'s were last written.
async fn written(client: &mut Client, name: &str) -> Vec<i64> {
    let all = GetOptions::new().with_prefix();
    let found = client.get(format!("__rq1:5:/test/{name}/"), Some(all)).await.unwrap();
    found.kvs().iter().map(etcd_client::KeyValue::mod_revision).collect()
}

#[tokio::test(start_paused = true)]
async fn the_first_claim_goes_before_the_introduction_to_other_consumers() {
    let etcd = filled("3.5.16").await;
    let mut client = etcd.client().await;
    let queue = open(&client, "/test");
    let others = written(&mut client, "w").await;
    assert_eq!(next_text(&queue).await, "0");
    settle().await;
    let mut claimed = written(&mut client, "w").await;
    claimed.retain(|revision| !others.contains(revision));
    let introduced = written(&mut client, "a").await;
    // The slot of the claim was written last.
    let claimed_at = claimed.iter().max();
    assert!(claimed_at < introduced.first(), "claimed at {claimed:?}, introduced at {introduced:?}");
}

#[tokio::test(start_paused = true)]
async fn a_consumer_that_finds_nothing_is_known_to_others_while_it_waits() {
    let etcd = Etcd::start("3.5.16");
    let mut client = etcd.client().await;
    let queue = open(&client, "/test");
    let waiting = tokio::spawn(async move { next_text(&queue).await });
    settle().await;
    assert_eq!(written(&mut client, "a").await.len(), 1);
    assert!(!waiting.is_finished());
}
