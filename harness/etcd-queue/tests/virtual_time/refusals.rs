//! What cannot be mended is said, with its cause and its range, and not too often.

use std::time::Duration;

use etcd_queue::{Error, Operation};
use tokio::time::{Instant, sleep};

use crate::etcd::Etcd;
use crate::wire::Wire;
use crate::{builder, next_text, open, settle};

const RANGES: &[(&str, &str)] = &[("/test/", "/test0"), ("__rq1:5:/test/", "__rq1:5:/test0")];
const RELEASES: [&str; 2] = ["3.5.5", "3.5.16"];

#[tokio::test(start_paused = true)]
async fn a_permission_taken_away_is_named_with_its_range_and_given_back_it_is_used() {
    for release in RELEASES {
        let etcd = Etcd::start_with_auth(release).await;
        etcd.add_user("worker", RANGES).await;
        let queue = open(&etcd.client_of("worker").await, "/test");
        queue.enqueue("a").await.unwrap();
        assert_eq!(next_text(&queue).await, "a");
        let waiting = tokio::spawn({
            let queue = queue.clone();
            async move { queue.next().await }
        });
        settle().await;
        let mut root = etcd.client_of("root").await;
        root.user_revoke_role("worker", "worker").await.unwrap();
        open(&root, "/test").enqueue("b").await.unwrap();
        let denied = waiting.await.unwrap().unwrap_err();
        let Error::PermissionDenied { operation: Operation::Claim, range, .. } = &denied else {
            panic!("{release}: {denied:?}");
        };
        assert_eq!(range, "[/test/, /test0)");
        let denied = queue.enqueue("c").await.unwrap_err();
        let Error::PermissionDenied { operation: Operation::Enqueue, range, .. } = &denied else {
            panic!("{release}: {denied:?}");
        };
        assert_eq!(range, "[/test/, /test0)");
        let denied = queue.len().await.unwrap_err();
        assert!(matches!(denied, Error::PermissionDenied { operation: Operation::Count, .. }), "{denied:?}");
        root.user_grant_role("worker", "worker").await.unwrap();
        assert_eq!(next_text(&queue).await, "b", "{release}");
        queue.enqueue("d").await.unwrap();
        assert_eq!(next_text(&queue).await, "d", "{release}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_changed_password_is_named_and_its_items_stay() {
    for release in RELEASES {
        let etcd = Etcd::start_with_auth(release).await;
        etcd.add_user("worker", RANGES).await;
        let (mut client, wire) = etcd.wired(Some("worker")).await;
        let queue = open(&client, "/test");
        queue.enqueue("a").await.unwrap();
        assert_eq!(next_text(&queue).await, "a");
        let waiting = tokio::spawn({
            let queue = queue.clone();
            async move { queue.next().await }
        });
        settle().await;
        let mut root = etcd.client_of("root").await;
        root.user_change_password("worker", "another").await.unwrap();
        wire.cut();
        let refused = waiting.await.unwrap().unwrap_err();
        let Error::LoginRefused { range, reason } = &refused else { panic!("{release}: {refused:?}") };
        assert_eq!(range, "[/test/, /test0)");
        assert_eq!(reason, "etcdserver: authentication failed, invalid user ID or password");
        let refused = queue.enqueue("b").await.unwrap_err();
        assert!(matches!(refused, Error::LoginRefused { .. }), "{release}: {refused:?}");
        client.update_user(Some(("worker".to_owned(), "another".to_owned()))).await.unwrap();
        open(&root, "/test").enqueue("c").await.unwrap();
        assert_eq!(next_text(&queue).await, "c", "{release}");
    }
}

/// How many errors come and requests go in ten seconds of calling at once again.
async fn insist<F: Future<Output = Option<Error>>>(wire: &Wire, call: impl Fn() -> F) -> (usize, usize) {
    let before = wire.all_requests();
    let (end, mut errors) = (Instant::now() + Duration::from_secs(10), 0);
    while Instant::now() < end {
        call().await.expect("an error");
        errors += 1;
    }
    (errors, wire.all_requests() - before)
}

#[tokio::test(start_paused = true)]
async fn calls_made_straight_after_refused_ones_are_paced() {
    for (name, ranges) in [("all", &RANGES[..0]), ("records", &RANGES[1..]), ("queue", &RANGES[..0])] {
        let etcd = Etcd::start_with_auth("3.5.16").await;
        etcd.add_user("worker", ranges).await;
        let (mut client, wire) = etcd.wired(Some("worker")).await;
        if name == "all" {
            etcd.client_of("root").await.user_delete("worker").await.unwrap();
            client.update_user(None).await.unwrap();
        }
        let queue = open(&client, "/test");
        let counts = [
            ("next", insist(&wire, || async { queue.next().await.err() }).await),
            ("next_batch", insist(&wire, || async { queue.next_batch(9).await.err() }).await),
            ("enqueue", insist(&wire, || async { queue.enqueue("a").await.err() }).await),
            ("len", insist(&wire, || async { queue.len().await.err() }).await),
        ];
        for (call, (errors, requests)) in counts {
            // One after each rest: of half a second at most, and of a quarter at least once they have grown.
            assert!((15..=60).contains(&errors), "{name}, {call}: {errors} errors in ten seconds");
            assert!(requests <= 8 * errors, "{name}, {call}: {requests} requests for {errors} errors");
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_full_etcd_and_a_bad_prefix_are_named() {
    let etcd = Etcd::start("3.5.16");
    let client = etcd.client().await;
    for prefix in ["", "/test/", "__rq1:5:/test"] {
        let refused = etcd_queue::Queue::builder(client.clone(), prefix).open().unwrap_err();
        assert!(matches!(&refused, Error::BadPrefix { prefix: named, .. } if named == prefix), "{refused:?}");
    }
    sleep(Duration::from_millis(1)).await;
}

#[tokio::test(start_paused = true)]
async fn calls_on_a_closed_queue_are_paced_and_the_first_is_not() {
    let etcd = Etcd::start("3.5.16");
    let (client, wire) = etcd.wired(None).await;
    let queue = open(&client, "/test");
    queue.close().await.unwrap();
    let closed = Instant::now();
    assert!(matches!(queue.next().await, Err(Error::Closed)));
    assert_eq!(closed.elapsed(), Duration::ZERO);
    for (errors, requests) in [
        insist(&wire, || async { queue.next().await.err() }).await,
        insist(&wire, || async { queue.enqueue("a").await.err() }).await,
        insist(&wire, || async { queue.len().await.err() }).await,
    ] {
        assert!((15..=60).contains(&errors), "{errors} errors in ten seconds");
        assert_eq!(requests, 0);
    }
}

#[tokio::test(start_paused = true)]
async fn an_etcd_that_is_away_for_too_long_is_named_to_those_who_wait_and_used_when_it_is_back() {
    let etcd = Etcd::start("3.5.16");
    let client = etcd.client().await;
    let queue = builder(&client, "/test").patience(Duration::from_secs(15)).open().unwrap();
    queue.enqueue("a").await.unwrap();
    assert_eq!(next_text(&queue).await, "a");
    etcd.kill().await;
    for _ in 0..2 {
        let began = Instant::now();
        let error = queue.next().await.unwrap_err();
        let Error::Unavailable { range, away, .. } = &error else { panic!("{error:?}") };
        assert_eq!(range, "[/test/, /test0)");
        let (least, most) = (Duration::from_secs(15), Duration::from_secs(17));
        assert!((least..most).contains(&began.elapsed()) && (least..most).contains(away), "{error}");
    }
    let waiting = tokio::spawn({
        let queue = queue.clone();
        async move { next_text(&queue).await }
    });
    sleep(Duration::from_secs(10)).await;
    etcd.start_again().await;
    queue.enqueue("b").await.unwrap();
    assert_eq!(waiting.await.unwrap(), "b");
}
