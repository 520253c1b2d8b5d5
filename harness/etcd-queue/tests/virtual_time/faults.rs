//! Ways in which the queue once broke its word.

use std::time::Duration;

use etcd_client::Client;
use etcd_model::member::{Data, Ending, Settings};
use etcd_queue::{Certainty, Error, LeaseQueue, TokioClock};
use tokio::time::{sleep, timeout};

use crate::etcd::{Etcd, settings, stored};
use crate::wire::Mishap;
use crate::{builder, next_text, open, settle, text};

const TXN: &str = "/etcdserverpb.KV/Txn";
const RELEASES: [&str; 3] = ["3.5.5", "3.5.16", "3.7.3"];
const QUOTA_BYTES: u64 = 1_000_000;

fn with_quota(release: &str) -> Etcd {
    Etcd::start_with(Settings { quota_bytes: Some(QUOTA_BYTES), ..settings(release) })
}

/// Writes elsewhere until there are so many bytes left.
async fn fill(client: &mut Client, left_bytes: u64) {
    let mut n = 0;
    while u64::try_from(client.status().await.unwrap().db_size()).unwrap() + left_bytes < QUOTA_BYTES {
        n += 1;
        client.put(format!("other/{n}"), vec![0; 2_000], None).await.unwrap();
        // What is written counts from the next commit on.
        sleep(Duration::from_millis(101)).await;
    }
}

/// Writes elsewhere until etcd refuses that.
async fn fill_up(client: &mut Client) {
    fill(client, 20_000).await;
    let mut n = 0;
    while client.put(format!("more/{n}"), vec![0; 4_000], None).await.is_ok() {
        n += 1;
    }
    sleep(Duration::from_millis(200)).await;
}

#[tokio::test(start_paused = true)]
async fn items_whose_claim_crosses_the_quota_are_not_lost() {
    for release in RELEASES {
        let etcd = with_quota(release);
        let mut client = etcd.client().await;
        let queue = open(&client, "/test");
        queue.enqueue_all((0..300).map(|n| n.to_string())).await.unwrap();
        assert_eq!(next_text(&queue).await, "0");
        fill(&mut client, 25_000).await;
        for n in 1..300 {
            let item = timeout(Duration::from_secs(60), queue.next()).await.unwrap().unwrap();
            assert_eq!(text(&item), n.to_string(), "{release}");
            assert_eq!(item.certainty(), Certainty::Confirmed, "{release}");
        }
        assert_eq!(queue.len().await.unwrap(), 0, "{release}");
        let refused = client.put("other", vec![0; 9_000], None).await;
        assert!(refused.is_err(), "{release}: the quota was not crossed");
    }
}

#[tokio::test(start_paused = true)]
async fn an_enqueue_that_crosses_the_quota_says_truly_whether_it_was_stored() {
    for release in RELEASES {
        let etcd = with_quota(release);
        let mut client = etcd.client().await;
        let queue = open(&client, "/test");
        queue.enqueue("first").await.unwrap();
        fill(&mut client, 25_000).await;
        let (mut said, mut refused) = (1, 0);
        while refused < 5 {
            match queue.enqueue(vec![7; 300]).await {
                Ok(()) => said += 1,
                Err(Error::NoSpace { .. }) => refused += 1,
                Err(other) => panic!("{other:?}"),
            }
        }
        assert!(said > 5, "{release}");
        assert_eq!(stored(&mut client, "/test/").await, said, "{release}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_full_etcd_is_drained_by_a_queue_that_has_a_session_and_by_one_that_has_none() {
    for release in RELEASES {
        let etcd = with_quota(release);
        let mut client = etcd.client().await;
        let old = open(&client, "/test");
        old.enqueue_all((0..300).map(|n| n.to_string())).await.unwrap();
        assert_eq!(next_text(&old).await, "0");
        fill_up(&mut client).await;
        let new = open(&client, "/test");
        let mut taken = Vec::new();
        for queue in [&old, &new] {
            for _ in 0..149 {
                let item =
                    timeout(Duration::from_secs(60), queue.next()).await.expect(release).expect(release);
                taken.push(text(&item));
            }
        }
        taken.push(timeout(Duration::from_secs(60), next_text(&new)).await.expect(release));
        assert_eq!(taken, (1..300).map(|n| n.to_string()).collect::<Vec<_>>(), "{release}");
        assert_eq!(stored(&mut client, "/test/").await, 0, "{release}");
        new.close().await.unwrap();
        old.close().await.unwrap();
    }
}

#[tokio::test(start_paused = true)]
async fn claims_on_a_full_etcd_whose_replies_are_lost_are_decided() {
    for release in RELEASES {
        for mishap in [Mishap::LostOnTheWay, Mishap::ReplyLost, Mishap::Late(Duration::from_secs(20))] {
            let etcd = with_quota(release);
            let (mut client, wire) = etcd.wired(None).await;
            let queue = open(&client, "/test");
            queue.enqueue_all((0..20).map(|n| n.to_string())).await.unwrap();
            assert_eq!(next_text(&queue).await, "0");
            fill_up(&mut client).await;
            assert_eq!(next_text(&queue).await, "1");
            for n in 2..20 {
                if n % 3 == 0 {
                    wire.plan(TXN, mishap);
                    wire.plan("/etcdserverpb.KV/DeleteRange", mishap);
                }
                let item = timeout(Duration::from_secs(60), queue.next()).await.unwrap().unwrap();
                assert_eq!(text(&item), n.to_string(), "{release} {mishap:?}");
            }
            assert_eq!(stored(&mut client, "/test/").await, 0, "{release} {mishap:?}");
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_claim_that_arrives_after_its_queue_was_closed_takes_nothing() {
    let etcd = Etcd::start("3.5.16");
    let (client, wire) = etcd.wired(None).await;
    let (mut other, queue) = (etcd.client().await, open(&client, "/test"));
    let waiting = tokio::spawn({
        let queue = queue.clone();
        async move { queue.next().await }
    });
    settle().await;
    wire.plan(TXN, Mishap::Late(Duration::from_secs(60)));
    open(&other, "/test").enqueue("a").await.unwrap();
    while wire.has_mishaps_left() {
        sleep(Duration::from_millis(1)).await;
    }
    let closed = queue.close().await;
    assert!(matches!(waiting.await.unwrap(), Err(Error::Closed)));
    drop(queue);
    sleep(Duration::from_secs(120)).await;
    closed.unwrap();
    assert_eq!(stored(&mut other, "/test/").await, 1);
}

#[tokio::test(start_paused = true)]
async fn an_enqueue_that_arrives_after_its_queue_was_closed_stores_nothing_again() {
    let etcd = Etcd::start("3.5.16");
    let (client, wire) = etcd.wired(None).await;
    let (mut other, queue) = (etcd.client().await, open(&client, "/test"));
    wire.plan(TXN, Mishap::Late(Duration::from_secs(60)));
    queue.enqueue("a").await.unwrap();
    assert_eq!(next_text(&open(&other, "/test")).await, "a");
    queue.close().await.unwrap();
    drop(queue);
    sleep(Duration::from_secs(120)).await;
    assert_eq!(stored(&mut other, "/test/").await, 0);
}

#[tokio::test(start_paused = true)]
async fn closing_in_an_outage_doubles_nothing_and_hands_out_what_nobody_knows() {
    let etcd = Etcd::start("3.5.16");
    let (client, wire) = etcd.wired(None).await;
    let (mut other, queue) = (etcd.client().await, open(&client, "/test"));
    queue.enqueue("first").await.unwrap();
    assert_eq!(next_text(&queue).await, "first");
    queue.enqueue("a").await.unwrap();
    // The claim and all settlings, and what would be put back comes through again.
    let before = wire.requests(TXN);
    (0..6).for_each(|_| wire.plan(TXN, Mishap::LostOnTheWay));
    wire.plan("/etcdserverpb.Lease/LeaseRevoke", Mishap::LostOnTheWay);
    wire.plan("/etcdserverpb.Lease/LeaseRevoke", Mishap::LostOnTheWay);
    let waiting = tokio::spawn({
        let queue = queue.clone();
        async move { queue.next().await }
    });
    while wire.requests(TXN) == before {
        sleep(Duration::from_millis(1)).await;
    }
    let closed = queue.close().await;
    assert!(waiting.await.unwrap().is_err());
    settle().await;
    assert_eq!(stored(&mut other, "/test/").await, 1, "it never left");
    assert!(!wire.has_mishaps_left());
    let Err(Error::LeftOver { items, .. }) = closed else { panic!("{closed:?}") };
    assert_eq!(items.iter().map(text).collect::<Vec<_>>(), ["a"]);
    assert_eq!(items[0].certainty(), Certainty::Presumed);
}

#[tokio::test(start_paused = true)]
async fn a_close_that_ends_its_session_knows_of_every_item_that_never_left() {
    let etcd = Etcd::start("3.5.16");
    let (client, wire) = etcd.wired(None).await;
    let (mut other, queue) = (etcd.client().await, open(&client, "/test"));
    queue.enqueue("first").await.unwrap();
    assert_eq!(next_text(&queue).await, "first");
    queue.enqueue("a").await.unwrap();
    let before = wire.requests(TXN);
    (0..6).for_each(|_| wire.plan(TXN, Mishap::LostOnTheWay));
    let waiting = tokio::spawn({
        let queue = queue.clone();
        async move { queue.next().await }
    });
    while wire.requests(TXN) == before {
        sleep(Duration::from_millis(1)).await;
    }
    queue.close().await.unwrap();
    assert!(waiting.await.unwrap().is_err());
    assert_eq!(stored(&mut other, "/test/").await, 1);
}

#[tokio::test(start_paused = true)]
async fn a_queue_inside_a_queue_keeps_its_claims_and_its_dead_letters() {
    let etcd = Etcd::start("3.5.16");
    let (client, mut kv) = (etcd.client().await, etcd.client().await);
    for inner in ["/test/w", "/test/c", "/test/s", "/test/d", "/test/a"] {
        let queue = LeaseQueue::builder(client.clone(), inner)
            .clock(TokioClock::starting_at(1_700_000_000_000_000_000))
            .max_deliveries(1)
            .jitter_seed(3)
            .open()
            .unwrap();
        queue.enqueue("held").await.unwrap();
        queue.enqueue("dies").await.unwrap();
        let (held, dies) = (queue.next().await.unwrap(), queue.next().await.unwrap());
        dies.nack(Duration::ZERO).await.unwrap();
        let range = etcd_queue::records_range(inner).unwrap();
        let records = stored(&mut kv, &range.start).await;
        let outer = open(&client, "/test");
        outer.enqueue("a").await.unwrap();
        assert_eq!(next_text(&outer).await, "a");
        settle().await;
        outer.close().await.unwrap();
        drop(outer);
        settle().await;
        assert_eq!(stored(&mut kv, &range.start).await, records, "{inner}");
        assert_eq!(queue.dead_letters().list(9).await.unwrap().len(), 1, "{inner}");
        held.ack().await.unwrap();
        queue.close().await;
    }
}

#[tokio::test(start_paused = true)]
async fn a_consumer_whose_clock_is_days_ahead_takes_nothing_away_from_the_others() {
    let etcd = Etcd::start("3.5.16");
    let (client, wire) = etcd.wired(None).await;
    let (other, queue) = (etcd.client().await, open(&client, "/test"));
    queue.enqueue_all(["first", "a"]).await.unwrap();
    assert_eq!(next_text(&queue).await, "first");
    wire.plan(TXN, Mishap::ReplyLost);
    let taking = tokio::spawn(async move { next_text(&queue).await });
    while wire.has_mishaps_left() {
        sleep(Duration::from_millis(1)).await;
    }
    wire.deafen(true);
    let two_days_ns = 2 * 24 * 60 * 60 * 1_000_000_000;
    let ahead = TokioClock::starting_at(1_700_000_000_000_000_000 + two_days_ns);
    let ahead = builder(&other, "/test").clock(ahead).open().unwrap();
    ahead.enqueue("b").await.unwrap();
    assert_eq!(next_text(&ahead).await, "b");
    settle().await;
    wire.deafen(false);
    assert_eq!(timeout(Duration::from_secs(60), taking).await.expect("it is not lost").unwrap(), "a");
}

#[tokio::test(start_paused = true)]
async fn a_queue_goes_on_after_its_store_was_wiped_or_restored_at_no_great_cost() {
    for wiped in [true, false] {
        let etcd = Etcd::start("3.5.16");
        let (client, wire) = etcd.wired(None).await;
        let (queue, rival) = (open(&client, "/test"), open(&etcd.client().await, "/test"));
        queue.enqueue("0").await.unwrap();
        assert_eq!(next_text(&queue).await, "0");
        let saved = etcd.model.saved();
        for n in 1..40 {
            rival.enqueue(n.to_string()).await.unwrap();
            assert_eq!(next_text(&queue).await, n.to_string());
        }
        etcd.model.stop(Ending::Graceful).await;
        let data = if wiped { Data::Wiped } else { Data::Saved(Box::new(saved)) };
        etcd.model.start_again_on(data).await.unwrap();
        let before = wire.all_requests();
        for n in 40..80 {
            rival.enqueue(n.to_string()).await.unwrap();
            let taken = timeout(Duration::from_secs(60), next_text(&queue)).await.expect("it comes through");
            assert_eq!(taken, n.to_string(), "wiped: {wiped}");
        }
        let requests = wire.all_requests() - before;
        assert!(requests < 200, "{requests} requests for 40 items");
        rival.close().await.unwrap();
        queue.close().await.unwrap();
    }
}

#[tokio::test(start_paused = true)]
async fn sessions_that_began_after_a_restore_share_no_slots_with_those_from_before() {
    let etcd = Etcd::start("3.5.16");
    let client = etcd.client().await;
    let saved = etcd.model.saved();
    let before = open(&client, "/test");
    before.enqueue("a").await.unwrap();
    let mut names = sessions(&mut etcd.client().await).await;
    etcd.model.stop(Ending::Graceful).await;
    etcd.model.start_again_on(Data::Saved(Box::new(saved))).await.unwrap();
    let after = builder(&etcd.client().await, "/test").jitter_seed(8).open().unwrap();
    after.enqueue("b").await.unwrap();
    names.extend(sessions(&mut etcd.client().await).await);
    names.sort();
    names.dedup();
    assert_eq!(names.len(), 2, "{names:?}");
}

async fn sessions(client: &mut Client) -> Vec<String> {
    let all = etcd_client::GetOptions::new().with_prefix().with_keys_only();
    let found = client.get("__rq1:5:/test/s/", Some(all)).await.unwrap();
    found.kvs().iter().map(|kv| String::from_utf8_lossy(kv.key()).into_owned()).collect()
}

#[tokio::test(start_paused = true)]
async fn beside_queues_of_a_later_layout_this_one_refuses_to_work() {
    let etcd = Etcd::start("3.5.16");
    let mut client = etcd.client().await;
    client.put("__rq1:5:/test/s/02/later", "02 etcd-queue 9.0.0", None).await.unwrap();
    client.put("/test/1700000000000000001", "a", None).await.unwrap();
    let queue = open(&client, "/test");
    for error in [queue.enqueue("b").await.unwrap_err(), queue.next().await.map(drop).unwrap_err()] {
        let Error::LaterLayout { version, .. } = &error else { panic!("{error:?}") };
        assert_eq!(version, "02 etcd-queue 9.0.0");
    }
    assert_eq!(stored(&mut client, "/test/").await, 1);
    client.delete("__rq1:5:/test/s/02/later", None).await.unwrap();
    assert_eq!(next_text(&queue).await, "a");
}

#[tokio::test(start_paused = true)]
async fn large_values_come_through_an_etcd_that_takes_few_operations() {
    for limit in [3, 8, 16] {
        let etcd = Etcd::start_with(Settings { max_txn_operations: limit, ..settings("3.5.16") });
        let queue = open(&etcd.client().await, "/test");
        for n in 0..60_u8 {
            queue.enqueue_all(vec![vec![n; 5_000]; 5]).await.unwrap();
        }
        let reader = open(&etcd.client().await, "/test");
        for n in 0..300_u16 {
            let item =
                timeout(Duration::from_secs(60), reader.next()).await.expect("it is not stuck").unwrap();
            assert_eq!(item.value()[0], u8::try_from(n / 5).unwrap(), "at most {limit}");
        }
        reader.close().await.unwrap();
    }
}
