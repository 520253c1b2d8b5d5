//! Bytes as peers send them, for the tests of this room.

#![allow(clippy::unwrap_used, clippy::expect_used)]

use std::time::Duration;

use loona_hpack::Encoder;
use prost::Message;

use super::frames::{HEADER_BYTES, PREFACE, Piece, Side, Splitter};

pub const DATA: u8 = 0;
pub const HEADERS: u8 = 1;
pub const RESET_STREAM: u8 = 3;
pub const SETTINGS: u8 = 4;
pub const PUSH_PROMISE: u8 = 5;
pub const CONTINUATION: u8 = 9;

pub const END_STREAM: u8 = 0x1;
pub const END_HEADERS: u8 = 0x4;
pub const PADDED: u8 = 0x8;
pub const PRIORITY: u8 = 0x20;

/// A frame as it is sent.
pub fn frame(kind: u8, flags: u8, stream: u32, payload: &[u8]) -> Vec<u8> {
    let length = u32::try_from(payload.len()).unwrap().to_be_bytes();
    let mut bytes = length[1..].to_vec();
    bytes.extend([kind, flags]);
    bytes.extend(stream.to_be_bytes());
    assert_eq!(bytes.len(), HEADER_BYTES);
    bytes.extend(payload);
    bytes
}

/// What that side sends before anything else.
pub fn opening(side: Side) -> Vec<u8> {
    let settings = frame(SETTINGS, 0, 0, &[0, 4, 0, 0, 255, 255]);
    match side {
        Side::Client => [PREFACE, &settings].concat(),
        Side::Server => settings,
    }
}

/// The pieces of what one side sent, read in chunks of those sizes and then in one of the rest.
pub fn pieces(side: Side, mut bytes: &[u8], chunks: &[usize]) -> Vec<Piece> {
    let mut splitter = Splitter::new(side);
    let mut pieces = Vec::new();
    for chunk in chunks.iter().copied().chain([usize::MAX]) {
        let (now, later) = bytes.split_at(chunk.min(bytes.len()));
        bytes = later;
        splitter.buffer().extend_from_slice(now);
        pieces.extend(std::iter::from_fn(|| splitter.next_piece()));
    }
    pieces.extend(splitter.rest());
    pieces
}

/// One side of a connection, that compresses its headers as it goes.
pub struct Peer(Encoder<'static>);

impl Peer {
    pub fn new() -> Self {
        Self(Encoder::new())
    }

    /// A header block.
    pub fn block(&mut self, fields: &[(&str, &str)]) -> Vec<u8> {
        self.0.encode(fields.iter().map(|(name, value)| (name.as_bytes(), value.as_bytes())))
    }

    /// A block in one frame.
    pub fn headers(&mut self, stream: u32, flags: u8, fields: &[(&str, &str)]) -> Vec<u8> {
        let block = self.block(fields);
        frame(HEADERS, END_HEADERS | flags, stream, &block)
    }

    /// The start of a call.
    pub fn call(&mut self, stream: u32, method: &str, token: Option<&str>) -> Vec<u8> {
        let mut fields =
            vec![(":method", "POST"), (":scheme", "http"), (":path", method), ("te", "trailers")];
        fields.extend(token.map(|token| ("token", token)));
        self.headers(stream, 0, &fields)
    }

    /// The start of an answer.
    pub fn answer(&mut self, stream: u32) -> Vec<u8> {
        self.headers(stream, 0, &[(":status", "200"), ("content-type", "application/grpc")])
    }

    /// The end of an answer.
    pub fn trailers(&mut self, stream: u32, status: &str, message: &str) -> Vec<u8> {
        self.headers(stream, END_STREAM, &[("grpc-status", status), ("grpc-message", message)])
    }
}

/// What the future gives, which must come without waiting for anything but the other side.
pub async fn soon<T>(future: impl Future<Output = T>) -> T {
    tokio::time::timeout(Duration::from_secs(10), future).await.expect("it comes soon")
}

/// A message as gRPC sends it.
pub fn message(body: &[u8]) -> Vec<u8> {
    prefixed(0, body)
}

/// A message that says it is compressed.
pub fn compressed_message(body: &[u8]) -> Vec<u8> {
    prefixed(1, body)
}

/// An etcd message as gRPC sends it.
pub fn encoded(body: &impl Message) -> Vec<u8> {
    message(&body.encode_to_vec())
}

fn prefixed(compressed: u8, body: &[u8]) -> Vec<u8> {
    let length = u32::try_from(body.len()).unwrap().to_be_bytes();
    [&[compressed], &length[..], body].concat()
}
