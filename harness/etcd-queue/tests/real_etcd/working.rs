//! What the queue does while nothing is wrong.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use etcd_queue::{Error, Queue};
use tokio::task::yield_now;
use tokio::time::sleep;

use crate::meddler::Meddler;
use crate::server::Server;
use crate::{next_text, open, trials, waiting};

trials![
    items_come_in_the_order_they_were_enqueued_in,
    a_waiting_caller_gets_the_item_that_is_enqueued_then,
    large_values_arrive_whole,
    a_backlog_of_several_pages_is_listed_whole,
    neighbouring_prefixes_are_left_alone,
    items_enqueued_at_one_instant_get_keys_of_their_own,
    two_consumers_share_two_hundred_items,
    dropped_calls_lose_nothing_and_change_no_order,
    the_tasks_end_with_the_last_handle,
    a_closed_queue_says_so,
];

async fn items_come_in_the_order_they_were_enqueued_in(version: &'static str) {
    let server = Server::start(version).await;
    let queue = open(&server.connect(None).await, "/test");
    let made: Vec<String> = (0..40).map(|n| format!("item {n}")).collect();
    for value in &made {
        queue.enqueue(value.as_str()).await.unwrap();
    }
    for value in &made {
        assert_eq!(&next_text(&queue).await, value);
    }
}

async fn a_waiting_caller_gets_the_item_that_is_enqueued_then(version: &'static str) {
    let server = Server::start(version).await;
    let queue = open(&server.connect(None).await, "/test");
    // The first item proves that the range is watched, so that the second comes by the watch.
    queue.enqueue("first").await.unwrap();
    assert_eq!(next_text(&queue).await, "first");
    let (second, stored) = tokio::join!(next_text(&queue), queue.enqueue("second"));
    stored.unwrap();
    assert_eq!(second, "second");
}

async fn large_values_arrive_whole(version: &'static str) {
    let server = Server::start(version).await;
    let client = server.connect(None).await;
    let (producer, consumer) = (open(&client, "/test"), open(&client, "/test"));
    let value = |n: u8| vec![n; 1_200_000];
    producer.enqueue(value(0)).await.unwrap();
    assert_eq!(consumer.next().await.unwrap().into_value(), value(0));
    // More than the 4 MiB that gRPC takes by default, by the watch to one and by the listing to another.
    for n in 1..9 {
        producer.enqueue(value(n)).await.unwrap();
    }
    for n in 1..5 {
        assert_eq!(consumer.next().await.unwrap().into_value(), value(n));
    }
    let late = open(&client, "/test");
    for n in 5..9 {
        assert_eq!(late.next().await.unwrap().into_value(), value(n));
    }
    let refused = producer.enqueue(vec![0; 1_700_000]).await;
    assert!(matches!(refused, Err(Error::TooLarge { .. })), "{refused:?}");
}

async fn a_backlog_of_several_pages_is_listed_whole(version: &'static str) {
    let server = Server::start(version).await;
    let mut client = server.connect(None).await;
    // Later keys first, so that the first item in line is on the last page.
    for hundred in (0..101).rev() {
        let puts: Vec<_> = (0..100)
            .map(|n| etcd_client::TxnOp::put(format!("/test/{}", 100_000 + hundred * 100 + n), "", None))
            .collect();
        client.txn(etcd_client::Txn::new().and_then(puts)).await.unwrap();
    }
    let queue = open(&client, "/test");
    for n in 0..3 {
        assert_eq!(queue.next().await.unwrap().key(), format!("/test/{}", 110_000 + n).as_bytes());
    }
}

async fn neighbouring_prefixes_are_left_alone(version: &'static str) {
    let server = Server::start(version).await;
    let mut client = server.connect(None).await;
    let neighbours = ["/test2/1", "/test-settings", "/test/sub/1", "/test/config", "/tes", "/test0"];
    for key in neighbours {
        client.put(key, "not ours", None).await.unwrap();
    }
    let queue = open(&client, "/test");
    queue.enqueue("listed").await.unwrap();
    assert_eq!(next_text(&queue).await, "listed");
    for key in neighbours {
        client.put(key, "not ours either", None).await.unwrap();
    }
    queue.enqueue("watched").await.unwrap();
    assert_eq!(next_text(&queue).await, "watched");
    for key in neighbours {
        let kept = client.get(key, None).await.unwrap();
        assert_eq!(kept.count(), 1, "{key}");
    }
}

#[derive(Debug)]
struct StoppedClock;

impl etcd_queue::Clock for StoppedClock {
    fn unix_ns(&self) -> u64 {
        1_700_000_000_000_000_000
    }
}

async fn items_enqueued_at_one_instant_get_keys_of_their_own(version: &'static str) {
    let server = Server::start(version).await;
    let client = server.connect(None).await;
    let stopped = || Queue::builder(client.clone(), "/test").clock(StoppedClock).open().unwrap();
    let (one, other) = (stopped(), stopped());
    for n in 0..3 {
        one.enqueue(format!("one {n}")).await.unwrap();
        other.enqueue(format!("other {n}")).await.unwrap();
    }
    let mut keys = Vec::new();
    for expected in ["one 0", "other 0", "one 1", "other 1", "one 2", "other 2"] {
        let item = one.next().await.unwrap();
        assert_eq!(item.value(), expected.as_bytes());
        keys.push(String::from_utf8(item.key().to_vec()).unwrap());
    }
    let all: Vec<String> = (0..6).map(|n| format!("/test/170000000000000000{n}")).collect();
    assert_eq!(keys, all);
}

async fn two_consumers_share_two_hundred_items(version: &'static str) {
    let server = Server::start(version).await;
    let producer = open(&server.connect(None).await, "/test");
    let (sender, mut taken) = tokio::sync::mpsc::unbounded_channel();
    let mut consumers = Vec::new();
    for name in ["one", "other"] {
        let (queue, sender) = (open(&server.connect(None).await, "/test"), sender.clone());
        consumers.push(tokio::spawn(async move {
            loop {
                sender.send((name, next_text(&queue).await)).unwrap();
            }
        }));
    }
    let made: BTreeSet<String> = (0..200).map(|n| format!("item {n}")).collect();
    for value in &made {
        producer.enqueue(value.as_str()).await.unwrap();
    }
    let (mut seen, mut names) = (BTreeSet::new(), BTreeSet::new());
    while seen.len() < made.len() {
        let (name, value) = taken.recv().await.unwrap();
        names.insert(name);
        assert!(seen.insert(value.clone()), "{value} was handed out twice");
    }
    assert_eq!((seen, names.len()), (made, 2));
    consumers.iter().for_each(tokio::task::JoinHandle::abort);
}

async fn dropped_calls_lose_nothing_and_change_no_order(version: &'static str) {
    const ITEMS: usize = 300;
    let server = Server::start(version).await;
    let client = server.connect(None).await;
    let (producer, queue) = (open(&client, "/test"), open(&client, "/test"));
    let producing = tokio::spawn(async move {
        for n in 0..ITEMS {
            producer.enqueue(n.to_string()).await.unwrap();
        }
    });
    let (mut taken, mut drops) = (Vec::new(), 0);
    while taken.len() < ITEMS {
        // Some calls are given up after a few turns of the runtime, some after a millisecond.
        let give_up = async {
            match drops % 5 {
                0 => sleep(Duration::from_millis(1)).await,
                turns => {
                    for _ in 0..turns * 4 {
                        yield_now().await;
                    }
                }
            }
        };
        tokio::select! {
            biased;
            () = give_up => drops += 1,
            item = queue.next() => taken.push(item.unwrap()),
        }
    }
    producing.await.unwrap();
    let taken: Vec<usize> =
        taken.iter().map(|item| String::from_utf8_lossy(item.value()).parse().unwrap()).collect();
    assert_eq!(taken, (0..ITEMS).collect::<Vec<_>>());
    assert!(drops >= ITEMS, "only {drops} calls were dropped");
}

async fn the_tasks_end_with_the_last_handle(version: &'static str) {
    let server = Server::start(version).await;
    // Every clone of the client, the tasks' own included, holds on to the plan.
    let (client, plan) = Meddler::client(&server, None, "none").await;
    let queue = Queue::builder(client, "/test").open().unwrap();
    let clone = queue.clone();
    queue.enqueue("a").await.unwrap();
    assert_eq!(next_text(&clone).await, "a");
    drop(queue);
    clone.enqueue("b").await.unwrap();
    drop(clone);
    while Arc::strong_count(&plan) > 1 {
        sleep(Duration::from_millis(1)).await;
    }
}

async fn a_closed_queue_says_so(version: &'static str) {
    let server = Server::start(version).await;
    let queue = open(&server.connect(None).await, "/test");
    queue.enqueue("a").await.unwrap();
    assert_eq!(next_text(&queue).await, "a");
    let waiting = waiting(&queue);
    queue.close().await.unwrap();
    assert!(matches!(waiting.await.unwrap(), Err(Error::Closed)));
    assert!(matches!(queue.next().await, Err(Error::Closed)));
    assert!(matches!(queue.enqueue("b").await, Err(Error::Closed)));
    queue.close().await.unwrap();
}
