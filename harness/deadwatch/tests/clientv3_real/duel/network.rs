//! Connections break, and replies are lost.

use std::time::Duration;

use libtest_mimic::Trial;
use tokio::time::sleep;

use super::{Arena, NEWEST, STORY, WATCHERS, duel, relay::Cut};
use crate::{etcd::Auth, watch::TOKEN_DIES_WITHIN};

const EOF: &str = "rpc error: code = Unavailable desc = error reading from server: EOF";

const RESET: &str = "rpc error: code = Unavailable desc = \
    error reading from server: read tcp ADDRESS->ADDRESS: read: connection reset by peer";

pub fn trials() -> Vec<Trial> {
    let client = (STORY, Auth::Off);
    let mut trials = Vec::new();
    for (how, cut, lost) in [("ends", Cut::End, EOF), ("is_reset", Cut::Reset, RESET)] {
        let fails = [format!("1: {lost}")];
        trials.extend([
            duel(
                &format!("a_waiting_call_outlives_a_connection_that_{how}"),
                "3.5.16",
                client,
                &["1: item a"],
                move |arena| a_waiting_call(arena, cut),
            ),
            duel(
                &format!("an_enqueue_whose_reply_is_lost_as_its_connection_{how}_fails_and_is_stored"),
                "3.5.16",
                client,
                &fails,
                move |arena| an_enqueue_reply_lost(arena, cut),
            ),
            duel(
                &format!("a_claim_whose_reply_is_lost_as_its_connection_{how}_fails_and_the_item_is_gone"),
                "3.5.16",
                client,
                &fails,
                move |arena| a_claim_reply_lost(arena, cut),
            ),
            duel(
                &format!("a_read_whose_reply_is_lost_as_its_connection_{how}_is_made_again"),
                "3.5.16",
                client,
                &["1: item a"],
                move |arena| a_read_reply_lost(arena, cut),
            ),
        ]);
    }
    for version in [STORY, NEWEST] {
        trials.extend([
            duel(
                "a_login_whose_reply_is_lost_fails_the_call_that_needs_it",
                "3.5.16",
                (version, Auth::On),
                &[format!("1: {EOF}")],
                a_login_reply_lost,
            ),
            duel(
                "a_stream_whose_login_s_reply_is_lost_logs_in_again",
                "3.5.16",
                (version, Auth::Lasting),
                &["1: item a"],
                a_stream_s_login_reply_lost,
            ),
            duel(
                "a_network_that_swallows_replies_holds_up_a_call_for_as_long_as_it_does",
                "3.5.16",
                (version, Auth::Lasting),
                &["silence", "1: item a", "2: done"],
                replies_swallowed,
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
    // The connection is there already.
    arena.wait_in_dequeue(7, "/other", 1).await;
    arena.relay.pass_answers(0);
    arena.side.enqueue(1, "/test", "a");
    arena.until_stored("/test", 1).await;
    arena.relay.cut(cut);
    vec![arena.side.reply().await]
}

async fn a_claim_reply_lost(mut arena: Arena, cut: Cut) -> Vec<String> {
    arena.open().await;
    arena.wait_in_dequeue(7, "/other", 1).await;
    arena.item("/test", "a").await;
    // That to the read.
    arena.relay.pass_answers(1);
    arena.side.dequeue(1, "/test");
    arena.until_stored("/test", 0).await;
    arena.relay.cut(cut);
    vec![arena.side.reply().await]
}

async fn a_read_reply_lost(mut arena: Arena, cut: Cut) -> Vec<String> {
    arena.open().await;
    arena.wait_in_dequeue(7, "/other", 1).await;
    arena.item("/test", "a").await;
    arena.relay.pass_answers(0);
    arena.side.dequeue(1, "/test");
    arena.relay.until_held().await;
    arena.relay.cut(cut);
    vec![arena.side.reply().await]
}

async fn a_login_reply_lost(mut arena: Arena) -> Vec<String> {
    arena.open().await;
    sleep(TOKEN_DIES_WITHIN).await;
    // That to the read, which is refused.
    arena.relay.pass_answers(1);
    arena.side.dequeue(1, "/test");
    arena.relay.until_held().await;
    arena.relay.cut(Cut::End);
    vec![arena.side.reply().await]
}

async fn a_stream_s_login_reply_lost(mut arena: Arena) -> Vec<String> {
    arena.open().await;
    // That to the read, which finds nothing.
    arena.relay.pass_answers(1);
    arena.side.dequeue(1, "/test");
    arena.relay.until_held().await;
    arena.relay.cut(Cut::End);
    arena.etcd.until_metric(WATCHERS, 1.0).await;
    arena.item("/test", "a").await;
    vec![arena.side.reply().await]
}

async fn replies_swallowed(mut arena: Arena) -> Vec<String> {
    arena.open().await;
    arena.wait_in_dequeue(1, "/test", 1).await;
    arena.relay.pass_answers(0);
    arena.side.enqueue(2, "/other", "b");
    arena.item("/test", "a").await;
    arena.until_stored("/other", 1).await;
    let silence = arena.side.silence(Duration::from_secs(2)).await;
    arena.relay.open();
    let mut said = arena.side.replies(2).await;
    said.insert(0, silence);
    said
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
