//! The server ends and comes back.

use std::time::Duration;

use libtest_mimic::Trial;

use super::{Arena, STORY, WATCHERS, duel};
use crate::etcd::Auth;

pub fn trials() -> Vec<Trial> {
    let mut trials = Vec::new();
    for version in ["3.5.5", "3.5.16", "3.7.3"] {
        for auth in [Auth::Off, Auth::Lasting] {
            let with = |what| {
                format!("{what}_{}", if auth == Auth::Lasting { "with_a_login" } else { "without_one" })
            };
            let client = (STORY, auth);
            let served = &["1: item a", "2: item b"];
            trials.extend([
                duel(&with("waiting_calls_outlive_a_stop"), version, client, served, |arena| {
                    waiting_calls_and_a_restart(arena, Ending::Stop)
                }),
                duel(&with("waiting_calls_outlive_a_kill"), version, client, served, |arena| {
                    waiting_calls_and_a_restart(arena, Ending::Kill)
                }),
            ]);
        }
        trials.extend([
            duel(
                "an_idle_call_a_compaction_and_a_kill_are_a_crash",
                version,
                (STORY, Auth::Off),
                &["died at queue.go:70"],
                an_idle_call_and_a_compaction,
            ),
            duel(
                "calls_made_while_the_server_is_down_wait_for_it",
                version,
                (STORY, Auth::Lasting),
                &["silence", "2: done", "3: item a"],
                calls_while_it_is_down,
            ),
        ]);
    }
    trials
}

#[derive(Clone, Copy)]
enum Ending {
    Stop,
    Kill,
}

async fn waiting_calls_and_a_restart(mut arena: Arena, ending: Ending) -> Vec<String> {
    arena.open().await;
    arena.wait_in_dequeue(1, "/a", 1).await;
    arena.wait_in_dequeue(2, "/b", 2).await;
    match ending {
        Ending::Stop => arena.etcd.stop(),
        Ending::Kill => arena.etcd.kill(),
    }
    arena.etcd.start_again();
    arena.etcd.until_metric(WATCHERS, 2.0).await;
    arena.item("/a", "a").await;
    arena.item("/b", "b").await;
    arena.side.replies(2).await
}

async fn an_idle_call_and_a_compaction(mut arena: Arena) -> Vec<String> {
    arena.open().await;
    arena.wait_in_dequeue(1, "/test", 1).await;
    let mut admin = arena.etcd.admin().await;
    admin.put("/other", "1", None).await.unwrap();
    let put = admin.put("/other", "2", None).await.unwrap();
    admin.compact(put.header().unwrap().revision(), None).await.unwrap();
    arena.etcd.kill();
    arena.etcd.start_again();
    vec![arena.side.reply().await]
}

async fn calls_while_it_is_down(mut arena: Arena) -> Vec<String> {
    arena.open().await;
    // By its watch the client notices that its connection is gone, and tries another.
    arena.wait_in_dequeue(1, "/other", 1).await;
    arena.etcd.stop();
    arena.relay.until_made(2).await;
    arena.side.enqueue(2, "/test", "a");
    arena.side.dequeue(3, "/test");
    let silence = arena.side.silence(Duration::from_secs(1)).await;
    arena.etcd.start_again();
    let mut said = arena.side.replies(2).await;
    said.insert(0, silence);
    said
}
