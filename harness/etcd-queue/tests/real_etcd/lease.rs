//! Acknowledged deliveries on real etcds.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use etcd_client::{Client, CompactionOptions, GetOptions, TxnOp};
use etcd_queue::{Delivery, Error, Fence, Joined, LeaseQueue, connect_options};
use tokio::sync::mpsc;
use tokio::time::{Instant, sleep, timeout};

use crate::relay::Relay;
use crate::server::Server;
use crate::trials;

trials![
    items_are_acknowledged_given_back_and_put_aside,
    an_item_whose_holder_dies_is_handed_out_again_a_second_after_its_session_at_the_latest,
    a_late_acknowledgement_is_fenced_off,
    the_largest_batches_pass,
    without_rights_on_its_claims_a_queue_refuses,
    lost_replies_and_kills_lose_nothing_and_acknowledge_nothing_twice,
];

const TTL: Duration = Duration::from_secs(3);

fn open(client: &Client) -> LeaseQueue {
    LeaseQueue::builder(client.clone(), "/test").session_ttl(TTL).max_deliveries(1_000).open().unwrap()
}

fn text(delivery: &Delivery) -> String {
    String::from_utf8(delivery.value().to_vec()).unwrap()
}

async fn count(client: &Client, prefix: &str) -> i64 {
    let all = GetOptions::new().with_prefix().with_count_only();
    client.kv_client().get(prefix, Some(all)).await.unwrap().count()
}

async fn items_are_acknowledged_given_back_and_put_aside(version: &'static str) {
    let server = Server::start(version).await;
    let client = server.connect(None).await;
    let queue = LeaseQueue::builder(client.clone(), "/test").max_deliveries(2).open().unwrap();
    queue.enqueue_all(["a", "b"]).await.unwrap();
    queue.next().await.unwrap().nack(Duration::from_millis(300)).await.unwrap();
    let b = queue.next().await.unwrap();
    let joined = b.ack_with([], [TxnOp::put("done", text(&b), None)]).await.unwrap();
    assert!(matches!(joined, Joined::Committed { .. }));
    let again = queue.next().await.unwrap();
    assert_eq!((text(&again).as_str(), again.attempt()), ("a", 2));
    again.nack(Duration::ZERO).await.unwrap();
    let letters = queue.dead_letters().list(10).await.unwrap();
    assert_eq!(letters.iter().map(etcd_queue::DeadLetter::value).collect::<Vec<_>>(), [b"a"]);
    queue.dead_letters().requeue(&letters[0]).await.unwrap();
    queue.next().await.unwrap().ack().await.unwrap();
    queue.close().await;
    assert_eq!((count(&client, "/test/").await, count(&client, "__rq1:5:/test/c/").await), (0, 0));
    assert_eq!((count(&client, "__rq1:5:/test/a/").await, count(&client, "done").await), (0, 1));
}

async fn an_item_whose_holder_dies_is_handed_out_again_a_second_after_its_session_at_the_latest(
    version: &'static str,
) {
    let server = Server::start(version).await;
    let relay = Relay::start(server.endpoint()).await;
    let dies = open(&relay.client(connect_options()).await);
    let lives = open(&server.connect(None).await);
    dies.enqueue("a").await.unwrap();
    let first = dies.next().await.unwrap();
    let waiting = tokio::spawn(async move { lives.next().await.unwrap() });
    sleep(TTL * 2).await;
    assert!(!waiting.is_finished(), "handed out while its holder lives");
    relay.be_black_hole(true);
    let died = Instant::now();
    let second = waiting.await.unwrap();
    assert!(died.elapsed() <= TTL + Duration::from_secs(1), "{:?}", died.elapsed());
    assert_eq!((second.attempt(), first.is_stale()), (2, true));
    second.ack().await.unwrap();
}

async fn a_late_acknowledgement_is_fenced_off(version: &'static str) {
    let server = Server::start(version).await;
    let relay = Relay::start(server.endpoint()).await;
    let slow = open(&relay.client(connect_options()).await);
    let other = open(&server.connect(None).await);
    slow.enqueue("a").await.unwrap();
    let first = slow.next().await.unwrap();
    relay.be_black_hole(true);
    let second = other.next().await.unwrap();
    relay.be_black_hole(false);
    let fenced = first.ack().await.unwrap_err();
    assert!(matches!(fenced, Error::Fenced { by: Fence::Redelivered { attempt: 2, .. }, .. }), "{fenced:?}");
    second.ack().await.unwrap();
}

async fn the_largest_batches_pass(version: &'static str) {
    let server = Server::start(version).await;
    let queue = open(&server.connect(None).await);
    queue.enqueue_all((0..1_000).map(|n| n.to_string())).await.unwrap();
    let (mut taken, mut acking) = (Vec::new(), Vec::new());
    while taken.len() < 1_000 {
        for delivery in queue.next_batch(126).await.unwrap() {
            taken.push(text(&delivery));
            acking.push(tokio::spawn(delivery.ack()));
        }
    }
    for acking in acking {
        acking.await.unwrap().unwrap();
    }
    assert_eq!(taken, (0..1_000).map(|n| n.to_string()).collect::<Vec<_>>());
    assert_eq!(queue.len().await.unwrap(), 0);
    // A consumer that dies with all of them in hand: they are taken over in batches, too.
    queue.enqueue_all((0..300).map(|n| n.to_string())).await.unwrap();
    let relay = Relay::start(server.endpoint()).await;
    let dies = open(&relay.client(connect_options()).await);
    let held = dies.next_batch(300).await.unwrap();
    assert_eq!(held.len(), 300);
    relay.be_black_hole(true);
    let mut again = Vec::new();
    while again.len() < 300 {
        again.extend(queue.next_batch(300).await.unwrap());
    }
    assert!(again.iter().all(|delivery| delivery.attempt() == 2));
}

async fn without_rights_on_its_claims_a_queue_refuses(version: &'static str) {
    let server = Server::start_with_auth(version).await;
    server.add_user("worker", &[("/test/", "/test0")]).await;
    server.add_user("entitled", &[("/test/", "/test0"), ("__rq1:5:/test/", "__rq1:5:/test0")]).await;
    let queue = open(&server.connect(Some("worker")).await);
    queue.enqueue("a").await.unwrap();
    let refused = queue.next().await.unwrap_err();
    let Error::PermissionDenied { range, .. } = &refused else { panic!("{refused:?}") };
    assert_eq!(range, "[__rq1:5:/test/, __rq1:5:/test0)");
    let entitled = open(&server.connect(Some("entitled")).await);
    let held = entitled.next().await.unwrap();
    // Longer than the token lives, so that the session is kept, and the item acknowledged, with another one.
    sleep(TTL * 2).await;
    assert!(!held.is_stale());
    held.ack().await.unwrap();
    entitled.close().await;
    let root = server.connect(Some("root")).await;
    assert_eq!((count(&root, "/test/").await, count(&root, "__rq1:5:/test/a/").await), (0, 0));
}

async fn lost_replies_and_kills_lose_nothing_and_acknowledge_nothing_twice(version: &'static str) {
    const ITEMS: usize = 600;
    let mut server = Server::start(version).await;
    let mut relays = Vec::new();
    for _ in 0..4 {
        let relay = Relay::start(server.endpoint()).await;
        let client = relay.client(connect_options()).await;
        relays.push((relay, client));
    }
    let acked = Arc::new(Mutex::new(BTreeMap::<String, usize>::new()));
    let (tell, mut told) = mpsc::unbounded_channel();
    for (n, (relay, client)) in relays[..3].iter().enumerate() {
        let (queue, acked, tell) = (open(client), acked.clone(), tell.clone());
        relay.cut_one_reply_in(30);
        tokio::spawn(async move {
            loop {
                for delivery in queue.next_batch([1, 5, 20][n]).await.unwrap() {
                    let item = text(&delivery);
                    match delivery.ack().await {
                        Ok(()) => {
                            *acked.lock().unwrap().entry(item).or_default() += 1;
                            tell.send(()).unwrap();
                        }
                        Err(Error::Fenced { .. }) => {}
                        Err(error) => panic!("{error}"),
                    }
                }
            }
        });
    }
    let producer = open(&relays[3].1);
    relays[3].0.cut_one_reply_in(30);
    tokio::spawn(async move {
        for n in 0..ITEMS {
            producer.enqueue(n.to_string()).await.unwrap();
        }
    });
    for count in 1..=ITEMS {
        let told = timeout(Duration::from_secs(30), told.recv()).await;
        assert!(told.is_ok(), "only {count} were acknowledged");
        if count % 200 == 0 {
            server.kill();
            server.start_again(None).await;
            let mut client = server.connect(None).await;
            let now = client.put("foreign", "", None).await.unwrap().header().unwrap().revision();
            client.compact(now, Some(CompactionOptions::new().with_physical())).await.unwrap();
        }
    }
    sleep(Duration::from_secs(1)).await;
    let acked = acked.lock().unwrap().clone();
    let doubled: Vec<_> = acked.iter().filter(|(_, count)| **count > 1).collect();
    assert_eq!((doubled, acked.len()), (vec![], ITEMS));
    let client = server.connect(None).await;
    assert_eq!((count(&client, "/test/").await, count(&client, "__rq1:5:/test/c/").await), (0, 0));
    let cuts: u64 = relays.iter().map(|(relay, _)| relay.cuts()).sum();
    assert!(cuts >= 20, "{cuts} cuts");
}
