//! HTTP/2 by hand: connections that stop anywhere, and bytes that are none.

use std::{net::SocketAddr, time::Duration};

use etcd_model::proto::{
    LeaseKeepAliveRequest, PutRequest, WatchCreateRequest, WatchRequest, watch_request::RequestUnion,
};
use prost::Message;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
    time::timeout,
};

use crate::{draw::Draw, methods};

/// How long a connection listens to what the server has to say.
const LISTENS_FOR: Duration = Duration::from_millis(50);

const PREFACE: &[u8] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";

/// The kinds of frames that matter here. Source: RFC 9113, section 6.
const DATA: u8 = 0;
const HEADERS: u8 = 1;
const SETTINGS: u8 = 4;

const END_STREAM: u8 = 1;
const END_HEADERS: u8 = 4;

/// How far a connection has come when it ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum State {
    /// It has said nothing.
    Silent,
    /// It has said that it speaks HTTP/2.
    AfterPreface,
    /// It has begun to name a call.
    InHeaders,
    /// It has named a call, and said nothing of the request.
    BeforeMessage,
    /// It has begun a request.
    InMessage,
    /// It has asked, and does not wait for the answer.
    BeforeAnswer,
    /// Its call waits for ever: its token is one of a proposal that never comes.
    WaitingForItsToken,
    /// It has opened a stream of watches, and no watch.
    StreamWithoutWatch,
    /// It has a watch.
    Watching,
    /// It has nothing more to ask on its stream of watches.
    HalfClosedWatch,
    /// It keeps a lease alive.
    KeepingAlive,
}

impl State {
    pub const ALL: [Self; 11] = [
        Self::Silent,
        Self::AfterPreface,
        Self::InHeaders,
        Self::BeforeMessage,
        Self::InMessage,
        Self::BeforeAnswer,
        Self::WaitingForItsToken,
        Self::StreamWithoutWatch,
        Self::Watching,
        Self::HalfClosedWatch,
        Self::KeepingAlive,
    ];

    /// What a connection says to come there.
    fn words(self) -> Vec<u8> {
        let opening = [PREFACE, &frame(SETTINGS, 0, 0, b"")].concat();
        let half = |bytes: Vec<u8>| bytes[..bytes.len() / 2].to_vec();
        let put = headers(1, methods::PUT, None);
        let message = frame(DATA, END_STREAM, 1, &enveloped(&put_request()));
        let watch = headers(1, methods::WATCH, None);
        let said = match self {
            Self::Silent => return Vec::new(),
            Self::AfterPreface => vec![],
            Self::InHeaders => vec![half(put)],
            Self::BeforeMessage => vec![put],
            Self::InMessage => vec![put, half(message)],
            Self::BeforeAnswer => vec![put, message],
            Self::WaitingForItsToken => {
                vec![headers(1, methods::PUT, Some("aaaaaaaaaaaaaaaa.999999999")), message]
            }
            Self::StreamWithoutWatch => vec![watch],
            Self::Watching => vec![watch, frame(DATA, 0, 1, &enveloped(&watch_request()))],
            Self::HalfClosedWatch => vec![watch, frame(DATA, END_STREAM, 1, b"")],
            Self::KeepingAlive => {
                let request = enveloped(&LeaseKeepAliveRequest { id: 7 });
                vec![headers(1, methods::LEASE_KEEP_ALIVE, None), frame(DATA, 0, 1, &request)]
            }
        };
        [opening, said.concat()].concat()
    }
}

/// How a connection ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ending {
    /// As a program that closes it.
    Closed,
    /// As a program that is killed while there is something it has not read.
    Reset,
    /// It says that it has nothing more to say, and closes later.
    HalfClosed,
}

impl Ending {
    pub const ALL: [Self; 3] = [Self::Closed, Self::Reset, Self::HalfClosed];

    /// Ends a connection so.
    pub async fn end(self, mut connection: TcpStream) {
        match self {
            Self::Closed => {}
            Self::Reset => {
                let _ = connection.set_zero_linger();
            }
            Self::HalfClosed => {
                let _ = connection.shutdown().await;
                listen(&mut connection).await;
            }
        }
    }
}

/// A connection that has come so far.
pub async fn reach(address: SocketAddr, state: State) -> TcpStream {
    let mut connection = TcpStream::connect(address).await.unwrap();
    connection.write_all(&state.words()).await.unwrap();
    connection
}

/// Says something on a connection of its own, and listens a while.
pub async fn say(address: SocketAddr, bytes: Vec<u8>) {
    let mut connection = TcpStream::connect(address).await.unwrap();
    // The server may have had enough of it before the end.
    let _ = connection.write_all(&bytes).await;
    listen(&mut connection).await;
}

async fn listen(connection: &mut TcpStream) {
    let mut answer = Vec::new();
    let _ = timeout(LISTENS_FOR, connection.read_to_end(&mut answer)).await;
}

/// A connection's words from its beginning to its end: a call, a stream of watches, and keeping a lease alive.
pub fn whole() -> Vec<u8> {
    [
        PREFACE.to_vec(),
        frame(SETTINGS, 0, 0, b""),
        headers(1, methods::PUT, Some("not a token")),
        frame(DATA, END_STREAM, 1, &enveloped(&put_request())),
        headers(3, methods::WATCH, None),
        frame(DATA, 0, 3, &enveloped(&watch_request())),
        headers(5, methods::LEASE_KEEP_ALIVE, None),
        frame(DATA, 0, 5, &enveloped(&LeaseKeepAliveRequest { id: 7 })),
        frame(DATA, END_STREAM, 3, b""),
        frame(DATA, END_STREAM, 5, b""),
    ]
    .concat()
}

/// Bytes that are not HTTP/2, or not for long.
pub fn garbage(draw: &mut Draw) -> Vec<u8> {
    match draw.below(4) {
        0 => draw.bytes(2_000),
        1 => [PREFACE.to_vec(), draw.bytes(2_000)].concat(),
        2 => {
            let mut frames = vec![PREFACE.to_vec(), frame(SETTINGS, 0, 0, b"")];
            for _ in 0..draw.below(30) {
                let payload = draw.bytes(100);
                let stream = u32::try_from(draw.below(8)).unwrap();
                frames.push(frame(draw.byte() % 11, draw.byte(), stream, &payload));
            }
            frames.concat()
        }
        _ => {
            let mut bytes = whole();
            for _ in 0..=draw.below(5) {
                let place = PREFACE.len() + draw.below(bytes.len() - PREFACE.len());
                bytes[place] = draw.byte();
            }
            bytes
        }
    }
}

fn frame(kind: u8, flags: u8, stream: u32, payload: &[u8]) -> Vec<u8> {
    let length = u32::try_from(payload.len()).unwrap().to_be_bytes();
    [&length[1..], &[kind, flags], &stream.to_be_bytes(), payload].concat()
}

/// The headers of a call, each spelled out. Source: RFC 7541, section 6.2.2.
fn headers(stream: u32, path: &str, token: Option<&str>) -> Vec<u8> {
    let usual = [
        (":method", "POST"),
        (":scheme", "http"),
        (":authority", "etcd"),
        (":path", path),
        ("te", "trailers"),
        ("content-type", "application/grpc"),
    ];
    let mut block = Vec::new();
    for (name, value) in usual.into_iter().chain(token.map(|token| ("token", token))) {
        block.push(0);
        for text in [name, value] {
            block.push(u8::try_from(text.len()).unwrap());
            block.extend_from_slice(text.as_bytes());
        }
    }
    frame(HEADERS, END_HEADERS, stream, &block)
}

/// A message as gRPC sends it: not compressed, and after its length.
fn enveloped(message: &impl Message) -> Vec<u8> {
    let bytes = message.encode_to_vec();
    let length = u32::try_from(bytes.len()).unwrap().to_be_bytes();
    [&[0][..], &length, &bytes].concat()
}

fn put_request() -> PutRequest {
    PutRequest { key: "abuse".into(), value: "1".into(), ..PutRequest::default() }
}

fn watch_request() -> WatchRequest {
    let create = WatchCreateRequest { key: "abuse".into(), ..WatchCreateRequest::default() };
    WatchRequest { request_union: Some(RequestUnion::CreateRequest(create)) }
}
