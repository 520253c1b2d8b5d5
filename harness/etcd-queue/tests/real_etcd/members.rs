//! One member of three is down, hangs, or was the leader. How fast a queue is back is measured by the benchmark; here it
//! is back at all while the member is still away, and nothing is lost or doubled on the way.

use std::collections::BTreeSet;
use std::time::Duration;

use etcd_queue::{LeaseQueue, Queue, connect_options};
use tokio::task::JoinHandle;
use tokio::time::sleep;

use crate::cluster::Three;
use crate::relay::Relay;
use crate::server::Server;
use crate::{next_text, text, trials, waiting};

trials![
    a_dead_follower_is_left_and_every_item_comes_through_once,
    a_follower_that_hangs_is_left_and_every_item_comes_through_once,
    a_leader_that_is_killed_is_left_and_every_item_comes_through_once,
    a_leader_that_hangs_is_left_and_every_item_comes_through_once,
    a_session_outlives_the_member_that_kept_it,
    connections_are_not_ended_by_etcd_over_their_pings,
];

/// Enqueues and takes, all the while, and what became of it.
struct Traffic {
    queue: Queue,
    producers: Vec<JoinHandle<Vec<String>>>,
    consumer: JoinHandle<Vec<String>>,
    ends: tokio::sync::watch::Sender<bool>,
}

impl Traffic {
    fn start(queue: Queue) -> Self {
        let (ends, ended) = tokio::sync::watch::channel(false);
        let producers = (0..4).map(|producer| {
            let (queue, ended) = (queue.clone(), ended.clone());
            tokio::spawn(async move {
                let mut stored = Vec::new();
                while !*ended.borrow() {
                    let item = format!("{producer}.{}", stored.len());
                    queue.enqueue(item.clone()).await.unwrap();
                    stored.push(item);
                }
                stored
            })
        });
        let producers = producers.collect();
        let from = queue.clone();
        let consumer = tokio::spawn(async move {
            let mut taken = Vec::new();
            while let Ok(items) = from.next_batch(126).await {
                taken.extend(items.iter().map(text));
            }
            taken
        });
        Self { queue, producers, consumer, ends }
    }

    /// Every item that was stored was taken, once. Some may have been claimed for a call that the close ended: those
    /// are stored again.
    async fn end(self, three: &Three) {
        self.ends.send(true).unwrap();
        let mut stored = BTreeSet::new();
        for producer in self.producers {
            stored.extend(producer.await.unwrap());
        }
        while self.queue.len().await.unwrap() > 0 {
            sleep(Duration::from_millis(50)).await;
        }
        self.queue.close().await.unwrap();
        let mut taken = self.consumer.await.unwrap();
        let rest = open(three, 0, "/test");
        while rest.len().await.unwrap() > 0 {
            taken.extend(rest.next_batch(126).await.unwrap().iter().map(text));
        }
        let once: BTreeSet<_> = taken.iter().cloned().collect();
        assert_eq!(once.len(), taken.len(), "an item was taken twice");
        let missing: Vec<_> = stored.difference(&once).collect();
        assert!(missing.is_empty(), "lost: {missing:?}");
        assert!(!taken.is_empty() && once.is_subset(&stored), "nobody stored some that were taken");
    }
}

/// One enqueue, and the taking of its item.
async fn round(queue: &Queue) {
    queue.enqueue("round").await.unwrap();
    assert_eq!(next_text(queue).await, "round");
}

fn open(three: &Three, first: usize, prefix: &str) -> Queue {
    Queue::builder(three.cluster(first), prefix).open().unwrap()
}

async fn a_dead_follower_is_left_and_every_item_comes_through_once(version: &'static str) {
    let mut three = Three::start(version).await;
    let follower = (three.leader(None).await + 1) % 3;
    let traffic = Traffic::start(open(&three, follower, "/test"));
    sleep(Duration::from_millis(500)).await;
    three.members[follower].kill();
    // Who comes now finds it dead from the start.
    round(&open(&three, follower, "/other")).await;
    traffic.end(&three).await;
}

async fn a_follower_that_hangs_is_left_and_every_item_comes_through_once(version: &'static str) {
    let three = Three::start(version).await;
    let follower = (three.leader(None).await + 1) % 3;
    let (queue, other) = (open(&three, follower, "/test"), open(&three, follower, "/other"));
    round(&other).await;
    let idle = waiting(&open(&three, follower, "/idle"));
    let traffic = Traffic::start(queue);
    sleep(Duration::from_millis(500)).await;
    three.members[follower].pause();
    round(&other).await;
    open(&three, (follower + 1) % 3, "/idle").enqueue("late").await.unwrap();
    assert_eq!(text(&idle.await.unwrap().unwrap()), "late");
    // What it was sent is still there when it wakes up.
    three.members[follower].resume();
    traffic.end(&three).await;
}

async fn a_leader_that_is_killed_is_left_and_every_item_comes_through_once(version: &'static str) {
    let mut three = Three::start(version).await;
    let leader = three.leader(None).await;
    // One queue on the leader, one on a follower that forwards to it.
    let queues = [open(&three, leader, "/a"), open(&three, leader + 1, "/b")];
    for queue in &queues {
        round(queue).await;
    }
    let traffic = Traffic::start(open(&three, leader + 1, "/test"));
    sleep(Duration::from_millis(500)).await;
    three.members[leader].kill();
    for queue in &queues {
        round(queue).await;
    }
    traffic.end(&three).await;
}

async fn a_leader_that_hangs_is_left_and_every_item_comes_through_once(version: &'static str) {
    let three = Three::start(version).await;
    let leader = three.leader(None).await;
    let traffic = Traffic::start(open(&three, leader, "/test"));
    let queue = open(&three, leader, "/other");
    round(&queue).await;
    three.members[leader].pause();
    round(&queue).await;
    // What it was sent is still there when it wakes up.
    three.members[leader].resume();
    sleep(Duration::from_secs(1)).await;
    traffic.end(&three).await;
}

async fn a_session_outlives_the_member_that_kept_it(version: &'static str) {
    let three = Three::start(version).await;
    let follower = (three.leader(None).await + 1) % 3;
    let queue = LeaseQueue::builder(three.cluster(follower), "/test")
        .session_ttl(Duration::from_secs(3))
        .open()
        .unwrap();
    queue.enqueue("held").await.unwrap();
    let held = queue.next().await.unwrap();
    three.members[follower].pause();
    sleep(Duration::from_secs(10)).await;
    assert!(!held.is_stale());
    held.ack().await.unwrap();
    assert_eq!(queue.len().await.unwrap(), 0);
}

/// etcd ends a connection after the third ping too many: with a ping every 4 s, idle or not, after 12 s.
async fn connections_are_not_ended_by_etcd_over_their_pings(version: &'static str) {
    let server = Server::start(version).await;
    let relays = [Relay::start(server.endpoint()).await, Relay::start(server.endpoint()).await];
    let [clients, members] = &relays;
    let idle = crate::open(&clients.client(connect_options()).await, "/idle");
    idle.enqueue("once").await.unwrap();
    let options = etcd_queue::ClusterOptions::new();
    let waits = Queue::connect([members.endpoint()], options, "/waits").unwrap().open().unwrap();
    let waiting = waiting(&waits);
    // Six intervals.
    sleep(Duration::from_secs(32)).await;
    assert_eq!(next_text(&idle).await, "once");
    waits.enqueue("late").await.unwrap();
    assert_eq!(text(&waiting.await.unwrap().unwrap()), "late");
    assert_eq!([clients.connections(), members.connections()], [1, 1]);
}
