//! How deliveries end: acknowledged, given back, put aside, fenced off, or along with a transaction of the
//! holder's own.

use std::time::Duration;

use etcd_client::{Compare, CompareOp, GetOptions, TxnOp};
use etcd_queue::{Error, Fence, Joined, LeaseQueue};
use tokio::time::{Instant, sleep, timeout};

use crate::consumers::recipe_dequeue;
use crate::etcd::{Etcd, stored};
use crate::lease::{TTL, builder, open, text};
use crate::settle;
use crate::wire::Mishap;

const TXN: &str = "/etcdserverpb.KV/Txn";

async fn next_of(queue: &LeaseQueue) -> (String, u32) {
    let delivery = queue.next().await.unwrap();
    let seen = (text(&delivery), delivery.attempt());
    delivery.ack().await.unwrap();
    seen
}

#[tokio::test(start_paused = true)]
async fn the_late_acknowledgement_of_a_holder_that_was_thought_dead_is_fenced_off() {
    let etcd = Etcd::start("3.5.16");
    let (client, wire) = etcd.wired(None).await;
    let (slow, other) = (open(&client), open(&etcd.client().await));
    slow.enqueue_all(["a", "b"]).await.unwrap();
    let [a, b] = <[_; 2]>::try_from(slow.next_batch(2).await.unwrap()).unwrap();
    assert!(!a.is_stale());
    // It hears and says nothing for longer than its session lasts.
    wire.deafen(true);
    sleep(TTL).await;
    assert!(a.is_stale(), "by its own clock");
    let again = other.next_batch(2).await.unwrap();
    wire.deafen(false);
    let [a_again, b_again] = <[_; 2]>::try_from(again).unwrap();
    b_again.ack().await.unwrap();
    let fenced = a.ack().await.unwrap_err();
    let Error::Fenced { key, by: Fence::Redelivered { attempt: 2, .. } } = &fenced else {
        panic!("{fenced:?}")
    };
    assert!(key.starts_with("/test/17"), "{key}");
    let gone = b.ack().await.unwrap_err();
    assert!(matches!(gone, Error::Fenced { by: Fence::Gone, .. }), "{gone:?}");
    a_again.ack().await.unwrap();
    assert_eq!(stored(&mut etcd.client().await, "__rq1:5:/test/c/").await, 0);
}

#[tokio::test(start_paused = true)]
async fn an_item_that_is_handed_out_too_often_is_put_aside_and_can_be_had_again() {
    for release in ["3.5.5", "3.7.3"] {
        let etcd = Etcd::start(release);
        let mut client = etcd.client().await;
        let queue = builder(&client, "/test").max_deliveries(2).open().unwrap();
        queue.enqueue_all(["bad", "worse", "good"]).await.unwrap();
        // What is given back keeps its place in line.
        for (name, attempt) in [("bad", 1), ("bad", 2), ("worse", 1), ("worse", 2)] {
            assert_eq!(queue.dead_letters().list(10).await.unwrap().len(), usize::from(name == "worse"));
            let delivery = queue.next().await.unwrap();
            assert_eq!((text(&delivery).as_str(), delivery.attempt()), (name, attempt));
            match name {
                "bad" => delivery.nack(Duration::ZERO).await.unwrap(),
                _ => drop(delivery),
            }
            settle().await;
        }
        assert_eq!(next_of(&queue).await, ("good".to_owned(), 1));
        settle().await;
        let letters = queue.dead_letters().list(10).await.unwrap();
        let seen: Vec<_> = letters.iter().map(|letter| (letter.value(), letter.attempts())).collect();
        assert_eq!(seen, [(b"bad".as_slice(), 2), (b"worse", 2)]);
        assert_eq!(queue.dead_letters().list(1).await.unwrap().len(), 1);
        assert_eq!(stored(&mut client, "/test/").await, 0);
        queue.dead_letters().purge(&letters[1]).await.unwrap();
        queue.dead_letters().requeue(&letters[0]).await.unwrap();
        queue.dead_letters().requeue(&letters[0]).await.unwrap();
        assert_eq!(queue.dead_letters().list(10).await.unwrap(), []);
        assert_eq!(next_of(&queue).await, ("bad".to_owned(), 1));
        assert_eq!(stored(&mut client, "/test/").await + stored(&mut client, "__rq1:5:/test/c/").await, 0);
    }
}

#[tokio::test(start_paused = true)]
async fn an_item_that_kills_its_holders_is_put_aside_too() {
    let etcd = Etcd::start("3.5.16");
    let living = builder(&etcd.client().await, "/test").max_deliveries(3).open().unwrap();
    living.enqueue("poison").await.unwrap();
    for attempt in 1..=3 {
        let (client, wire) = etcd.wired(None).await;
        let queue = open(&client);
        let delivery = queue.next().await.unwrap();
        assert_eq!(delivery.attempt(), attempt);
        wire.die();
        std::mem::forget(delivery);
    }
    let waiting = timeout(TTL * 2, living.next()).await;
    assert!(waiting.is_err(), "handed out a fourth time");
    let letters = living.dead_letters().list(10).await.unwrap();
    assert_eq!(letters.len(), 1);
    assert!(letters[0].why().starts_with("its holder's session"), "{}", letters[0].why());
}

#[tokio::test(start_paused = true)]
async fn an_item_that_is_given_back_comes_again_after_its_delay() {
    let etcd = Etcd::start("3.5.16");
    let [queue, other] = [open(&etcd.client().await), open(&etcd.client().await)];
    queue.enqueue_all(["a", "b"]).await.unwrap();
    queue.next().await.unwrap().nack(Duration::from_secs(30)).await.unwrap();
    let given_back = Instant::now();
    assert_eq!(next_of(&queue).await, ("b".to_owned(), 1));
    assert_eq!(next_of(&other).await, ("a".to_owned(), 2));
    let after = given_back.elapsed();
    assert!((Duration::from_millis(29_900)..Duration::from_millis(30_500)).contains(&after), "{after:?}");
}

#[tokio::test(start_paused = true)]
async fn a_queue_that_closes_hands_back_at_once_what_it_holds() {
    let etcd = Etcd::start("3.5.16");
    let mut client = etcd.client().await;
    let [queue, other] = [open(&client), open(&etcd.client().await)];
    queue.enqueue_all((0..300).map(|n| n.to_string())).await.unwrap();
    let mut held = queue.next_batch(299).await.unwrap();
    let acked = held.pop().unwrap();
    let acking = tokio::spawn(acked.ack());
    // A caller that gives up: what is claimed for it was handed to nobody.
    let _ = timeout(Duration::from_millis(1), queue.next()).await;
    tokio::task::yield_now().await;
    let began = Instant::now();
    queue.close().await;
    acking.await.unwrap().unwrap();
    let mut again = Vec::new();
    while again.len() < 299 {
        again.extend(other.next_batch(299).await.unwrap());
    }
    assert!(began.elapsed() < Duration::from_millis(500), "{:?}", began.elapsed());
    let second = again.iter().filter(|delivery| delivery.attempt() == 2).count();
    assert_eq!(second, 298, "what was handed to nobody counts as never handed out");
    assert!(held.iter().all(etcd_queue::Delivery::is_stale));
    let closed = held.pop().unwrap().ack().await.unwrap_err();
    assert!(matches!(closed, Error::Closed), "{closed:?}");
    assert!(matches!(queue.next().await.unwrap_err(), Error::Closed));
    for delivery in again {
        delivery.ack().await.unwrap();
    }
    other.close().await;
    assert_eq!(stored(&mut client, "/test/").await, 0);
    let all = client.get("__rq", Some(GetOptions::new().with_prefix())).await.unwrap();
    let keys: Vec<_> = all.kvs().iter().map(|kv| String::from_utf8_lossy(kv.key())).collect();
    let is_a_producers =
        |key: &str| key.starts_with("__rq1:5:/test/w/") || key.starts_with("__rq1:5:/test/s/");
    assert!(keys.iter().all(|key| is_a_producers(key)), "{keys:?}");
}

#[tokio::test(start_paused = true)]
async fn an_acknowledgement_with_operations_of_ones_own_does_both_or_nothing() {
    for mishap in [None, Some(Mishap::ReplyLost), Some(Mishap::LostOnTheWay)] {
        let etcd = Etcd::start("3.5.16");
        let (client, wire) = etcd.wired(None).await;
        let (mut kv, queue) = (etcd.client().await, open(&client));
        let next = builder(&client, "/next").open().unwrap();
        queue.enqueue("a").await.unwrap();
        let delivery = queue.next().await.unwrap();
        let done_before = || Compare::version("done", CompareOp::Greater, 0);
        let put = || TxnOp::put("done", "a", None);
        let not_met = delivery.ack_with([done_before()], [put()]).await.unwrap();
        assert_eq!(not_met, Joined::NotMet);
        assert_eq!((stored(&mut kv, "done").await, stored(&mut kv, "/test/").await), (0, 1));
        if let Some(mishap) = mishap {
            wire.plan(TXN, mishap);
        }
        let outbox = next.enqueue_ops("b");
        let joined = delivery.ack_with([outbox.compare], [put(), outbox.operation]).await.unwrap();
        assert!(!wire.has_mishaps_left());
        let found = kv.get("done", None).await.unwrap();
        assert_eq!(joined, Joined::Committed { revision: found.kvs()[0].mod_revision() }, "{mishap:?}");
        assert_eq!((found.kvs()[0].version(), stored(&mut kv, "/test/").await), (1, 0), "{mishap:?}");
        let again = delivery.ack_with([], [put()]).await.unwrap_err();
        assert!(matches!(again, Error::Fenced { by: Fence::Gone, .. }), "{again:?}");
        assert_eq!(next_of(&next).await, ("b".to_owned(), 1));
        let doubled = delivery.ack_with([], [put(), put()]).await.unwrap_err();
        assert!(matches!(doubled, Error::Refused { .. }), "{doubled:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_consumer_of_the_recipe_may_take_what_is_held_and_its_holder_is_fenced_off() {
    let etcd = Etcd::start("3.5.16");
    let (mut kv, queue) = (etcd.client().await, open(&etcd.client().await));
    queue.enqueue_all(["a", "b", "c"]).await.unwrap();
    let held = queue.next().await.unwrap();
    assert_eq!(recipe_dequeue(&mut kv).await, Some("a".to_owned()));
    settle().await;
    assert!(held.is_stale());
    let taken = held.ack().await.unwrap_err();
    assert!(matches!(taken, Error::Fenced { by: Fence::Taken, .. }), "{taken:?}");
    settle().await;
    assert_eq!(stored(&mut kv, "__rq1:5:/test/c/").await, 0, "the claim of what is gone");
    assert_eq!(next_of(&queue).await, ("b".to_owned(), 1));
    // Its holder dies, and somebody else takes it.
    let (client, wire) = etcd.wired(None).await;
    let dying = open(&client);
    std::mem::forget(dying.next().await.unwrap());
    wire.die();
    assert_eq!(recipe_dequeue(&mut kv).await, Some("c".to_owned()));
    let waiting = tokio::spawn(async move { next_of(&queue).await });
    sleep(Duration::from_secs(180)).await;
    assert_eq!(stored(&mut kv, "__rq1:5:/test/c/").await, 0, "the claim of a dead one on what is gone");
    open(&kv).enqueue("d").await.unwrap();
    assert_eq!(waiting.await.unwrap(), ("d".to_owned(), 1));
}

#[tokio::test(start_paused = true)]
async fn no_more_is_held_than_was_asked_for_and_allowed() {
    let etcd = Etcd::start("3.5.16");
    let queue = builder(&etcd.client().await, "/test").max_in_flight(3).open().unwrap();
    queue.enqueue_all((0..10).map(|n| n.to_string())).await.unwrap();
    let mut held = queue.next_batch(2).await.unwrap();
    held.extend(queue.next_batch(8).await.unwrap());
    assert_eq!(held.iter().map(text).collect::<Vec<_>>(), ["0", "1", "2"]);
    let more = timeout(Duration::from_secs(5), queue.next()).await;
    assert!(more.is_err(), "more than is allowed");
    held.remove(1).ack().await.unwrap();
    assert_eq!(text(&queue.next().await.unwrap()), "3");
}

#[tokio::test(start_paused = true)]
async fn settings_that_cannot_be_are_refused() {
    let client = Etcd::start("3.5.16").client().await;
    let refused = |builder: etcd_queue::LeaseBuilder| match builder.open().unwrap_err() {
        Error::BadSetting { setting, .. } => setting,
        other => panic!("{other:?}"),
    };
    assert_eq!(refused(builder(&client, "/q").session_ttl(Duration::from_millis(1_500))), "session_ttl");
    assert_eq!(refused(builder(&client, "/q").session_ttl(Duration::ZERO)), "session_ttl");
    assert_eq!(refused(builder(&client, "/q").max_deliveries(0)), "max_deliveries");
    assert_eq!(refused(builder(&client, "/q").max_in_flight(0)), "max_in_flight");
    assert!(matches!(builder(&client, "/q/").open().unwrap_err(), Error::BadPrefix { .. }));
}
