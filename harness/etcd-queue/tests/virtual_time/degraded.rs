//! A queue that may not keep its records.

use std::time::Duration;

use etcd_client::Permission;
use etcd_queue::{Certainty, Error};
use tokio::time::sleep;

use crate::etcd::Etcd;
use crate::wire::Mishap;
use crate::{next_text, open, settle, text};

const QUEUE: (&str, &str) = ("/test/", "/test0");
const RECORDS: (&str, &str) = ("__rq1:5:/test/", "__rq1:5:/test0");
const TXN: &str = "/etcdserverpb.KV/Txn";

#[tokio::test(start_paused = true)]
async fn without_rights_on_its_records_a_queue_says_so_and_works() {
    for release in ["3.5.5", "3.5.16"] {
        let etcd = Etcd::start_with_auth(release).await;
        etcd.add_user("worker", &[QUEUE]).await;
        let client = etcd.client_of("worker").await;
        let queue = open(&client, "/test");
        assert_eq!(queue.degraded(), None);
        queue.enqueue_all((0..300).map(|n| n.to_string())).await.unwrap();
        let degraded = queue.degraded().unwrap();
        assert_eq!(degraded.range, "[__rq1:5:/test/, __rq1:5:/test0)");
        assert_eq!(degraded.reason, "etcdserver: permission denied");
        let consumer = open(&client, "/test");
        let mut taken = Vec::new();
        while taken.len() < 300 {
            taken.extend(consumer.next_batch(126).await.unwrap().iter().map(text));
        }
        assert_eq!(taken, (0..300).map(|n| n.to_string()).collect::<Vec<_>>());
        assert_eq!(consumer.degraded(), queue.degraded());
    }
}

#[tokio::test(start_paused = true)]
async fn two_degraded_consumers_hand_out_each_item_once() {
    let etcd = Etcd::start_with_auth("3.5.16").await;
    etcd.add_user("worker", &[QUEUE]).await;
    let producer = open(&etcd.client_of("root").await, "/test");
    let (sender, mut taken) = tokio::sync::mpsc::unbounded_channel();
    for _ in 0..2 {
        let (queue, sender) = (open(&etcd.client_of("worker").await, "/test"), sender.clone());
        tokio::spawn(async move {
            while let Ok(items) = queue.next_batch(10).await {
                items.iter().for_each(|item| sender.send(text(item)).unwrap());
            }
        });
    }
    let mut made: Vec<_> = (0..200).map(|n| format!("{n:03}")).collect();
    producer.enqueue_all(made.clone()).await.unwrap();
    let mut all = Vec::new();
    while all.len() < made.len() {
        all.push(taken.recv().await.unwrap());
    }
    settle().await;
    assert!(taken.try_recv().is_err());
    all.sort();
    made.sort();
    assert_eq!(all, made);
}

#[tokio::test(start_paused = true)]
async fn a_degraded_queue_presumes_and_does_not_know() {
    let etcd = Etcd::start_with_auth("3.5.16").await;
    etcd.add_user("worker", &[QUEUE]).await;
    let (client, wire) = etcd.wired(Some("worker")).await;
    let queue = open(&client, "/test");
    queue.enqueue_all(["a", "b", "c"]).await.unwrap();
    assert_eq!(next_text(&queue).await, "a");
    wire.plan(TXN, Mishap::ReplyLost);
    let item = queue.next().await.unwrap();
    assert_eq!((text(&item).as_str(), item.certainty()), ("b", Certainty::Presumed));
    wire.plan(TXN, Mishap::LostOnTheWay);
    let item = queue.next().await.unwrap();
    assert_eq!((text(&item).as_str(), item.certainty()), ("c", Certainty::Confirmed));

    wire.plan(TXN, Mishap::ReplyLost);
    queue.enqueue("stored").await.unwrap();
    wire.plan(TXN, Mishap::LostOnTheWay);
    let unsettled = queue.enqueue("not stored").await.unwrap_err();
    assert!(matches!(&unsettled, Error::Unsettled { key, .. } if key.starts_with("/test/")), "{unsettled:?}");
    assert_eq!(queue.len().await.unwrap(), 1);
}

#[tokio::test(start_paused = true)]
async fn rights_taken_away_and_given_back_are_noticed() {
    let etcd = Etcd::start_with_auth("3.5.16").await;
    etcd.add_user("worker", &[QUEUE]).await;
    let mut root = etcd.client_of("root").await;
    let range = || Permission::read_write(RECORDS.0).with_range_end(RECORDS.1);
    root.role_grant_permission("worker", range()).await.unwrap();
    let queue = open(&etcd.client_of("worker").await, "/test");
    queue.enqueue("a").await.unwrap();
    assert_eq!(next_text(&queue).await, "a");
    assert_eq!(queue.degraded(), None);

    let all = etcd_client::RoleRevokePermissionOptions::new().with_range_end(RECORDS.1);
    root.role_revoke_permission("worker", RECORDS.0, Some(all)).await.unwrap();
    queue.enqueue("b").await.unwrap();
    assert_eq!(next_text(&queue).await, "b");
    assert!(queue.degraded().is_some());

    root.role_grant_permission("worker", range()).await.unwrap();
    sleep(Duration::from_secs(31)).await;
    queue.enqueue("c").await.unwrap();
    assert_eq!(next_text(&queue).await, "c");
    assert_eq!(queue.degraded(), None);
}
