//! What becomes of an item whose claim or enqueue went wrong half-way, or whose caller has gone.

use etcd_queue::{Certainty, Queue};
use futures::FutureExt;
use tokio::sync::oneshot;

use crate::meddler::{Meddler, Meddling};
use crate::server::Server;
use crate::{next_text, open, text, trials};

const TXN: &str = "/etcdserverpb.KV/Txn";

trials![
    a_claim_that_never_arrived_is_sent_again,
    a_claim_whose_reply_was_lost_still_hands_out_its_item,
    an_item_claimed_for_a_caller_that_left_goes_to_the_next,
    closing_puts_back_what_nobody_took,
    dropping_the_queue_puts_back_what_nobody_took,
    an_enqueue_whose_reply_was_lost_is_found,
    an_enqueue_that_got_lost_is_sent_again,
];

/// A queue on a meddled client that has its watch open, so that its next transaction is a claim.
async fn watching(server: &Server) -> (Queue, std::sync::Arc<std::sync::Mutex<crate::meddler::Plan>>) {
    let (client, plan) = Meddler::client(server, None, TXN).await;
    let queue = open(&client, "/test");
    queue.enqueue("first").await.unwrap();
    assert_eq!(next_text(&queue).await, "first");
    (queue, plan)
}

async fn stored(server: &Server) -> i64 {
    let all = etcd_client::GetOptions::new().with_prefix().with_count_only();
    server.connect(None).await.get("/test/", Some(all)).await.unwrap().count()
}

async fn a_claim_that_never_arrived_is_sent_again(version: &'static str) {
    let server = Server::start(version).await;
    let (queue, plan) = watching(&server).await;
    plan.lock().unwrap().push(Meddling::LostOnTheWay);
    open(&server.connect(None).await, "/test").enqueue("a").await.unwrap();
    let item = queue.next().await.unwrap();
    assert_eq!((text(&item).as_str(), item.certainty()), ("a", Certainty::Confirmed));
    assert!(plan.lock().unwrap().is_done());
    assert_eq!(stored(&server).await, 0);
}

async fn a_claim_whose_reply_was_lost_still_hands_out_its_item(version: &'static str) {
    let server = Server::start(version).await;
    let (queue, plan) = watching(&server).await;
    plan.lock().unwrap().push(Meddling::ReplyLost);
    let producer = open(&server.connect(None).await, "/test");
    producer.enqueue("a").await.unwrap();
    producer.enqueue("b").await.unwrap();
    let items = [queue.next().await.unwrap(), queue.next().await.unwrap()];
    assert_eq!(items.each_ref().map(text), ["a", "b"]);
    assert_eq!(items.map(|item| item.certainty()), [Certainty::Confirmed; 2]);
    assert_eq!(stored(&server).await, 0);
}

/// Claims the item `held` for a caller that goes while the reply is on its way; it comes when the sender
/// is used.
async fn abandoned_claim(server: &Server) -> (Queue, oneshot::Sender<()>) {
    let (queue, plan) = watching(server).await;
    let (carried_out, is_carried_out) = oneshot::channel();
    let (release, released) = oneshot::channel::<()>();
    let gate = async move {
        carried_out.send(()).unwrap();
        released.await.unwrap();
    };
    plan.lock().unwrap().push(Meddling::ReplyAfter(gate.boxed()));
    open(&server.connect(None).await, "/test").enqueue("held").await.unwrap();
    tokio::select! {
        item = queue.next() => panic!("{item:?} came through the gate"),
        held = is_carried_out => held.unwrap(),
    }
    assert_eq!(stored(server).await, 0);
    (queue, release)
}

async fn an_item_claimed_for_a_caller_that_left_goes_to_the_next(version: &'static str) {
    let server = Server::start(version).await;
    let (queue, release) = abandoned_claim(&server).await;
    open(&server.connect(None).await, "/test").enqueue("next").await.unwrap();
    release.send(()).unwrap();
    assert_eq!(next_text(&queue).await, "held");
    assert_eq!(next_text(&queue).await, "next");
}

async fn closing_puts_back_what_nobody_took(version: &'static str) {
    let server = Server::start(version).await;
    let (queue, release) = abandoned_claim(&server).await;
    let (closed, ()) = tokio::join!(biased; queue.close(), async { release.send(()).unwrap() });
    closed.unwrap();
    assert_eq!(stored(&server).await, 1);
    let other = open(&server.connect(None).await, "/test");
    assert_eq!(next_text(&other).await, "held");
}

async fn dropping_the_queue_puts_back_what_nobody_took(version: &'static str) {
    let server = Server::start(version).await;
    let (queue, release) = abandoned_claim(&server).await;
    drop(queue);
    release.send(()).unwrap();
    let other = open(&server.connect(None).await, "/test");
    assert_eq!(next_text(&other).await, "held");
}

async fn an_enqueue_whose_reply_was_lost_is_found(version: &'static str) {
    let server = Server::start(version).await;
    let (client, plan) = Meddler::client(&server, None, TXN).await;
    plan.lock().unwrap().push(Meddling::ReplyLost);
    open(&client, "/test").enqueue("a").await.unwrap();
    assert!(plan.lock().unwrap().is_done());
    assert_eq!(stored(&server).await, 1);
}

async fn an_enqueue_that_got_lost_is_sent_again(version: &'static str) {
    let server = Server::start(version).await;
    let (client, plan) = Meddler::client(&server, None, TXN).await;
    plan.lock().unwrap().push(Meddling::LostOnTheWay);
    let queue = open(&client, "/test");
    queue.enqueue("a").await.unwrap();
    assert!(plan.lock().unwrap().is_done());
    assert_eq!(stored(&server).await, 1);
}
