//! One seed, one run: every byte and the millisecond it passed at, again and again.
#![allow(missing_docs, clippy::unwrap_used, clippy::expect_used)]

#[allow(dead_code)]
mod pipe;

use std::{collections::BTreeSet, time::Duration};

use etcd_client::{Client, WatchOptions};
use etcd_model::{server::Model, time::Seed};
use pipe::Transcript;
use tokio::time::{sleep, timeout};

#[test]
fn the_same_seed_gives_the_same_bytes_at_the_same_times() {
    for release in ["3.5.5", "3.5.16"] {
        let runs: BTreeSet<String> = (0..50).map(|_| run(release, Seed(1))).collect();
        assert_eq!(runs.len(), 1, "{release}");
        let run = runs.first().unwrap();
        assert!(run.contains("etcdserver: "), "the refusal was not among what passed: {run}");
    }
}

#[test]
fn another_seed_gives_another_run() {
    let runs: BTreeSet<String> = (0..10).map(|seed| run("3.5.5", Seed(seed))).collect();
    assert_eq!(runs.len(), 10);
}

/// The story with four consumers on one stream and a client of its own for a fifth, in a runtime of its own.
fn run(release: &str, seed: Seed) -> String {
    let runtime =
        tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build().unwrap();
    runtime.block_on(async {
        let model = Model::start(pipe::settings(release).seeded(seed));
        pipe::switch_authentication_on(&model).await;
        let transcript = Transcript::new();
        let mut shared = pipe::root(pipe::tapped(&model, &transcript)).await;
        let mut other = pipe::root(pipe::tapped(&model, &transcript)).await;
        let everything = Some(WatchOptions::new().with_prefix());
        let mut lone = other.watch("/test", everything.clone()).await.unwrap();
        let mut stream = shared.watch("/test", everything.clone()).await.unwrap();
        for _ in 0..3 {
            stream.watch("/test", everything.clone()).await.unwrap();
        }
        enqueue(&mut shared, 3).await;
        sleep(Duration::from_secs(7)).await;
        stream.watch("/test", everything).await.unwrap();
        enqueue(&mut other, 3).await;
        while timeout(Duration::from_secs(1), stream.message()).await.is_ok() {}
        while timeout(Duration::from_secs(1), lone.message()).await.is_ok() {}
        transcript.text()
    })
}

async fn enqueue(client: &mut Client, items: usize) {
    for item in 0..items {
        client.put(format!("/test/{item}"), "item", None).await.unwrap();
    }
}
