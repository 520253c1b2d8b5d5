//! Replies lost on real connections, with kill -9 and compactions among them.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use etcd_client::CompactionOptions;
use etcd_queue::{Certainty, connect_options};
use tokio::sync::mpsc;
use tokio::time::{Instant, sleep, timeout};

use crate::relay::Relay;
use crate::server::Server;
use crate::{next_text, open, text, trials, waiting};

trials![
    one_reply_in_thirty_lost_and_kills_lose_and_double_nothing,
    a_connection_that_is_swallowed_is_replaced_within_eight_seconds,
    a_black_hole_is_left_as_soon_as_it_ends,
];

const ITEMS: usize = 1_000;

async fn one_reply_in_thirty_lost_and_kills_lose_and_double_nothing(version: &'static str) {
    let mut server = Server::start(version).await;
    let mut relays = Vec::new();
    for _ in 0..5 {
        let relay = Relay::start(server.endpoint()).await;
        let client = relay.client(connect_options()).await;
        relays.push((relay, client));
    }
    let (sender, mut taken) = mpsc::unbounded_channel();
    for (n, (relay, client)) in relays[..3].iter().enumerate() {
        let (queue, sender) = (open(client, "/test"), sender.clone());
        relay.cut_one_reply_in(30);
        tokio::spawn(async move {
            while let Ok(items) = queue.next_batch([1, 5, 20][n]).await {
                items.into_iter().for_each(|item| sender.send(item).unwrap());
            }
        });
    }
    for (producer, (relay, client)) in relays[3..].iter().enumerate() {
        let queue = open(client, "/test");
        relay.cut_one_reply_in(30);
        tokio::spawn(async move {
            for n in 0..ITEMS / 2 {
                queue.enqueue(format!("{producer}.{n}")).await.unwrap();
            }
        });
    }
    let handed_out = Arc::new(Mutex::new(BTreeMap::<String, usize>::new()));
    let mut kills = 0;
    let mut count = 0;
    while count < ITEMS {
        let item = timeout(Duration::from_secs(30), taken.recv()).await.expect("items are missing").unwrap();
        assert_eq!(item.certainty(), Certainty::Confirmed);
        *handed_out.lock().unwrap().entry(text(&item)).or_default() += 1;
        count += 1;
        if count % 300 == 0 {
            server.kill();
            server.start_again(None).await;
            kills += 1;
            let mut client = server.connect(None).await;
            let now = client.put("foreign", "", None).await.unwrap().header().unwrap().revision();
            client.compact(now, Some(CompactionOptions::new().with_physical())).await.unwrap();
        }
    }
    sleep(Duration::from_secs(1)).await;
    assert!(taken.try_recv().is_err(), "more came out than went in");
    let handed_out = handed_out.lock().unwrap().clone();
    let doubled: Vec<_> = handed_out.iter().filter(|(_, count)| **count > 1).collect();
    assert_eq!((doubled, handed_out.len()), (vec![], ITEMS));
    let cuts: u64 = relays.iter().map(|(relay, _)| relay.cuts()).sum();
    assert!(cuts >= 20 && kills == 3, "{cuts} cuts, {kills} kills");
}

async fn a_connection_that_is_swallowed_is_replaced_within_eight_seconds(version: &'static str) {
    let server = Server::start(version).await;
    let relay = Relay::start(server.endpoint()).await;
    let queue = open(&relay.client(connect_options()).await, "/test");
    queue.enqueue("first").await.unwrap();
    assert_eq!(next_text(&queue).await, "first");
    let waiting = waiting(&queue);
    relay.swallow_connections();
    let began = Instant::now();
    open(&server.connect(None).await, "/test").enqueue("late").await.unwrap();
    assert_eq!(text(&waiting.await.unwrap().unwrap()), "late");
    assert!(began.elapsed() < Duration::from_secs(8), "{:?}", began.elapsed());
}

async fn a_black_hole_is_left_as_soon_as_it_ends(version: &'static str) {
    let server = Server::start(version).await;
    let relay = Relay::start(server.endpoint()).await;
    let queue = open(&relay.client(connect_options()).await, "/test");
    queue.enqueue("first").await.unwrap();
    assert_eq!(next_text(&queue).await, "first");
    let waiting = waiting(&queue);
    relay.be_black_hole(true);
    open(&server.connect(None).await, "/test").enqueue("late").await.unwrap();
    sleep(Duration::from_secs(9)).await;
    assert!(!waiting.is_finished());
    relay.be_black_hole(false);
    let ended = Instant::now();
    assert_eq!(text(&waiting.await.unwrap().unwrap()), "late");
    assert!(ended.elapsed() < Duration::from_secs(8), "{:?}", ended.elapsed());
}
