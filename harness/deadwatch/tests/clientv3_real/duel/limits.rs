//! A client is closed under its calls, and messages are too large.

use deadwatch::subject::Opening;
use libtest_mimic::Trial;

use super::{Arena, STORY, duel};
use crate::etcd::Auth;

/// How much the client takes.
const LIMIT_BYTES: usize = 50_000;

pub fn trials() -> Vec<Trial> {
    let client = (STORY, Auth::Off);
    vec![
        duel(
            "closing_the_client_under_a_call_is_a_crash",
            "3.5.16",
            client,
            &["died at queue.go:70"],
            a_close_under_a_call,
        ),
        duel(
            "calls_on_a_closed_client_fail_after_a_hundred_attempts",
            "3.5.16",
            (STORY, Auth::Lasting),
            &[
                "1: rpc error: code = Canceled desc = grpc: the client connection is closing",
                "2: rpc error: code = Canceled desc = grpc: the client connection is closing",
                "closed",
                "closed",
            ],
            calls_after_a_close,
        ),
        duel(
            "an_event_that_is_too_large_crashes_whoever_shares_its_stream",
            "3.5.16",
            client,
            &["died at queue.go:70"],
            an_event_that_is_too_large,
        ),
        duel(
            "an_item_that_is_too_large_fails_the_read",
            "3.5.16",
            client,
            &[
                "1: rpc error: code = ResourceExhausted desc = grpc: received message larger than max (N vs. 50000)",
            ],
            an_item_that_is_too_large,
        ),
        duel(
            "without_a_limit_five_mebibytes_are_taken",
            "3.5.16",
            client,
            &["1: item a", "2: item b"],
            five_mebibytes,
        ),
    ]
}

async fn a_close_under_a_call(mut arena: Arena) -> Vec<String> {
    arena.open().await;
    arena.wait_in_dequeue(1, "/test", 1).await;
    arena.side.close();
    let mut said = arena.side.reply().await;
    // Which of the two is quicker is nobody's business.
    if said == "closed" {
        said = arena.side.reply().await;
    }
    vec![said]
}

async fn calls_after_a_close(mut arena: Arena) -> Vec<String> {
    arena.open().await;
    arena.side.close();
    let mut said = vec![arena.side.reply().await];
    arena.side.dequeue(1, "/test");
    arena.side.enqueue(2, "/test", "a");
    arena.side.close();
    said.extend(arena.side.replies(3).await);
    said.sort();
    said
}

impl Arena {
    async fn open_with_a_limit(&mut self) {
        let opening = Opening { receive_limit_bytes: Some(LIMIT_BYTES), ..self.opening() };
        self.side.open(opening).await;
    }
}

async fn an_event_that_is_too_large(mut arena: Arena) -> Vec<String> {
    arena.open_with_a_limit().await;
    arena.wait_in_dequeue(1, "/a", 1).await;
    arena.wait_in_dequeue(2, "/b", 2).await;
    arena.item("/b", &"x".repeat(LIMIT_BYTES)).await;
    vec![arena.side.reply().await]
}

async fn an_item_that_is_too_large(mut arena: Arena) -> Vec<String> {
    arena.open_with_a_limit().await;
    arena.item("/test", &"x".repeat(LIMIT_BYTES)).await;
    arena.side.dequeue(1, "/test");
    vec![arena.side.reply().await]
}

/// A watch that was away is sent all that it missed in one message.
async fn five_mebibytes(mut arena: Arena) -> Vec<String> {
    arena.open().await;
    arena.wait_in_dequeue(1, "/a", 1).await;
    arena.wait_in_dequeue(2, "/b", 2).await;
    arena.relay.close();
    arena.relay.until_made(2).await;
    let mut admin = arena.etcd.admin().await;
    let space = " ".repeat(1 << 20);
    for n in 0..5 {
        admin.put(format!("/a/{n}"), format!("a{space}"), None).await.unwrap();
    }
    arena.relay.open();
    arena.item("/b", "b").await;
    arena.side.replies(2).await
}
