//! A request that is held back is let go when it is told to, whatever has become of its client.

#![allow(clippy::unwrap_used)]

use tokio::io::{AsyncReadExt, AsyncWriteExt};

use super::*;
use crate::abuse::processes::frames::{DATA, HEADERS, RST_STREAM};

const PREFACE: &[u8] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";
/// A comparison of the revision of `/a/1700000000000000001`.
const TXN: &[u8] = b"\0\0\0\0\x1a\x0a\x18\x10\x02\x1a\x14/a/1700000000000000001";
/// A header, and that the comparisons held.
const ANSWER: &[u8] = b"\0\0\0\0\x06\x0a\x02\x18\x07\x10\x01";

fn frame(kind: u8, stream: u8, payload: &[u8]) -> Vec<u8> {
    let length = u32::try_from(payload.len()).unwrap().to_be_bytes();
    [&length[1..], &[kind, 0, 0, 0, 0, stream], payload].concat()
}

/// A relay before a member that a test plays, with a client that has begun; the two ends of the connection.
async fn connected() -> (Relay, TcpStream, TcpStream) {
    let member = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let relay = Relay::open(&[member.local_addr().unwrap()], "/a").await.unwrap();
    assert_eq!(relay.begin(), 1);
    let mut client = TcpStream::connect(relay.endpoints[0]).await.unwrap();
    let (mut server, _) = member.accept().await.unwrap();
    client.write_all(PREFACE).await.unwrap();
    expect(&mut server, PREFACE).await;
    (relay, client, server)
}

async fn expect(end: &mut TcpStream, bytes: &[u8]) {
    let mut found = vec![0; bytes.len()];
    let read = timeout(Duration::from_secs(5), end.read_exact(&mut found));
    read.await.unwrap().unwrap();
    assert_eq!(found, bytes);
}

#[tokio::test]
async fn a_request_that_is_held_back_arrives_when_its_client_is_gone() {
    let (relay, mut client, mut server) = connected().await;
    relay.hold(1);
    let (head, body) = (frame(HEADERS, 1, b"head"), frame(DATA, 1, TXN));
    client.write_all(&[head.clone(), body.clone()].concat()).await.unwrap();
    assert!(relay.has_held(1, Duration::from_secs(5)).await);
    // The next one passes; and that the first was given up, nobody hears.
    let other = [frame(HEADERS, 3, b"head"), frame(DATA, 3, TXN)].concat();
    client.write_all(&[frame(RST_STREAM, 1, &[0, 0, 0, 8]), other.clone()].concat()).await.unwrap();
    expect(&mut server, &[head, other].concat()).await;
    drop(client);

    let answered = async {
        expect(&mut server, &body).await;
        server.write_all(&frame(DATA, 1, ANSWER)).await.unwrap();
    };
    let (let_go, ()) = tokio::join!(relay.let_go(1), answered);
    assert_eq!(let_go, LetGo { count: 1, answered: 1, succeeded: 1 });
    assert_eq!(
        server.read(&mut [0]).await.unwrap(),
        0,
        "the connection ends when nothing is held back any more"
    );
    assert_eq!(relay.take_named(1), BTreeSet::from([b"/a/1700000000000000001".to_vec()]));
}

#[tokio::test]
async fn a_request_whose_member_has_died_is_not_counted_as_let_go() {
    let (relay, mut client, server) = connected().await;
    relay.hold(1);
    client.write_all(&frame(DATA, 1, TXN)).await.unwrap();
    assert!(relay.has_held(1, Duration::from_secs(5)).await);
    drop(server);
    assert_eq!(client.read(&mut [0]).await.unwrap(), 0);
    assert_eq!(relay.let_go(1).await, LetGo::default());
}

#[tokio::test]
async fn a_lost_reply_takes_its_connection_along() {
    let (relay, mut client, mut server) = connected().await;
    relay.lose(1);
    let request = [frame(HEADERS, 1, b"head"), frame(DATA, 1, TXN)].concat();
    client.write_all(&request).await.unwrap();
    expect(&mut server, &request).await;
    server.write_all(&frame(HEADERS, 1, b"head")).await.unwrap();
    assert_eq!(client.read(&mut [0]).await.unwrap_or(0), 0);
    assert_eq!(relay.replies_lost(), 1);
}

#[tokio::test]
async fn nobody_gets_through_while_it_is_shut() {
    let (relay, mut client, _server) = connected().await;
    relay.shut(Duration::from_secs(60));
    assert_eq!(client.read(&mut [0]).await.unwrap_or(0), 0);
    let mut another = TcpStream::connect(relay.endpoints[0]).await.unwrap();
    assert_eq!(another.read(&mut [0]).await.unwrap_or(0), 0);
}
