//! What etcd refuses for good, and answers after it has acted: nothing is lost by it, and nothing is stuck.

use std::time::Duration;

use etcd_client::TxnOp;
use etcd_queue::{Error, Joined};
use tokio::time::timeout;
use tonic::Code;

use crate::etcd::{Etcd, stored};
use crate::lease::{TTL, open, text};
use crate::settle;
use crate::wire::Mishap;

const TXN: &str = "/etcdserverpb.KV/Txn";
const REFUSED: Mishap = Mishap::Refused(Code::InvalidArgument, "etcdserver: key is not provided");
/// etcd says so of a transaction that it has carried out, too.
const FULL: (Code, &str) = (Code::ResourceExhausted, "etcdserver: mvcc: database space exceeded");

#[tokio::test(start_paused = true)]
async fn an_item_whose_acknowledgement_was_refused_comes_again_when_the_session_ends_before_it_is_given_back()
{
    let etcd = Etcd::start("3.5.16");
    let mut kv = etcd.client().await;
    let (client, wire) = etcd.wired(None).await;
    let queue = open(&client);
    queue.enqueue("a").await.unwrap();
    let held = queue.next().await.unwrap();
    wire.plan(TXN, REFUSED);
    let refused = held.ack().await.unwrap_err();
    assert!(matches!(refused, Error::Refused { .. }), "{refused:?}");
    for lease in kv.leases().await.unwrap().leases() {
        kv.lease_revoke(lease.id()).await.unwrap();
    }
    let again = timeout(Duration::from_secs(2), queue.next()).await.expect("it is offered again").unwrap();
    assert_eq!((text(&again).as_str(), again.attempt()), ("a", 2));
    again.ack().await.unwrap();
    assert_eq!(stored(&mut kv, "/test/").await, 0);
}

#[tokio::test(start_paused = true)]
async fn an_acknowledgement_that_is_called_a_full_database_and_was_carried_out_holds() {
    let etcd = Etcd::start("3.5.16");
    let mut kv = etcd.client().await;
    let (client, wire) = etcd.wired(None).await;
    let queue = open(&client);
    queue.enqueue_all(["a", "b"]).await.unwrap();
    let [a, b] = <[_; 2]>::try_from(queue.next_batch(2).await.unwrap()).unwrap();
    wire.plan(TXN, Mishap::RefusedLate(FULL.0, FULL.1));
    let joined = a.ack_with([], [TxnOp::put("done", "a", None)]).await.unwrap();
    let done = kv.get("done", None).await.unwrap();
    assert_eq!(joined, Joined::Committed { revision: done.kvs()[0].mod_revision() });
    wire.plan(TXN, Mishap::RefusedLate(FULL.0, FULL.1));
    b.ack().await.unwrap();
    assert!(!wire.has_mishaps_left());
    assert_eq!(stored(&mut kv, "/test/").await, 0);
}

#[tokio::test(start_paused = true)]
async fn a_claim_that_is_called_a_full_database_and_was_carried_out_is_handed_out() {
    let etcd = Etcd::start("3.5.16");
    let (client, wire) = etcd.wired(None).await;
    let queue = open(&client);
    queue.enqueue_all(["a", "b"]).await.unwrap();
    queue.next().await.unwrap().ack().await.unwrap();
    settle().await;
    wire.plan(TXN, Mishap::RefusedLate(FULL.0, FULL.1));
    let held = timeout(Duration::from_millis(900), queue.next()).await.expect("it was claimed").unwrap();
    assert_eq!((text(&held).as_str(), held.attempt(), held.is_stale()), ("b", 1, false));
    held.ack().await.unwrap();
    assert_eq!(queue.len().await.unwrap(), 0);
}

#[tokio::test(start_paused = true)]
async fn where_a_later_layout_is_at_work_a_queue_refuses_and_goes_on_when_that_has_gone() {
    let etcd = Etcd::start("3.5.16");
    let mut kv = etcd.client().await;
    let (client, wire) = etcd.wired(None).await;
    let queue = open(&client);
    kv.put("/test/1700000000000000000", "a", None).await.unwrap();
    let later = "__rq1:5:/test/s/02/77";
    kv.put(later, "02 etcd-queue 9.0.0", None).await.unwrap();
    let before = wire.all_requests();
    for _ in 0..20 {
        let refused = queue.next().await.unwrap_err();
        let Error::LaterLayout { version, .. } = &refused else { panic!("{refused:?}") };
        assert_eq!(version, "02 etcd-queue 9.0.0");
    }
    assert!(wire.all_requests() - before <= 120, "{} requests", wire.all_requests() - before);
    assert_eq!(stored(&mut kv, "__rq1:5:/test/").await, 1, "nothing of ours");
    kv.delete(later, None).await.unwrap();
    queue.next().await.unwrap().ack().await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn what_a_dead_queue_has_left_goes_with_its_leases() {
    let etcd = Etcd::start("3.5.16");
    let mut kv = etcd.client().await;
    let (client, wire) = etcd.wired(None).await;
    let queue = open(&client);
    queue.enqueue("a").await.unwrap();
    queue.next().await.unwrap().ack().await.unwrap();
    wire.die();
    drop((queue, client));
    tokio::time::sleep(TTL * 5).await;
    assert_eq!(stored(&mut kv, "__rq1:5:/test/a/").await, 0);
    assert!(stored(&mut kv, "__rq1:5:/test/w/").await > 0);
    tokio::time::sleep(Duration::from_secs(26 * 60 * 60)).await;
    assert_eq!(stored(&mut kv, "__rq1:5:/test/").await, 0);
}
