//! Limits of a real etcd: a quota that is crossed, and few operations in a transaction.

use etcd_client::{Client, GetOptions};
use etcd_queue::{Certainty, Error, Queue};

use crate::server::Server;
use crate::{open, text, trials};

trials![
    items_claimed_while_the_quota_is_crossed_are_not_lost,
    enqueues_that_cross_the_quota_say_truly_whether_they_were_stored,
    a_full_etcd_is_drained,
    large_values_come_through_an_etcd_that_takes_sixteen_operations,
];

const QUOTA: [&str; 1] = ["--quota-backend-bytes=3000000"];

async fn fill_up(client: &mut Client) {
    let mut n = 0;
    while client.put(format!("other/{n}"), vec![0; 20_000], None).await.is_ok() {
        n += 1;
    }
}

async fn stored(client: &mut Client) -> i64 {
    let all = GetOptions::new().with_prefix().with_count_only();
    client.get("/test/", Some(all)).await.unwrap().count()
}

async fn drain(queue: &Queue, items: usize) -> Vec<String> {
    let mut taken = Vec::new();
    while taken.len() < items {
        let item = queue.next().await.unwrap();
        assert_eq!(item.certainty(), Certainty::Confirmed);
        taken.push(text(&item));
    }
    taken
}

fn numbers(items: usize) -> Vec<String> {
    (0..items).map(|n| n.to_string()).collect()
}

async fn items_claimed_while_the_quota_is_crossed_are_not_lost(version: &'static str) {
    let server = Server::start_with(version, &QUOTA).await;
    let mut client = server.connect(None).await;
    let queue = open(&client, "/test");
    queue.enqueue_all(numbers(700)).await.unwrap();
    let (taken, ()) = tokio::join!(drain(&queue, 700), fill_up(&mut client));
    assert_eq!(taken, numbers(700));
    assert_eq!(stored(&mut client).await, 0);
    queue.close().await.unwrap();
}

async fn enqueues_that_cross_the_quota_say_truly_whether_they_were_stored(version: &'static str) {
    let server = Server::start_with(version, &QUOTA).await;
    let mut client = server.connect(None).await;
    let queue = open(&client, "/test");
    let (mut said, mut refused) = (0, 0);
    while refused < 5 {
        match queue.enqueue(vec![7; 10_000]).await {
            Ok(()) => said += 1,
            Err(Error::NoSpace { .. }) => refused += 1,
            Err(other) => panic!("{other:?}"),
        }
    }
    assert!(said > 100);
    assert_eq!(stored(&mut client).await, said);
}

async fn a_full_etcd_is_drained(version: &'static str) {
    let server = Server::start_with(version, &QUOTA).await;
    let mut client = server.connect(None).await;
    let old = open(&client, "/test");
    old.enqueue_all(numbers(1_000)).await.unwrap();
    assert_eq!(drain(&old, 1).await, ["0"]);
    fill_up(&mut client).await;
    let new = open(&client, "/test");
    let mut taken = drain(&old, 499).await;
    taken.extend(drain(&new, 500).await);
    assert_eq!(taken, numbers(1_000)[1..]);
    assert_eq!(stored(&mut client).await, 0);
}

async fn large_values_come_through_an_etcd_that_takes_sixteen_operations(version: &'static str) {
    let server = Server::start_with(version, &["--max-txn-ops=16"]).await;
    let client = server.connect(None).await;
    let queue = open(&client, "/test");
    queue.enqueue_all((0..300).map(|n| format!("{n:05000}"))).await.unwrap();
    let reader = open(&client, "/test");
    let mut taken = Vec::new();
    while taken.len() < 300 {
        taken.extend(reader.next_batch(50).await.unwrap().iter().map(text));
    }
    assert_eq!(taken, (0..300).map(|n| format!("{n:05000}")).collect::<Vec<_>>());
}
