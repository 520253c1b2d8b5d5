//! Connections break, and replies are lost.

use std::time::Duration;

use libtest_mimic::Trial;

use super::{Arena, STORY, WATCHERS, duel, relay::Cut};
use crate::{etcd::Auth, watch::TOKEN_DIES_WITHIN};

pub fn trials() -> Vec<Trial> {
    let client = (STORY, Auth::Off);
    let mut trials = Vec::new();
    for (how, cut, text) in [
        (
            "ends",
            Cut::End,
            &["1: rpc error: code = Unavailable desc = error reading from server: EOF", "stored"],
        ),
        ("is_reset", Cut::Reset, &["1: ", "stored"]),
    ] {
        trials.extend([
            duel(
                &format!("a_waiting_call_outlives_a_connection_that_{how}"),
                "3.5.16",
                client,
                &["1: item a"],
                move |arena| a_waiting_call(arena, cut),
            ),
            duel(
                &format!("an_enqueue_whose_reply_is_lost_as_its_connection_{how}_fails"),
                "3.5.16",
                client,
                text,
                move |arena| an_enqueue_reply_lost(arena, cut),
            ),
        ]);
    }
    trials
}

async fn a_waiting_call(mut arena: Arena, cut: Cut) -> Vec<String> {
    arena.open().await;
    arena.wait_in_dequeue(1, "/test", 1).await;
    arena.relay.cut(cut);
    arena.item("/test", "a").await;
    vec![arena.side.reply().await]
}

async fn an_enqueue_reply_lost(mut arena: Arena, cut: Cut) -> Vec<String> {
    arena.open().await;
    arena.wait_in_dequeue(7, "/other", 1).await;
    arena.relay.pass_answers(0);
    arena.side.enqueue(1, "/test", "a");
    arena.until_stored("/test", 1).await;
    arena.relay.cut(cut);
    vec![arena.side.reply().await, "stored".to_owned()]
}

impl Arena {
    /// Until so many keys begin so.
    async fn until_stored(&self, prefix: &str, count: usize) {
        let mut admin = self.etcd.admin().await;
        let options = etcd_client::GetOptions::new().with_prefix().with_keys_only();
        let looking = async {
            while admin.get(prefix, Some(options.clone())).await.unwrap().kvs().len() != count {
                tokio::time::sleep(Duration::from_millis(5)).await;
            }
        };
        tokio::time::timeout(Duration::from_secs(5), looking).await.unwrap();
    }
}
