//! The queue against the in-memory etcd, in paused time: hours of faults in seconds, the same in every run.

#![allow(clippy::unwrap_used, clippy::expect_used)]

mod abuse;
mod consumers;
mod degraded;
mod dice;
mod drops;
mod ending;
mod etcd;
mod faults;
mod lease;
mod lease_abuse;
mod lease_ending;
mod lease_full;
mod lease_limits;
mod lease_paced;
mod lease_recovery;
mod lease_refused;
mod lease_restored;
mod limits;
mod members;
mod opening;
mod recovery;
mod refusals;
mod seen;
mod wire;

use std::time::Duration;

use etcd_queue::{Item, Queue, TokioClock};

/// A queue whose keys and rests are the same in every run.
fn open(client: &etcd_client::Client, prefix: &str) -> Queue {
    builder(client, prefix).open().unwrap()
}

fn builder(client: &etcd_client::Client, prefix: &str) -> etcd_queue::Builder {
    builder_on(client.clone(), prefix)
}

fn builder_on(cluster: impl Into<etcd_queue::Cluster>, prefix: &str) -> etcd_queue::Builder {
    Queue::builder(cluster, prefix).clock(TokioClock::starting_at(1_700_000_000_000_000_000)).jitter_seed(7)
}

fn text(item: &Item) -> String {
    String::from_utf8(item.value().to_vec()).unwrap()
}

async fn next_text(queue: &Queue) -> String {
    text(&queue.next().await.unwrap())
}

/// What four calls bring, sorted: each sends what it has to send while the ones before wait for their answers.
async fn four_overlapping<F>(within: Duration, call: impl Fn() -> F) -> Vec<String>
where
    F: Future<Output = String> + Send + 'static,
{
    let mut calls = Vec::new();
    for _ in 0..4 {
        calls.push(tokio::spawn(call()));
        tokio::task::yield_now().await;
        tokio::task::yield_now().await;
    }
    let mut brought = Vec::new();
    for call in calls {
        brought.push(tokio::time::timeout(within, call).await.expect("it came through").unwrap());
    }
    brought.sort();
    brought
}

/// Lets everything that is under way come to rest.
async fn settle() {
    tokio::time::sleep(Duration::from_millis(500)).await;
}
