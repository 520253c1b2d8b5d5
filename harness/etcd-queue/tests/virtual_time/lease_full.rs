//! A full etcd: what is acknowledged is, nothing new is handed out, and nothing is lost.

use std::time::Duration;

use etcd_client::{AlarmAction, AlarmOptions, AlarmType, Client, DeleteOptions, TxnOp};
use etcd_model::member::Settings;
use etcd_queue::{Error, LeaseQueue};
use tokio::time::{Instant, sleep, timeout};

use crate::etcd::{Etcd, settings, stored};
use crate::lease::{builder, open, text};
use crate::settle;
use crate::wire::Mishap;

const TXN: &str = "/etcdserverpb.KV/Txn";
const QUOTA_BYTES: u64 = 4 * 1024 * 1024;

pub fn start(release: &str) -> Etcd {
    Etcd::start_with(Settings { quota_bytes: Some(QUOTA_BYTES), ..settings(release) })
}

/// Fills it up with what is nobody's, until it is refused.
pub async fn fill(client: &mut Client) {
    for number in 0..2 * QUOTA_BYTES / 65_536 {
        if client.put(format!("filling/{number}"), "x".repeat(65_536), None).await.is_err() {
            return;
        }
    }
    panic!("it is not full");
}

/// Makes room again, as its keeper would.
pub async fn make_room(client: &mut Client) {
    let deleted = client.delete("filling/", Some(DeleteOptions::new().with_prefix())).await.unwrap();
    client.compact(deleted.header().unwrap().revision(), None).await.unwrap();
    client.defragment().await.unwrap();
    let alarms = client.alarm(AlarmAction::Get, AlarmType::Nospace, None).await.unwrap();
    for alarm in alarms.alarms() {
        let mut of_member = AlarmOptions::new();
        of_member.with_member(alarm.member_id());
        client.alarm(AlarmAction::Deactivate, AlarmType::Nospace, Some(of_member)).await.unwrap();
    }
}

/// What calling again and again for ten seconds brings.
async fn insist(queue: &LeaseQueue) -> Vec<Result<etcd_queue::Delivery, Error>> {
    let (began, mut brought) = (Instant::now(), Vec::new());
    while began.elapsed() < Duration::from_secs(10)
        && let Ok(next) = timeout(Duration::from_secs(10), queue.next()).await
    {
        brought.push(next);
    }
    brought
}

#[tokio::test(start_paused = true)]
async fn a_full_etcd_takes_acknowledgements_and_hands_out_nothing_new() {
    for release in ["3.5.16", "3.7.3"] {
        let etcd = start(release);
        let mut kv = etcd.client().await;
        let (client, wire) = etcd.wired(None).await;
        let queue = open(&client);
        queue.enqueue_all((0..300).map(|n| n.to_string())).await.unwrap();
        let mut held = Vec::new();
        while held.len() < 200 {
            held.extend(queue.next_batch(200 - held.len()).await.unwrap());
        }
        fill(&mut kv).await;
        let joined = held[0].ack_with([], [TxnOp::put("done", "", None)]).await.unwrap_err();
        assert!(matches!(joined, Error::NoSpace { .. }), "{release}: {joined:?}");
        assert!(!held[0].is_stale(), "{release}: it stays its holder's");
        let given_back = held.pop().unwrap().nack(Duration::ZERO).await.unwrap_err();
        assert!(matches!(given_back, Error::NoSpace { .. }), "{release}: {given_back:?}");
        let lost = held.pop().unwrap();
        wire.plan(TXN, Mishap::ReplyLost);
        lost.ack().await.unwrap();
        assert!(!wire.has_mishaps_left());
        for acking in held.drain(..).map(|delivery| tokio::spawn(delivery.ack())) {
            acking.await.unwrap().unwrap();
        }
        assert_eq!(stored(&mut kv, "/test/").await, 101, "{release}");
        let before = wire.all_requests();
        let brought = insist(&queue).await;
        let asked = wire.all_requests() - before;
        assert!(asked <= 200, "{release}: {asked} requests in ten seconds");
        // Before 3.5.33 etcd does not count what nested transactions put.
        if release == "3.7.3" {
            let is_full = |next: &Result<_, Error>| matches!(next, Err(Error::NoSpace { .. }));
            assert!(!brought.is_empty() && brought.iter().all(is_full), "{release}: {brought:?}");
            let fresh = open(&etcd.client().await);
            assert!(matches!(fresh.next().await.unwrap_err(), Error::NoSpace { .. }));
        }
        drop(brought);
        make_room(&mut kv).await;
        let mut taken = 0;
        while taken < 101 {
            match timeout(Duration::from_secs(60), queue.next()).await.expect("it goes on") {
                Ok(delivery) => {
                    taken += 1;
                    delivery.ack().await.unwrap();
                }
                Err(Error::NoSpace { .. }) => {}
                Err(error) => panic!("{error:?}"),
            }
        }
        settle().await;
        assert_eq!(stored(&mut kv, "/test/").await, 0, "{release}");
    }
}

/// Before 3.5.7 a full etcd refuses each transaction, whatever it does.
#[tokio::test(start_paused = true)]
async fn where_a_full_etcd_takes_no_acknowledgement_it_is_told_so_and_the_item_comes_again() {
    let etcd = start("3.5.5");
    let mut kv = etcd.client().await;
    let (client, wire) = etcd.wired(None).await;
    let queue = open(&client);
    queue.enqueue_all(["a", "b"]).await.unwrap();
    let held = queue.next().await.unwrap();
    fill(&mut kv).await;
    let refused = held.ack().await.unwrap_err();
    assert!(matches!(refused, Error::NoSpace { .. }), "{refused:?}");
    let before = wire.all_requests();
    let brought = insist(&queue).await;
    assert!(brought.iter().all(|next| matches!(next, Err(Error::NoSpace { .. }))), "{brought:?}");
    let asked = wire.all_requests() - before;
    assert!(asked <= 300, "{asked} requests in ten seconds");
    make_room(&mut kv).await;
    let mut seen = Vec::new();
    while seen.len() < 2 {
        match timeout(Duration::from_secs(60), queue.next()).await.expect("it goes on") {
            Ok(delivery) => {
                seen.push((text(&delivery), delivery.attempt()));
                delivery.ack().await.unwrap();
            }
            Err(Error::NoSpace { .. }) => {}
            Err(error) => panic!("{error:?}"),
        }
    }
    seen.sort();
    assert_eq!(seen, [("a".to_owned(), 2), ("b".to_owned(), 1)]);
    assert_eq!(stored(&mut kv, "/test/").await, 0);
}

#[tokio::test(start_paused = true)]
async fn a_quota_that_is_crossed_while_items_are_claimed_and_acknowledged_loses_none() {
    for release in ["3.5.5", "3.5.16", "3.7.3"] {
        let etcd = start(release);
        let mut kv = etcd.client().await;
        let queue = builder(&etcd.client().await, "/test").max_deliveries(1_000).open().unwrap();
        queue.enqueue_all((0..600).map(|n| n.to_string())).await.unwrap();
        let filling = tokio::spawn({
            let mut kv = kv.clone();
            async move {
                for _ in 0..3 {
                    fill(&mut kv).await;
                    sleep(Duration::from_secs(2)).await;
                    make_room(&mut kv).await;
                    sleep(Duration::from_millis(100)).await;
                }
            }
        });
        let mut acked = std::collections::BTreeMap::<String, usize>::new();
        while acked.len() < 600 {
            let deliveries = match timeout(Duration::from_secs(60), queue.next_batch(7)).await {
                Ok(Ok(deliveries)) => deliveries,
                Ok(Err(Error::NoSpace { .. })) => continue,
                Ok(Err(error)) => panic!("{release}: {error:?}"),
                Err(_) => panic!("{release}: stuck at {}", acked.len()),
            };
            sleep(Duration::from_millis(20)).await;
            for delivery in deliveries {
                let item = text(&delivery);
                match delivery.ack().await {
                    Ok(()) => *acked.entry(item).or_default() += 1,
                    Err(Error::NoSpace { .. }) => {}
                    Err(error) => panic!("{release}: {error:?}"),
                }
            }
        }
        filling.await.unwrap();
        assert!(acked.values().all(|count| *count == 1), "{release}: {acked:?}");
        assert_eq!(stored(&mut kv, "/test/").await, 0, "{release}");
    }
}
