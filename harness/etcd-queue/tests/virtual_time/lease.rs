//! Items that are acknowledged.

use std::time::Duration;

use etcd_client::Client;
use etcd_queue::{Delivery, LeaseBuilder, LeaseQueue, TokioClock};
use tokio::time::{Instant, sleep};

use crate::etcd::{Etcd, stored};

const TXN: &str = "/etcdserverpb.KV/Txn";
pub const TTL: Duration = Duration::from_secs(6);

pub fn builder(client: &Client, prefix: &str) -> LeaseBuilder {
    LeaseQueue::builder(client.clone(), prefix)
        .clock(TokioClock::starting_at(1_700_000_000_000_000_000))
        .jitter_seed(7)
        .session_ttl(TTL)
}

pub fn open(client: &Client) -> LeaseQueue {
    builder(client, "/test").open().unwrap()
}

pub fn text(delivery: &Delivery) -> String {
    String::from_utf8(delivery.value().to_vec()).unwrap()
}

#[tokio::test(start_paused = true)]
async fn an_item_stays_stored_until_it_is_acknowledged() {
    for release in ["3.5.5", "3.5.16", "3.7.3"] {
        let etcd = Etcd::start(release);
        let mut client = etcd.client().await;
        let queue = open(&client);
        queue.enqueue("a").await.unwrap();
        let delivery = queue.next().await.unwrap();
        assert_eq!((text(&delivery).as_str(), delivery.attempt(), delivery.is_stale()), ("a", 1, false));
        assert_eq!(stored(&mut client, "/test/").await, 1);
        delivery.ack().await.unwrap();
        assert_eq!(stored(&mut client, "/test/").await, 0);
        assert_eq!(stored(&mut client, "__rq1:5:/test/c/").await, 0);
    }
}

#[tokio::test(start_paused = true)]
async fn an_item_whose_holder_dies_is_handed_out_again_a_second_after_its_session_at_the_latest() {
    for release in ["3.5.5", "3.5.16", "3.7.3"] {
        let etcd = Etcd::start(release);
        let (client, wire) = etcd.wired(None).await;
        let (dies, lives) = (open(&client), open(&etcd.client().await));
        dies.enqueue("a").await.unwrap();
        let first = dies.next().await.unwrap();
        let waiting = tokio::spawn(async move { lives.next().await.unwrap() });
        sleep(Duration::from_secs(60)).await;
        assert!(!waiting.is_finished(), "handed out while its holder lives");
        wire.die();
        let died = Instant::now();
        let second = waiting.await.unwrap();
        assert!(died.elapsed() <= TTL + Duration::from_secs(1), "{:?}", died.elapsed());
        assert_eq!((text(&second).as_str(), second.attempt()), ("a", 2));
        assert!(first.is_stale() && second.fencing_token() > first.fencing_token());
        second.ack().await.unwrap();
    }
}

#[tokio::test(start_paused = true)]
async fn a_hundred_and_twenty_six_items_are_claimed_in_one_transaction_and_taken_over_in_two() {
    for release in ["3.5.5", "3.5.16", "3.7.3"] {
        let etcd = Etcd::start(release);
        let (for_first, dies) = etcd.wired(None).await;
        let (for_second, lives) = etcd.wired(None).await;
        let (first, second) = (open(&for_first), open(&for_second));
        for queue in [&first, &second] {
            queue.enqueue("a").await.unwrap();
            queue.next().await.unwrap().ack().await.unwrap();
        }
        first.enqueue_all(vec!["b"; 126]).await.unwrap();
        sleep(Duration::from_secs(1)).await;
        let before = dies.requests(TXN);
        let held = first.next_batch(126).await.unwrap();
        assert_eq!((held.len(), dies.requests(TXN) - before), (126, 1));
        dies.die();
        sleep(TTL * 2).await;
        let before = lives.requests(TXN);
        let again = second.next_batch(126).await.unwrap();
        assert!(again.iter().all(|delivery| delivery.attempt() == 2));
        assert_eq!((again.len(), lives.requests(TXN) - before), (126, 2));
    }
}
