//! The limits of etcd, from both sides.

use etcd_model::member::Settings;
use etcd_queue::Error;

use crate::etcd::{Etcd, settings, stored};
use crate::{next_text, open, text};

const TXN: &str = "/etcdserverpb.KV/Txn";

#[tokio::test(start_paused = true)]
async fn a_hundred_and_twenty_six_items_travel_in_one_transaction_and_one_more_in_two() {
    let etcd = Etcd::start("3.5.16");
    let (client, wire) = etcd.wired(None).await;
    let queue = open(&client, "/test");
    queue.enqueue("first").await.unwrap();
    assert_eq!(next_text(&queue).await, "first");
    for (items, transactions) in [(126, 1), (127, 2), (252, 2)] {
        let before = wire.requests(TXN);
        queue.enqueue_all(vec!["a"; items]).await.unwrap();
        assert_eq!(wire.requests(TXN) - before, transactions, "enqueueing {items}");
        crate::settle().await;
        let before = wire.requests(TXN);
        assert_eq!(queue.next_batch(items).await.unwrap().len(), items);
        assert_eq!(wire.requests(TXN) - before, transactions, "claiming {items}");
    }
}

#[tokio::test(start_paused = true)]
async fn an_etcd_that_takes_fewer_operations_is_obeyed() {
    for limit in [2, 7, 100, 127] {
        let etcd = Etcd::start_with(Settings { max_txn_operations: limit, ..settings("3.5.16") });
        let queue = open(&etcd.client().await, "/test");
        queue.enqueue_all((0..300).map(|n| n.to_string())).await.unwrap();
        let mut taken = Vec::new();
        while taken.len() < 300 {
            taken.extend(queue.next_batch(126).await.unwrap().iter().map(text));
        }
        assert_eq!(taken, (0..300).map(|n| n.to_string()).collect::<Vec<_>>(), "at most {limit}");
    }
}

#[tokio::test(start_paused = true)]
async fn values_up_to_etcds_own_limit_are_stored_and_larger_ones_refused() {
    let etcd = Etcd::start("3.5.16");
    let mut client = etcd.client().await;
    let queue = open(&client, "/test");
    // What the transaction adds to a value: two keys, the slot's, and framing.
    let limit = 1536 * 1024;
    let (mut fits, mut too_large) = (limit - 1024, limit);
    queue.enqueue(vec![0; fits]).await.unwrap();
    while too_large - fits > 1 {
        let size = fits.midpoint(too_large);
        match queue.enqueue(vec![0; size]).await {
            Ok(()) => fits = size,
            Err(Error::TooLarge { .. }) => too_large = size,
            Err(other) => panic!("{other:?}"),
        }
    }
    assert!(limit - fits < 300, "{} bytes are lost to the queue's records", limit - fits);
    let mut left = stored(&mut client, "/test/").await;
    while left > 0 {
        left -= i64::try_from(queue.next_batch(3).await.unwrap().len()).unwrap();
    }
    assert_eq!(stored(&mut client, "/test/").await, 0);
}

#[tokio::test(start_paused = true)]
async fn large_values_travel_in_transactions_of_their_own() {
    let etcd = Etcd::start("3.5.16");
    let (client, wire) = etcd.wired(None).await;
    let queue = open(&client, "/test");
    queue.enqueue("first").await.unwrap();
    let before = wire.requests(TXN);
    queue.enqueue_all((0..6_u8).map(|n| vec![n; 500_000])).await.unwrap();
    assert_eq!(wire.requests(TXN) - before, 3);
    assert_eq!(next_text(&queue).await, "first");
    for n in 0..6_u8 {
        assert_eq!(queue.next().await.unwrap().into_value(), vec![n; 500_000]);
    }
}

#[tokio::test(start_paused = true)]
async fn one_callers_mistake_is_not_the_others() {
    let etcd = Etcd::start("3.5.16");
    let queue = open(&etcd.client().await, "/test");
    queue.enqueue("first").await.unwrap();
    let too_large = vec![0; 1_600_000];
    let (a, b, c, d) = tokio::join!(
        biased;
        queue.enqueue("a"),
        queue.enqueue(too_large.clone()),
        queue.enqueue("c"),
        queue.enqueue_all([b"d".to_vec(), too_large, b"never".to_vec()]),
    );
    a.unwrap();
    assert!(matches!(b, Err(Error::TooLarge { .. })), "{b:?}");
    c.unwrap();
    let Err(Error::Partly { stored: 1, cause }) = d else { panic!("{d:?}") };
    assert!(matches!(*cause, Error::TooLarge { .. }), "{cause:?}");
    let mut taken = Vec::new();
    for _ in 0..4 {
        taken.push(next_text(&queue).await);
    }
    assert_eq!(taken, ["first", "a", "c", "d"]);
    assert_eq!(queue.len().await.unwrap(), 0);
}

#[tokio::test(start_paused = true)]
async fn a_long_backlog_is_listed_whole_and_in_order() {
    let etcd = Etcd::start("3.5.16");
    let client = etcd.client().await;
    let producer = open(&client, "/test");
    for hundred in 0..250 {
        producer.enqueue_all((0..100).map(|n| (100 * hundred + n).to_string())).await.unwrap();
    }
    assert_eq!(producer.len().await.unwrap(), 25_000);
    let consumer = open(&client, "/test");
    for n in 0..50 {
        let items = consumer.next_batch(500).await.unwrap();
        let expected: Vec<_> = (500 * n..500 * (n + 1)).map(|n| n.to_string()).collect();
        assert_eq!(items.iter().map(text).collect::<Vec<_>>(), expected);
    }
}
