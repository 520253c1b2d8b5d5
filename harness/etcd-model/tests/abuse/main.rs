//! Requests and connections that make no sense: each is refused as etcd refuses it, and none stops the server.
//!
//! The written ones also run against real etcds, which are ignored unless asked for, since they need them: `just etcd
//! 3.5.5`, then `cargo test -p etcd-model --test abuse -- --ignored`. The drawn ones are few in a usual run; for more of
//! them, and others: `ETCD_MODEL_ABUSE=200 ETCD_MODEL_SEED=7 cargo test -p etcd-model --test abuse drawn`. The seed is
//! printed when a test fails, and repeats what was sent (not what of it goes on at the same moment).
#![allow(missing_docs, clippy::unwrap_used, clippy::expect_used)]

#[path = "../real/mod.rs"]
#[allow(dead_code)]
mod real;

mod case;
mod conversation;
mod draw;
mod malformed;
mod methods;
mod raw;
mod target;

use conversation::{Ending, State};
use draw::Draw;
use futures::future::join_all;
use raw::{Answered, Message};
use target::Target;

/// How many batches of each kind are sent, unless `ETCD_MODEL_ABUSE` says otherwise.
const BATCHES: u64 = 3;

/// How many connections go on at once.
const AT_ONCE: usize = 40;

/// How many drawn messages are on their way at once, enough for each method to meet most extremes in a few batches.
const MESSAGES: usize = 300;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn malformed_requests_get_the_errors_of_3_5_5() {
    written("3.5.5").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn malformed_requests_get_the_errors_of_3_7_3() {
    written("3.7.3").await;
}

#[tokio::test]
#[ignore = "needs target/etcd/3.5.5/etcd"]
async fn the_errors_expected_here_are_those_of_a_real_3_5_5() {
    let etcd = real::RealEtcd::start("3.5.5");
    malformed::hold(etcd.connect().await, "3.5.5").await;
}

#[tokio::test]
#[ignore = "needs target/etcd/3.7.3/etcd"]
async fn the_errors_expected_here_are_those_of_a_real_3_7_3() {
    let etcd = real::RealEtcd::start("3.7.3");
    malformed::hold(etcd.connect().await, "3.7.3").await;
}

async fn written(release: &str) {
    let target = Target::start(release).await;
    malformed::hold(target.channel().await, release).await;
    target.is_unharmed("the malformed requests").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn drawn_bytes_to_every_method_are_answered_and_harm_nobody() {
    batches("3.5.5", async |target, draw| {
        let channel = target.channel().await;
        let calls = methods::ALL.iter().map(|method| {
            let message = Message { path: method, body: draw.bytes(300), metadata: draw.metadata() };
            raw::call(channel.clone(), message)
        });
        for (method, answered) in methods::ALL.iter().zip(join_all(calls).await) {
            assert!(answered.is_by_etcd(method), "{method}: {answered:?}");
        }
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn drawn_messages_with_extreme_fields_are_answered_and_harm_nobody() {
    for release in ["3.5.5", "3.7.3"] {
        batches(release, async |target, draw| {
            let channel = target.channel().await;
            let mut calls = Vec::new();
            for _ in 0..MESSAGES {
                let (path, body) = draw.message();
                calls.push((
                    path,
                    raw::call(channel.clone(), Message { path, body, metadata: draw.metadata() }),
                ));
            }
            let (paths, calls): (Vec<_>, Vec<_>) = calls.into_iter().unzip();
            for (path, answered) in paths.iter().zip(join_all(calls).await) {
                assert!(answered.is_by_etcd(path), "{path}: {answered:?}");
                assert!(
                    !matches!(&answered, Answered::Refused(_, text) if text.contains("unmarshal")),
                    "{path}: what was drawn is no message: {answered:?}"
                );
            }
        })
        .await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn drawn_garbage_on_the_socket_harms_nobody() {
    batches("3.5.5", async |target, draw| {
        let garbage: Vec<_> = (0..AT_ONCE).map(|_| conversation::garbage(draw)).collect();
        join_all(garbage.into_iter().map(|bytes| conversation::say(target.address, bytes))).await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn connections_that_end_anywhere_in_what_they_say_leave_nothing_behind() {
    batches("3.5.5", async |target, draw| {
        let whole = conversation::whole();
        let parts: Vec<_> = (0..AT_ONCE).map(|_| whole[..draw.below(whole.len())].to_vec()).collect();
        join_all(parts.into_iter().map(|bytes| conversation::say(target.address, bytes))).await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn connections_that_end_in_each_state_leave_nothing_behind() {
    batches("3.5.5", async |target, _| {
        let all = State::ALL.iter().flat_map(|state| Ending::ALL.map(|ending| (*state, ending)));
        for (state, ending) in all {
            let connections = (0..AT_ONCE / 4).map(|_| conversation::reach(target.address, state));
            let connections = join_all(connections).await;
            target.reaches(state, AT_ONCE / 4).await;
            for connection in connections {
                ending.end(connection).await;
            }
            target.is_unharmed(&format!("{state:?}, {ending:?}")).await;
        }
    })
    .await;
}

/// Sends batches to one server, which must be well after each.
async fn batches(release: &str, send: impl AsyncFn(&Target, &mut Draw)) {
    let number = |name, usual| std::env::var(name).map_or(usual, |text| text.parse().unwrap());
    let (seed, count): (u64, u64) = (number("ETCD_MODEL_SEED", 1), number("ETCD_MODEL_ABUSE", BATCHES));
    let target = Target::start(release).await;
    for batch in 0..count {
        println!("{release}, ETCD_MODEL_SEED={seed}, batch {batch} of {count}");
        send(&target, &mut Draw::of(seed, batch)).await;
        target.is_unharmed(&format!("batch {batch} of seed {seed}")).await;
    }
}
