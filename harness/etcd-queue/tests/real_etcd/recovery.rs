//! What the queue does when its watch, its token, its connection or its etcd dies.

use std::time::Duration;

use etcd_client::CompactionOptions;
use etcd_queue::{Error, Operation};
use futures::FutureExt;
use tokio::time::{Instant, sleep};

use crate::meddler::{Meddler, Meddling};
use crate::server::{Server, TOKEN_IS_DEAD};
use crate::{next_text, open, text, trials, waiting};

const WATCH: &str = "/etcdserverpb.Watch/Watch";
const RANGE: &str = "/etcdserverpb.KV/Range";
const LOGIN: &str = "/etcdserverpb.Auth/Authenticate";

const RANGES: &[(&str, &str)] = &[("/test/", "/test0"), ("__rq1:5:/test/", "__rq1:5:/test0")];

trials![
    a_token_that_dies_while_waiting_is_mended,
    a_second_queue_on_a_client_whose_token_has_died_works,
    a_watch_refused_over_its_token_is_opened_again,
    a_compacted_watch_is_opened_again,
    a_stream_that_falls_silent_is_replaced,
    compaction_and_restart_while_waiting_are_survived,
    a_revoked_role_is_an_error_that_names_the_range,
    a_deleted_user_is_an_error,
    a_client_without_credentials_is_told_so,
    repeated_calls_that_are_refused_are_slowed_down,
];

async fn a_token_that_dies_while_waiting_is_mended(version: &'static str) {
    let server = Server::start_with_auth(version).await;
    let queue = open(&server.connect(Some("root")).await, "/test");
    let waiting = waiting(&queue);
    sleep(TOKEN_IS_DEAD).await;
    open(&server.connect(Some("root")).await, "/test").enqueue("late").await.unwrap();
    assert_eq!(text(&waiting.await.unwrap().unwrap()), "late");
    sleep(TOKEN_IS_DEAD).await;
    queue.enqueue("later").await.unwrap();
    assert_eq!(next_text(&queue).await, "later");
}

async fn a_second_queue_on_a_client_whose_token_has_died_works(version: &'static str) {
    let server = Server::start_with_auth(version).await;
    // Over a channel of its own, as a harness without sockets would have it.
    let (client, _) = Meddler::client(&server, Some("root"), "none").await;
    let producer = open(&server.connect(Some("root")).await, "/test");
    let first = open(&client, "/test");
    producer.enqueue("a").await.unwrap();
    assert_eq!(next_text(&first).await, "a");

    let first = waiting(&first);
    sleep(TOKEN_IS_DEAD).await;
    let second = open(&client, "/test");
    let second = waiting(&second);
    producer.enqueue("b").await.unwrap();
    producer.enqueue("c").await.unwrap();
    let mut both = [first.await, second.await].map(|item| text(&item.unwrap().unwrap()));
    both.sort();
    assert_eq!(both, ["b", "c"]);
}

/// Up to 3.5.5 the refusal says `permission denied`, later `invalid auth token`.
async fn a_watch_refused_over_its_token_is_opened_again(version: &'static str) {
    let server = Server::start_with_auth(version).await;
    let (client, plan) = Meddler::client(&server, Some("root"), WATCH).await;
    plan.lock().unwrap().push(Meddling::DeadToken);
    plan.lock().unwrap().push(Meddling::DeadToken);
    let queue = open(&client, "/test");
    let waiting = waiting(&queue);
    while plan.lock().unwrap().requests(WATCH) < 3 {
        sleep(Duration::from_millis(10)).await;
    }
    queue.enqueue("a").await.unwrap();
    assert_eq!(text(&waiting.await.unwrap().unwrap()), "a");
    assert_eq!(plan.lock().unwrap().requests(WATCH), 3);
    // One at first, and one before each new stream.
    assert_eq!(plan.lock().unwrap().requests(LOGIN), 3);
}

async fn a_compacted_watch_is_opened_again(version: &'static str) {
    let server = Server::start(version).await;
    let (client, plan) = Meddler::client(&server, None, WATCH).await;
    let mut other = server.connect(None).await;
    let compaction = async move {
        for _ in 0..5 {
            other.put("foreign", "", None).await.unwrap();
        }
        let now = other.put("foreign", "", None).await.unwrap().header().unwrap().revision();
        other.compact(now, Some(CompactionOptions::new().with_physical())).await.unwrap();
    };
    plan.lock().unwrap().push(Meddling::After(compaction.boxed()));
    let queue = open(&client, "/test");
    let waiting = waiting(&queue);
    // The item is stored only once the second watch is asked for: the first one never delivers.
    while plan.lock().unwrap().requests(WATCH) < 2 {
        sleep(Duration::from_millis(1)).await;
    }
    queue.enqueue("a").await.unwrap();
    assert_eq!(text(&waiting.await.unwrap().unwrap()), "a");
}

async fn a_stream_that_falls_silent_is_replaced(version: &'static str) {
    let server = Server::start(version).await;
    let (client, plan) = Meddler::client(&server, None, WATCH).await;
    plan.lock().unwrap().push(Meddling::MuteAfterOneMessage);
    let queue = open(&client, "/test");
    queue.enqueue("listed").await.unwrap();
    assert_eq!(next_text(&queue).await, "listed");
    let began = Instant::now();
    queue.enqueue("unheard").await.unwrap();
    assert_eq!(next_text(&queue).await, "unheard");
    assert!(began.elapsed() < Duration::from_secs(10), "{:?}", began.elapsed());
    assert_eq!(plan.lock().unwrap().requests(WATCH), 2);
    // A stream that answers its probe is kept.
    let waiting = waiting(&queue);
    sleep(Duration::from_secs(9)).await;
    assert_eq!(plan.lock().unwrap().requests(WATCH), 2);
    open(&client, "/test").enqueue("heard").await.unwrap();
    assert_eq!(text(&waiting.await.unwrap().unwrap()), "heard");
}

async fn compaction_and_restart_while_waiting_are_survived(version: &'static str) {
    let mut server = Server::start_with_auth(version).await;
    let mut client = server.connect(Some("root")).await;
    let queue = open(&client, "/test");
    queue.enqueue("a").await.unwrap();
    assert_eq!(next_text(&queue).await, "a");
    let waiting = waiting(&queue);
    let mut other = server.connect(Some("root")).await;
    for _ in 0..5 {
        other.put("foreign", "", None).await.unwrap();
    }
    let now = other.put("foreign", "", None).await.unwrap().header().unwrap().revision();
    other.compact(now, Some(CompactionOptions::new().with_physical())).await.unwrap();
    server.kill();
    // Enqueued once etcd is known to be away, and not on its way when it dies: it waits, too.
    while !is_connect_error(client.get("away?", None).await) {}
    let enqueued = tokio::spawn({
        let queue = queue.clone();
        async move { queue.enqueue("b").await }
    });
    server.start_again(Some("root")).await;
    enqueued.await.unwrap().unwrap();
    assert_eq!(text(&waiting.await.unwrap().unwrap()), "b");
}

fn is_connect_error<T>(answer: Result<T, etcd_client::Error>) -> bool {
    matches!(answer, Err(etcd_client::Error::GRpcStatus(status)) if status.message().contains("connect"))
}

async fn a_revoked_role_is_an_error_that_names_the_range(version: &'static str) {
    let server = Server::start_with_auth(version).await;
    server.add_user("worker", RANGES).await;
    let mut root = server.connect(Some("root")).await;
    let (mut worker, plan) = Meddler::client(&server, Some("root"), "none").await;
    worker.update_user(Some(("worker".into(), "worker".into()))).await.unwrap();
    let queue = open(&worker, "/test");
    queue.enqueue("a").await.unwrap();
    assert_eq!(next_text(&queue).await, "a");
    let logins = || plan.lock().unwrap().requests(LOGIN);
    let logins_before = logins();
    let waiting = waiting(&queue);
    root.user_revoke_role("worker", "worker").await.unwrap();
    root.put("/test/1700000000000000000", "b", None).await.unwrap();
    let denied = waiting.await.unwrap().unwrap_err();
    let Error::PermissionDenied { operation: Operation::Claim, range, reason } = &denied else {
        panic!("{denied:?}");
    };
    assert_eq!((range.as_str(), reason.as_str()), ("[/test/, /test0)", "etcdserver: permission denied"));
    // The claim, the slot that tells which range was refused, the claim without it, and the introduction to other
    // consumers: one login each.
    assert!((1..=5).contains(&(logins() - logins_before)), "{} logins", logins() - logins_before);
    let denied = queue.enqueue("c").await.unwrap_err();
    assert!(matches!(denied, Error::PermissionDenied { operation: Operation::Enqueue, .. }), "{denied:?}");

    // The right comes back, and so does the queue.
    root.user_grant_role("worker", "worker").await.unwrap();
    assert_eq!(next_text(&queue).await, "b");
}

async fn a_deleted_user_is_an_error(version: &'static str) {
    let server = Server::start_with_auth(version).await;
    server.add_user("worker", RANGES).await;
    let queue = open(&server.connect(Some("worker")).await, "/test");
    server.connect(Some("root")).await.user_delete("worker").await.unwrap();
    let refused = queue.next().await.unwrap_err();
    let Error::LoginRefused { range, reason } = &refused else { panic!("{refused:?}") };
    assert_eq!(range, "[/test/, /test0)");
    assert_eq!(reason, "etcdserver: authentication failed, invalid user ID or password");
}

async fn a_client_without_credentials_is_told_so(version: &'static str) {
    let server = Server::start_with_auth(version).await;
    let refused = open(&server.connect(None).await, "/test").next().await.unwrap_err();
    let Error::LoginRefused { reason, .. } = &refused else { panic!("{refused:?}") };
    assert_eq!(reason, "etcdserver: user name is empty");
}

async fn repeated_calls_that_are_refused_are_slowed_down(version: &'static str) {
    let server = Server::start_with_auth(version).await;
    server.add_user("worker", RANGES).await;
    let (client, plan) = Meddler::client(&server, Some("root"), RANGE).await;
    let mut worker = client.clone();
    worker.update_user(Some(("worker".into(), "worker".into()))).await.unwrap();
    let queue = open(&worker, "/other");
    let (end, mut errors) = (Instant::now() + Duration::from_secs(2), 0);
    while Instant::now() < end {
        let denied = queue.next().await.unwrap_err();
        assert!(matches!(denied, Error::PermissionDenied { operation: Operation::Read, .. }), "{denied:?}");
        errors += 1;
    }
    // At 50 to 500 ms each: at least four rests of half a second fit, at most a dozen of growing ones.
    assert!((4..=12).contains(&errors), "{errors} errors in two seconds");
    let requests = plan.lock().unwrap().requests(RANGE);
    assert!(requests <= 2 * errors, "{requests} reads for {errors} errors");
}
