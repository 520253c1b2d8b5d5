//! One member of three is down, or does not answer.

use std::time::Duration;

use etcd_queue::{Delivery, Error, LeaseQueue, Queue, TokioClock};
use tokio::time::{Instant, sleep, timeout};

use crate::etcd::{Etcd, stored};
use crate::wire::Mishap;
use crate::{builder_on, next_text, settle, text};

const TXN: &str = "/etcdserverpb.KV/Txn";
const RANGE: &str = "/etcdserverpb.KV/Range";
const WATCH: &str = "/etcdserverpb.Watch/Watch";
const KEEP_ALIVE: &str = "/etcdserverpb.Lease/LeaseKeepAlive";
const LOGIN: &str = "/etcdserverpb.Auth/Authenticate";

/// How long it took; far less than this, or it hangs.
async fn timed(doing: impl Future<Output = ()>) -> Duration {
    let began = Instant::now();
    timeout(Duration::from_secs(60), doing).await.expect("it does not hang");
    began.elapsed()
}

async fn enqueue_each(queue: &Queue, items: std::ops::Range<u32>) {
    let all = async {
        for n in items {
            queue.enqueue(n.to_string()).await.unwrap();
        }
    };
    timed(all).await;
}

async fn taken(queue: &Queue, items: std::ops::Range<u32>) {
    let all = async {
        for n in items {
            assert_eq!(next_text(queue).await, n.to_string());
        }
    };
    timed(all).await;
}

#[tokio::test(start_paused = true)]
async fn a_member_that_is_down_from_the_start_costs_one_attempt_and_no_rest() {
    let etcd = Etcd::start("3.5.16");
    let (cluster, [down, serves, _]) = etcd.cluster(None);
    down.refuse(true);
    let queue = builder_on(cluster, "/test").open().unwrap();
    let first = timed(enqueue_each(&queue, 0..1)).await;
    assert!(first < Duration::from_millis(50), "the shortest rest is 50 ms: {first:?}");
    enqueue_each(&queue, 1..100).await;
    taken(&queue, 0..100).await;
    assert_eq!(down.attempts(), 1);
    assert!(serves.requests(TXN) >= 200, "requests stay with the member that serves");
}

#[tokio::test(start_paused = true)]
async fn a_member_that_goes_down_is_left_at_once_and_what_was_under_way_is_settled_elsewhere() {
    let etcd = Etcd::start("3.5.16");
    let (cluster, [goes, serves, _]) = etcd.cluster(None);
    let queue = builder_on(cluster, "/test").open().unwrap();
    enqueue_each(&queue, 0..10).await;
    goes.plan(TXN, Mishap::ReplyLost);
    let under_way = tokio::spawn({
        let queue = queue.clone();
        async move { queue.enqueue("10").await }
    });
    while goes.carried_out_unheard() == 0 {
        sleep(Duration::from_millis(1)).await;
    }
    goes.refuse(true);
    let doubt = timed(async { under_way.await.unwrap().unwrap() }).await;
    assert!(doubt < Duration::from_millis(50), "the shortest rest is 50 ms: {doubt:?}");
    assert_eq!(serves.requests(TXN), 1, "it was settled by the next member");
    let after = timed(enqueue_each(&queue, 11..100)).await;
    assert!(after < Duration::from_millis(89 * 5), "{after:?}");
    taken(&queue, 0..100).await;
    assert_eq!(queue.len().await.unwrap(), 0);
}

#[tokio::test(start_paused = true)]
async fn while_all_members_are_down_they_are_asked_a_few_times_a_second_and_the_first_to_return_serves() {
    let etcd = Etcd::start("3.5.16");
    let (cluster, wires) = etcd.cluster(None);
    let queue = builder_on(cluster, "/test").open().unwrap();
    enqueue_each(&queue, 0..1).await;
    wires.iter().for_each(|wire| wire.refuse(true));
    let late = tokio::spawn({
        let queue = queue.clone();
        async move { queue.enqueue("1").await }
    });
    sleep(Duration::from_secs(60)).await;
    let attempts = wires.iter().map(|wire| wire.attempts()).sum::<usize>();
    assert!((60 * 3..60 * 3 * 5).contains(&attempts), "{attempts} attempts in a minute");
    wires[2].refuse(false);
    let back = timed(async { late.await.unwrap().unwrap() }).await;
    assert!(back < Duration::from_millis(600), "the longest rest is 500 ms: {back:?}");
    taken(&queue, 0..2).await;
}

#[tokio::test(start_paused = true)]
async fn a_member_that_does_not_answer_is_left_within_a_second_and_left_alone() {
    let etcd = Etcd::start("3.5.16");
    let (cluster, [hangs, serves, _]) = etcd.cluster(None);
    let queue = builder_on(cluster, "/test").open().unwrap();
    enqueue_each(&queue, 0..10).await;
    hangs.deafen(true);
    let back = timed(enqueue_each(&queue, 10..11)).await;
    assert!(back < Duration::from_secs(1), "{back:?}");
    let before = hangs.all_requests();
    let after = timed(enqueue_each(&queue, 11..100)).await;
    assert!(after < Duration::from_millis(89 * 5), "{after:?}");
    taken(&queue, 0..100).await;
    sleep(Duration::from_secs(600)).await;
    enqueue_each(&queue, 100..110).await;
    taken(&queue, 100..110).await;
    assert_eq!(hangs.all_requests(), before, "nothing goes back to it while another serves");
    assert!(serves.requests(TXN) > 100);
}

#[tokio::test(start_paused = true)]
async fn a_watch_moves_from_a_member_that_does_not_answer_within_eight_seconds() {
    let etcd = Etcd::start("3.5.16");
    let (cluster, [hangs, serves, _]) = etcd.cluster(None);
    let queue = builder_on(cluster, "/test").open().unwrap();
    enqueue_each(&queue, 0..1).await;
    taken(&queue, 0..1).await;
    let waiting = tokio::spawn({
        let queue = queue.clone();
        async move { text(&queue.next().await.unwrap()) }
    });
    settle().await;
    assert_eq!((hangs.requests(WATCH), serves.requests(WATCH)), (1, 0));
    hangs.deafen(true);
    let producer = builder_on(etcd.client().await, "/test").open().unwrap();
    producer.enqueue("late").await.unwrap();
    let back = timed(async { assert_eq!(waiting.await.unwrap(), "late") }).await;
    assert!(back < Duration::from_secs(8), "{back:?}");
    assert_eq!(serves.requests(WATCH), 1);
}

#[tokio::test(start_paused = true)]
async fn a_watch_is_asked_at_once_where_its_member_leaves_something_else_unanswered() {
    let etcd = Etcd::start("3.5.16");
    let (cluster, [hangs, serves, _]) = etcd.cluster(None);
    let queue = builder_on(cluster, "/test").open().unwrap();
    enqueue_each(&queue, 0..1).await;
    taken(&queue, 0..1).await;
    let waiting = tokio::spawn({
        let queue = queue.clone();
        async move { text(&queue.next().await.unwrap()) }
    });
    settle().await;
    hangs.deafen(true);
    let back = timed(async {
        queue.enqueue("late").await.unwrap();
        assert_eq!(waiting.await.unwrap(), "late");
    });
    let back = back.await;
    // 0.6 s for the answer to the enqueue, 3 s for that to the watch.
    assert!(back < Duration::from_millis(4_200), "{back:?}");
    assert_eq!(serves.requests(WATCH), 1);
}

#[tokio::test(start_paused = true)]
async fn a_watch_is_kept_whose_member_is_slow_for_once_and_answers() {
    let etcd = Etcd::start("3.5.16");
    let (cluster, [slow, next, _]) = etcd.cluster(None);
    let queue = builder_on(cluster, "/test").open().unwrap();
    enqueue_each(&queue, 0..1).await;
    taken(&queue, 0..1).await;
    let waiting = tokio::spawn({
        let queue = queue.clone();
        async move { text(&queue.next().await.unwrap()) }
    });
    settle().await;
    slow.plan(TXN, Mishap::ReplyLost);
    enqueue_each(&queue, 1..2).await;
    assert_eq!(waiting.await.unwrap(), "1");
    let watches = slow.requests(WATCH);
    sleep(Duration::from_secs(60)).await;
    assert_eq!((slow.requests(WATCH), next.requests(WATCH)), (watches, 0));
}

#[tokio::test(start_paused = true)]
async fn a_watch_whose_member_goes_down_is_made_again_elsewhere_without_a_rest() {
    let etcd = Etcd::start("3.5.16");
    let (cluster, [goes, serves, _]) = etcd.cluster(None);
    let queue = builder_on(cluster, "/test").open().unwrap();
    enqueue_each(&queue, 0..1).await;
    taken(&queue, 0..1).await;
    let waiting = tokio::spawn({
        let queue = queue.clone();
        async move { text(&queue.next().await.unwrap()) }
    });
    settle().await;
    goes.refuse(true);
    let made = timed(async {
        while serves.requests(WATCH) == 0 {
            sleep(Duration::from_millis(1)).await;
        }
    });
    let made = made.await;
    assert!(made < Duration::from_millis(50), "the shortest rest is 50 ms: {made:?}");
    let producer = builder_on(etcd.client().await, "/test").open().unwrap();
    producer.enqueue("late").await.unwrap();
    assert_eq!(waiting.await.unwrap(), "late");
}

#[tokio::test(start_paused = true)]
async fn a_session_lives_on_though_the_member_that_kept_it_does_not_answer() {
    let etcd = Etcd::start("3.5.16");
    let (cluster, [hangs, serves, _]) = etcd.cluster(None);
    let queue = lease(cluster);
    queue.enqueue("held").await.unwrap();
    let delivery: Delivery = queue.next().await.unwrap();
    settle().await;
    hangs.deafen(true);
    // Several times as long as the session lives without a sign of life.
    sleep(Duration::from_secs(20)).await;
    assert!(!delivery.is_stale());
    assert!(serves.requests(KEEP_ALIVE) > 10);
    delivery.ack().await.unwrap();
    let mut client = etcd.client().await;
    assert_eq!(stored(&mut client, "/test/").await, 0);
}

fn lease(cluster: etcd_queue::Cluster) -> LeaseQueue {
    LeaseQueue::builder(cluster, "/test")
        .clock(TokioClock::starting_at(1_700_000_000_000_000_000))
        .jitter_seed(7)
        .session_ttl(Duration::from_secs(3))
        .open()
        .unwrap()
}

#[tokio::test(start_paused = true)]
async fn each_member_gets_a_login_of_its_own_when_it_is_first_asked() {
    let etcd = Etcd::start_with_auth("3.5.16").await;
    let (cluster, [goes, serves, idle]) = etcd.cluster(Some("root"));
    let queue = builder_on(cluster, "/test").open().unwrap();
    enqueue_each(&queue, 0..3).await;
    taken(&queue, 0..2).await;
    assert_eq!([&goes, &serves, &idle].map(|wire| wire.requests(LOGIN)), [1, 0, 0]);
    goes.refuse(true);
    enqueue_each(&queue, 3..6).await;
    taken(&queue, 2..6).await;
    assert!(serves.requests(LOGIN) >= 1 && idle.requests(LOGIN) == 0);
}

#[tokio::test(start_paused = true)]
async fn a_wrong_password_is_said_once_and_not_taken_for_a_member_that_is_down() {
    let etcd = Etcd::start_with_auth("3.5.16").await;
    let (cluster, [first, second, third]) = etcd.cluster(Some("nobody"));
    let queue = builder_on(cluster, "/test").open().unwrap();
    let refused = timeout(Duration::from_secs(1), queue.enqueue("a")).await.expect("an answer");
    assert!(matches!(refused, Err(Error::LoginRefused { .. })), "{refused:?}");
    assert_eq!([second, third].map(|wire| wire.all_requests()), [0, 0]);
    assert_eq!(first.requests(LOGIN), 1);
}

#[tokio::test(start_paused = true)]
async fn in_slow_weather_requests_are_waited_for_and_not_settled_again_and_again() {
    let etcd = Etcd::start("3.5.16");
    let (cluster, wires) = etcd.cluster(None);
    let queue = builder_on(cluster, "/test").open().unwrap();
    enqueue_each(&queue, 0..1).await;
    wires.iter().for_each(|wire| wire.slow_down(Duration::from_secs(2)));
    let first = timed(enqueue_each(&queue, 1..2)).await;
    assert!(first < Duration::from_secs(20), "{first:?}");
    enqueue_each(&queue, 2..4).await;
    let before = wires.iter().map(|wire| wire.requests(TXN)).sum::<usize>();
    enqueue_each(&queue, 4..8).await;
    let sent = wires.iter().map(|wire| wire.requests(TXN)).sum::<usize>() - before;
    assert_eq!(sent, 4, "none was given up once it is known what they take");
    wires.iter().for_each(|wire| wire.slow_down(Duration::ZERO));
    taken(&queue, 0..8).await;
    assert_eq!(wires.iter().map(|wire| wire.requests(RANGE)).min(), Some(0));
}

#[tokio::test(start_paused = true)]
async fn endpoints_that_cannot_be_are_named() {
    use etcd_queue::{Cluster, ClusterOptions};
    let refused = |endpoints: &[&str]| Cluster::connect(endpoints, ClusterOptions::new()).unwrap_err();
    let none = refused(&[]);
    assert!(none.to_string().contains("no endpoint is given"), "{none}");
    let bad = refused(&["127.0.0.1:2379", "not an address"]);
    assert!(bad.to_string().contains("\"not an address\""), "{bad}");
}
