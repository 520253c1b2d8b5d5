//! What mends itself while items are held, and what is refused.

use std::time::Duration;

use etcd_client::{Permission, RoleRevokePermissionOptions};
use etcd_queue::{Error, LeaseQueue};
use tokio::time::{Instant, sleep, timeout};

use crate::etcd::{Etcd, TOKEN_IS_DEAD, stored};
use crate::lease::{TTL, builder, open, text};
use crate::wire::Mishap;
use crate::{four_overlapping, settle};

const QUEUE: (&str, &str) = ("/test/", "/test0");
const RECORDS: (&str, &str) = ("__rq1:5:/test/", "__rq1:5:/test0");
const TXN: &str = "/etcdserverpb.KV/Txn";

async fn hold_one(queue: &LeaseQueue) -> etcd_queue::Delivery {
    queue.enqueue("a").await.unwrap();
    queue.next().await.unwrap()
}

#[tokio::test(start_paused = true)]
async fn what_is_held_through_a_dead_token_a_restart_and_a_compaction_is_acknowledged() {
    for release in ["3.5.5", "3.5.16", "3.7.3"] {
        let etcd = Etcd::start_with_auth(release).await;
        etcd.add_user("worker", &[QUEUE, RECORDS]).await;
        let (client, wire) = etcd.wired(Some("worker")).await;
        let queue = open(&client);
        let held = hold_one(&queue).await;
        let waiting = tokio::spawn({
            let queue = queue.clone();
            async move { queue.next().await.unwrap() }
        });
        sleep(TOKEN_IS_DEAD).await;
        wire.cut();
        sleep(TOKEN_IS_DEAD).await;
        etcd.kill().await;
        sleep(Duration::from_secs(2)).await;
        etcd.start_again().await;
        etcd.compact(&mut etcd.client_of("root").await).await;
        sleep(Duration::from_secs(2)).await;
        assert!(!held.is_stale(), "{release}: the session goes on");
        held.ack().await.unwrap();
        queue.enqueue("b").await.unwrap();
        let next = timeout(Duration::from_secs(1), waiting).await.unwrap().unwrap();
        assert_eq!((text(&next).as_str(), next.attempt()), ("b", 1));
        next.ack().await.unwrap();
        assert_eq!(stored(&mut etcd.client_of("root").await, "/test/").await, 0);
    }
}

#[tokio::test(start_paused = true)]
async fn without_rights_on_its_claims_a_queue_refuses_and_takes_nothing() {
    for release in ["3.5.5", "3.5.16"] {
        let etcd = Etcd::start_with_auth(release).await;
        etcd.add_user("worker", &[QUEUE]).await;
        let (client, wire) = etcd.wired(Some("worker")).await;
        let queue = open(&client);
        queue.enqueue("a").await.unwrap();
        let before = wire.all_requests();
        let began = Instant::now();
        while began.elapsed() < Duration::from_secs(10) {
            let refused = queue.next().await.unwrap_err();
            let Error::PermissionDenied { range, reason, .. } = &refused else { panic!("{refused:?}") };
            assert_eq!(range, "[__rq1:5:/test/, __rq1:5:/test0)");
            assert_eq!(reason, "etcdserver: permission denied");
        }
        let asked = wire.all_requests() - before;
        assert!(asked <= 200, "{asked} requests in ten seconds");
        // Given the right, it works.
        let mut root = etcd.client_of("root").await;
        let range = Permission::read_write(RECORDS.0).with_range_end(RECORDS.1);
        root.role_grant_permission("worker", range).await.unwrap();
        let held = queue.next().await.unwrap();
        assert_eq!((text(&held).as_str(), held.attempt()), ("a", 1));
        // Taken away, the acknowledgement says so; the item is stored, and comes again when it is given back.
        let all = RoleRevokePermissionOptions::new().with_range_end(RECORDS.1);
        root.role_revoke_permission("worker", RECORDS.0, Some(all)).await.unwrap();
        let refused = held.ack().await.unwrap_err();
        assert!(matches!(refused, Error::PermissionDenied { .. }), "{refused:?}");
        let range = Permission::read_write(RECORDS.0).with_range_end(RECORDS.1);
        root.role_grant_permission("worker", range).await.unwrap();
        let again = timeout(Duration::from_secs(30), async {
            loop {
                if let Ok(again) = queue.next().await {
                    return again;
                }
            }
        });
        let again = again.await.unwrap();
        assert_eq!((text(&again).as_str(), again.attempt()), ("a", 2));
        again.ack().await.unwrap();
    }
}

#[tokio::test(start_paused = true)]
async fn a_session_that_ends_is_followed_by_another_and_what_it_held_comes_again() {
    let etcd = Etcd::start("3.5.16");
    let mut kv = etcd.client().await;
    let queue = open(&etcd.client().await);
    let held = hold_one(&queue).await;
    let leases = kv.leases().await.unwrap();
    for lease in leases.leases() {
        kv.lease_revoke(lease.id()).await.unwrap();
    }
    let again = timeout(Duration::from_secs(2), queue.next()).await.unwrap().unwrap();
    assert_eq!((text(&again).as_str(), again.attempt(), held.is_stale()), ("a", 2, true));
    let fenced = held.ack().await.unwrap_err();
    assert!(matches!(fenced, Error::Fenced { .. }), "{fenced:?}");
    again.ack().await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn an_acknowledgement_of_an_ended_session_holds_while_nobody_has_the_item() {
    let etcd = Etcd::start("3.5.16");
    let mut kv = etcd.client().await;
    let queue = open(&etcd.client().await);
    let held = hold_one(&queue).await;
    for lease in kv.leases().await.unwrap().leases() {
        kv.lease_revoke(lease.id()).await.unwrap();
    }
    settle().await;
    assert!(held.is_stale());
    held.ack().await.unwrap();
    assert_eq!(stored(&mut kv, "/test/").await, 0);
}

#[tokio::test(start_paused = true)]
async fn a_claim_whose_reply_is_lost_is_had_all_the_same_and_once() {
    let etcd = Etcd::start("3.5.16");
    for (mishap, name) in [
        (Mishap::ReplyLost, "a"),
        (Mishap::LostOnTheWay, "b"),
        (Mishap::Late(Duration::from_millis(700)), "c"),
    ] {
        let (client, wire) = etcd.wired(None).await;
        let queue = open(&client);
        queue.enqueue(name).await.unwrap();
        wire.plan(TXN, mishap);
        let began = Instant::now();
        let held = queue.next().await.unwrap();
        assert_eq!((text(&held).as_str(), held.attempt()), (name, 1), "{mishap:?}");
        assert!(began.elapsed() < Duration::from_millis(500), "{mishap:?}: {:?}", began.elapsed());
        sleep(Duration::from_secs(2)).await;
        wire.plan(TXN, mishap);
        held.ack().await.unwrap();
        assert!(!wire.has_mishaps_left());
        sleep(Duration::from_secs(2)).await;
        assert_eq!(stored(&mut etcd.client().await, "__rq1:5:/test/c/").await, 0, "{mishap:?}");
        queue.close().await;
    }
}

#[tokio::test(start_paused = true)]
async fn nothing_is_handed_out_while_the_session_is_not_certain_and_all_is_when_it_is_again() {
    let etcd = Etcd::start("3.5.16");
    let (client, wire) = etcd.wired(None).await;
    let queue = open(&client);
    queue.enqueue_all(["a", "b"]).await.unwrap();
    let held = queue.next().await.unwrap();
    // Its keep-alives are lost, one after another, from 2 s to 5 s. It is certain for 5.4 s, and the next one, at
    // 5.5 s, comes before the lease has ended.
    for _ in 0..7 {
        wire.plan("/etcdserverpb.Lease/LeaseKeepAlive", Mishap::LostOnTheWay);
    }
    let began = Instant::now();
    while !held.is_stale() {
        sleep(Duration::from_millis(10)).await;
    }
    assert!(began.elapsed() < TTL);
    let mut waiting = tokio::spawn(async move { queue.next().await.unwrap() });
    while held.is_stale() {
        assert!(timeout(Duration::from_millis(1), &mut waiting).await.is_err(), "handed out meanwhile");
    }
    let next = timeout(Duration::from_millis(200), waiting).await.unwrap().unwrap();
    assert_eq!((text(&next).as_str(), next.is_stale()), ("b", false));
    held.ack().await.unwrap();
    next.ack().await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn an_idle_consumer_only_keeps_its_session() {
    let etcd = Etcd::start("3.5.16");
    let (client, wire) = etcd.wired(None).await;
    let queue = open(&client);
    // What somebody else holds is nothing to do either.
    let other = open(&etcd.client().await);
    let _held = hold_one(&other).await;
    let waiting = tokio::spawn(async move { queue.next().await.unwrap() });
    settle().await;
    let before = wire.all_requests();
    sleep(Duration::from_secs(600)).await;
    let asked = wire.all_requests() - before;
    let kept = wire.requests("/etcdserverpb.Lease/LeaseKeepAlive");
    assert!(asked <= kept + 45, "{asked} requests, {kept} of them keep the session");
    assert!(!waiting.is_finished());
}

#[tokio::test(start_paused = true)]
async fn what_was_claimed_for_a_caller_that_has_gone_is_given_back_after_a_second() {
    let etcd = Etcd::start("3.5.16");
    let [queue, other] = [open(&etcd.client().await), open(&etcd.client().await)];
    hold_one(&queue).await.ack().await.unwrap();
    queue.enqueue("b").await.unwrap();
    assert!(timeout(Duration::from_micros(1), queue.next()).await.is_err());
    let began = Instant::now();
    let held = other.next().await.unwrap();
    assert_eq!((text(&held).as_str(), held.attempt()), ("b", 1));
    assert!(began.elapsed() < TTL, "{:?}", began.elapsed());
    held.ack().await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn calls_that_are_dropped_lose_nothing() {
    const ITEMS: usize = 1_000;
    let etcd = Etcd::start("3.5.16");
    let queue = builder(&etcd.client().await, "/test").max_deliveries(1_000).open().unwrap();
    queue.enqueue_all((0..ITEMS).map(|n| n.to_string())).await.unwrap();
    let mut dice = crate::dice::Dice::of(1);
    let (mut taken, mut drops) = (Vec::new(), 0);
    while taken.len() < ITEMS {
        let (patience, many) = (dice.below(40), usize::try_from(1 + dice.below(5)).unwrap());
        let give_up = async {
            if patience == 0 {
                sleep(Duration::from_millis(1)).await;
            }
            for _ in 0..patience {
                tokio::task::yield_now().await;
            }
        };
        tokio::select! {
            biased;
            () = give_up => drops += 1,
            items = queue.next_batch(many) => for delivery in items.unwrap() {
                assert_eq!(delivery.attempt(), 1, "{} was given back", text(&delivery));
                taken.push(text(&delivery));
                delivery.ack().await.unwrap();
            },
        }
    }
    assert_eq!(taken, (0..ITEMS).map(|n| n.to_string()).collect::<Vec<_>>());
    assert!(drops >= ITEMS, "only {drops} calls were dropped");
}

#[tokio::test(start_paused = true)]
async fn leased_claims_that_are_lost_together_again_and_again_come_through_one_by_one() {
    let etcd = Etcd::start("3.5.16");
    let (client, wire) = etcd.wired(None).await;
    let queue = open(&client);
    queue.enqueue_all(["0", "1", "2", "3", "4"]).await.unwrap();
    hold_one(&queue).await.ack().await.unwrap();
    settle().await;
    wire.bear_one_transaction();
    let taken = four_overlapping(Duration::from_secs(20), || {
        let queue = queue.clone();
        async move {
            let held = queue.next().await.unwrap();
            let item = text(&held);
            held.ack().await.unwrap();
            item
        }
    });
    let taken = taken.await;
    assert_eq!(taken, ["1", "2", "3", "4"]);
    assert!(wire.crowded_out() >= 4, "{} were lost together", wire.crowded_out());
}
