//! Requests that are held back on connections in memory, in virtual time, both ends of them played by the test.

#![allow(clippy::unwrap_used, clippy::expect_used)]

use std::time::Duration;

use tokio::{
    io::DuplexStream,
    time::{sleep, timeout},
};

use super::*;
use crate::{
    scenario::{HoldRequests, LoseReplies, Method, Reach},
    wire::{
        Fault,
        net::{Connection, Net, hear, pass},
        sample::{DATA, END_STREAM, RESET_STREAM, frame, message, soon},
    },
};

const TXN: &str = "/etcdserverpb.KV/Txn";
const RANGE: &str = "/etcdserverpb.KV/Range";

/// Longer than any lease or token lives.
const LONG: Duration = Duration::from_secs(3600);

fn hold(count: usize) -> HoldRequests {
    HoldRequests { reach: Reach::Client("shared".to_owned()), method: Method::Txn, count }
}

/// The client asks, and nothing is said of what arrives.
async fn ask(connection: &mut Connection, stream: u32, method: &str) -> Vec<u8> {
    let body = frame(DATA, END_STREAM, stream, &message(b"asked"));
    let call = [connection.client.call(stream, method, None), body].concat();
    connection.near.write_all(&call).await.unwrap();
    call
}

async fn assert_silent(end: &mut DuplexStream) {
    assert!(timeout(LONG, end.read_u8()).await.is_err(), "something arrived");
}

async fn assert_ended(end: &mut DuplexStream) {
    assert_eq!(soon(end.read(&mut [0])).await.unwrap(), 0, "the end expected");
}

fn of_shared(seen: impl IntoIterator<Item = Seen>) -> Vec<(String, Seen)> {
    seen.into_iter().map(|seen| ("shared".to_owned(), seen)).collect()
}

fn held(method: &str) -> Seen {
    Seen::RequestHeld { method: method.to_owned() }
}

fn released(method: &str) -> Seen {
    Seen::RequestReleased { method: method.to_owned() }
}

fn dropped(method: &str) -> Seen {
    Seen::RequestDropped { method: method.to_owned() }
}

#[tokio::test(start_paused = true)]
async fn a_request_reaches_the_server_when_it_is_let_go_and_its_client_has_lost_the_connection_long_ago() {
    let mut net = Net::new();
    let mut connection = net.open("shared").await;
    connection.call(1, RANGE).await;
    net.wire.inflict(Fault::HoldRequests(hold(1)));

    let call = ask(&mut connection, 3, TXN).await;
    assert_ended(&mut connection.near).await;
    assert_eq!(net.seen(), of_shared([held(TXN), Seen::Disconnected]));
    drop(connection.near);
    assert_silent(&mut connection.far).await;

    // The client goes on meanwhile, on another connection, and is served.
    let mut other = net.open("shared").await;
    other.call(1, TXN).await;
    other.answer(1).await;

    net.wire.release_requests();
    hear(&mut connection.far, &call).await;
    assert_eq!(net.seen(), of_shared([released(TXN)]));
    let reply = connection.server.answer(3);
    connection.far.write_all(&reply).await.unwrap();
    assert_silent(&mut connection.far).await;
    other.call(3, RANGE).await;
}

#[tokio::test(start_paused = true)]
async fn what_was_sent_before_arrives_at_once_and_what_follows_on_the_connection_comes_with_the_request() {
    let mut net = Net::new();
    let mut connection = net.open("shared").await;
    net.wire.inflict(Fault::HoldRequests(hold(1)));

    let asked = [(1, RANGE), (3, TXN), (5, RANGE)].map(|(stream, method)| {
        let body = frame(DATA, END_STREAM, stream, &message(b"asked"));
        [connection.client.call(stream, method, None), body].concat()
    });
    connection.near.write_all(&asked.concat()).await.unwrap();
    hear(&mut connection.far, &asked[0]).await;
    assert_silent(&mut connection.far).await;
    assert_eq!(net.seen(), of_shared([held(TXN), held(RANGE), Seen::Disconnected]));

    net.wire.release_requests();
    hear(&mut connection.far, &asked[1..].concat()).await;
    assert_eq!(net.seen(), of_shared([released(TXN), released(RANGE)]));
}

#[tokio::test(start_paused = true)]
async fn a_request_that_comes_in_parts_is_held_as_a_whole_however_long_it_is() {
    let mut net = Net::new();
    let mut connection = net.open("shared").await;
    net.wire.inflict(Fault::HoldRequests(hold(1)));

    let mut all = connection.client.call(1, TXN, None);
    connection.near.write_all(&all).await.unwrap();
    assert_silent(&mut connection.far).await;
    let part = frame(DATA, 0, 1, &[7; 16 << 10]);
    for _ in 0..8 {
        all.extend(&part);
        connection.near.write_all(&part).await.unwrap();
        // Nobody else opens its windows: HTTP/2 lets it send 64 KiB before.
        let update = |stream: u8| [0, 0, 4, 8, 0, 0, 0, 0, stream, 0, 0, 0x40, 0];
        hear(&mut connection.near, &[update(1), update(0)].concat()).await;
    }
    assert_eq!(net.seen(), [], "it is not whole yet");
    let last = frame(DATA, END_STREAM, 1, &[]);
    all.extend(&last);
    connection.near.write_all(&last).await.unwrap();
    assert_ended(&mut connection.near).await;
    assert_eq!(net.seen(), of_shared([held(TXN), Seen::Disconnected]));

    net.wire.release_requests();
    hear(&mut connection.far, &all).await;
}

#[tokio::test(start_paused = true)]
async fn a_client_that_gives_up_before_its_request_is_whole_leaves_nothing_held() {
    let mut net = Net::new();
    let mut connection = net.open("shared").await;
    net.wire.inflict(Fault::HoldRequests(hold(1)));
    let headers = connection.client.call(1, TXN, None);
    connection.near.write_all(&headers).await.unwrap();
    drop(connection.near);
    assert_ended(&mut connection.far).await;
    assert_eq!(net.seen(), of_shared([Seen::Disconnected]));
}

#[tokio::test(start_paused = true)]
async fn a_request_that_its_client_has_reset_is_held_with_the_reset() {
    let mut net = Net::new();
    let mut connection = net.open("shared").await;
    net.wire.inflict(Fault::HoldRequests(hold(1)));
    let call = [connection.client.call(1, TXN, None), frame(RESET_STREAM, 0, 1, &[0, 0, 0, 8])].concat();
    connection.near.write_all(&call).await.unwrap();
    assert_ended(&mut connection.near).await;
    net.wire.release_requests();
    hear(&mut connection.far, &call).await;
}

#[tokio::test(start_paused = true)]
async fn as_many_are_held_as_were_named_and_only_the_named_clients_and_what_is_still_to_come_is_held_after_a_release()
 {
    let mut net = Net::new();
    net.wire.inflict(Fault::HoldRequests(hold(2)));
    let mut other = net.open("other").await;
    other.call(1, TXN).await;
    let mut first = net.open("shared").await;
    let call = ask(&mut first, 1, TXN).await;
    assert_ended(&mut first.near).await;
    net.wire.release_requests();
    hear(&mut first.far, &call).await;

    let mut second = net.open("shared").await;
    let call = ask(&mut second, 1, TXN).await;
    assert_ended(&mut second.near).await;
    assert_silent(&mut second.far).await;
    net.open("shared").await.call(1, TXN).await;
    net.wire.release_requests();
    hear(&mut second.far, &call).await;
}

#[tokio::test(start_paused = true)]
async fn a_server_that_ends_meanwhile_never_gets_the_request() {
    let mut net = Net::new();
    let mut connection = net.open("shared").await;
    net.wire.inflict(Fault::HoldRequests(hold(1)));
    ask(&mut connection, 1, TXN).await;
    assert_ended(&mut connection.near).await;
    drop(connection.far);
    sleep(Duration::from_secs(1)).await;
    assert_eq!(net.seen(), of_shared([held(TXN), Seen::Disconnected, dropped(TXN)]));
    net.wire.release_requests();
}

#[tokio::test(start_paused = true)]
async fn when_the_faults_end_what_is_held_is_dropped_and_what_was_to_be_hit_and_was_not_is_told() {
    let mut net = Net::new();
    let mut connection = net.open("shared").await;
    let loss = |count| LoseReplies {
        reach: Reach::All,
        method: Method::Range,
        count,
        instead: crate::scenario::Instead::Close,
    };
    net.wire.inflict(Fault::LoseReplies(loss(4)));
    net.wire.inflict(Fault::HoldRequests(hold(3)));
    net.wire.inflict(Fault::HoldRequests(HoldRequests { method: Method::Put, ..hold(0) }));
    ask(&mut connection, 1, TXN).await;
    assert_ended(&mut connection.near).await;
    assert_eq!(net.seen(), of_shared([held(TXN), Seen::Disconnected]));

    assert_eq!(net.wire.end_faults(), [Fault::LoseReplies(loss(4)), Fault::HoldRequests(hold(2))]);
    assert_ended(&mut connection.far).await;
    assert_eq!(net.seen(), of_shared([dropped(TXN)]));
    let mut connection = net.open("shared").await;
    for (stream, method) in [(1, TXN), (3, RANGE)] {
        connection.call(stream, method).await;
        connection.answer(stream).await;
    }
    net.wire.release_requests();
    assert_eq!(net.wire.end_faults(), []);
}

#[tokio::test(start_paused = true)]
async fn a_connection_that_a_fault_cuts_while_a_request_is_taken_from_it_holds_nothing() {
    let mut net = Net::new();
    let mut connection = net.open("shared").await;
    net.wire.inflict(Fault::HoldRequests(hold(1)));
    let headers = connection.client.call(1, TXN, None);
    connection.near.write_all(&headers).await.unwrap();
    sleep(Duration::from_secs(1)).await;
    net.wire.inflict(Fault::DropConnections(Reach::All));
    assert_ended(&mut connection.near).await;
    assert_ended(&mut connection.far).await;
    assert_eq!(net.seen(), of_shared([Seen::Disconnected]));
    let (mut near, mut far) = net.connect("shared").await;
    pass(&mut near, &mut far, b"served").await;
}
