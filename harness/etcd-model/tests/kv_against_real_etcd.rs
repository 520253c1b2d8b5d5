//! The KV service against real etcds: the same requests must get the same answers.
//!
//! Ignored unless asked for, since it needs real etcds: `just etcd 3.5.5`, then
//! `cargo test -p etcd-model --test kv_against_real_etcd -- --ignored`. `ETCD_MODEL_SEED` draws other requests.
#![allow(missing_docs, clippy::unwrap_used, clippy::expect_used)]

mod call;
mod draw;
mod edges;
mod real;

use call::Answer;
use draw::Draw;
use etcd_model::proto::kv_client::KvClient;

/// How many requests one run makes. Histories stay short enough for every revision to be drawn now and then.
const CALLS: usize = 4_000;

#[tokio::test]
#[ignore = "needs target/etcd/3.5.5/etcd"]
async fn random_calls_get_the_answers_of_3_5_5() {
    random("3.5.5", 1).await;
}

#[tokio::test]
#[ignore = "needs target/etcd/3.5.16/etcd"]
async fn random_calls_get_the_answers_of_3_5_16() {
    random("3.5.16", 2).await;
}

#[tokio::test]
#[ignore = "needs target/etcd/3.7.3/etcd"]
async fn random_calls_get_the_answers_of_3_7_3() {
    random("3.7.3", 3).await;
}

#[tokio::test]
#[ignore = "needs target/etcd/3.5.5/etcd"]
async fn calls_at_the_limits_get_the_answers_of_3_5_5() {
    at_the_limits("3.5.5").await;
}

#[tokio::test]
#[ignore = "needs target/etcd/3.7.3/etcd"]
async fn calls_at_the_limits_get_the_answers_of_3_7_3() {
    at_the_limits("3.7.3").await;
}

async fn random(version: &str, seed: u64) {
    let seed = std::env::var("ETCD_MODEL_SEED").map_or(seed, |text| text.parse().unwrap());
    let etcd = real::RealEtcd::start(version);
    let mut real = KvClient::new(etcd.connect().await);
    let mut model = KvClient::new(real::model(version).await);
    let mut draw = Draw::new(seed);
    let (mut given, mut refused, mut newest) = (0, 0, 1);
    for number in 0..CALLS {
        let call = draw.call(newest);
        let expected = call.make(&mut real).await;
        let found = call.make(&mut model).await;
        assert_eq!(found, expected, "{version}, seed {seed}, call {number} at revision {newest}: {call:#?}");
        match expected {
            Answer::Given { revision, .. } => {
                newest = newest.max(revision);
                given += 1;
            }
            Answer::Refused(_) => refused += 1,
        }
    }
    println!("{version}, seed {seed}: {given} answers, {refused} refusals, at revision {newest}");
    assert!(given > CALLS / 3 && refused > CALLS / 20, "expected a draw that gets both answers and refusals");
}

async fn at_the_limits(version: &str) {
    let etcd = real::RealEtcd::start(version);
    // What is longest here is longer than a client takes by default.
    let mut real = KvClient::new(etcd.connect().await).max_decoding_message_size(usize::MAX);
    let mut model = KvClient::new(real::model(version).await).max_decoding_message_size(usize::MAX);
    for (title, call) in edges::calls(version) {
        let expected = call.make(&mut real).await;
        let found = call.make(&mut model).await;
        // Some of these are megabytes: say where they part instead of showing them.
        let brief = |answer: &Answer| format!("{answer:?}").chars().take(300).collect::<String>();
        assert!(found == expected, "{version}, {title}: {} instead of {}", brief(&found), brief(&expected));
        println!("{version}, {title}: {}", brief(&expected).chars().take(100).collect::<String>());
    }
}
