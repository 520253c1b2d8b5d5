//! A wire in memory whose two ends a test plays.

#![allow(clippy::unwrap_used, clippy::expect_used)]

use std::io;

use tokio::{
    io::{AsyncReadExt, AsyncWriteExt, DuplexStream, duplex},
    sync::mpsc::{UnboundedReceiver, unbounded_channel},
};

use super::{
    Seen, Sighting, Wire,
    frames::Side,
    sample::{DATA, END_STREAM, Peer, frame, message, opening, soon},
};
use crate::etcd::{Address, Dial};

/// A wire to a server that the test plays.
pub struct Net {
    pub wire: Wire,
    pub sightings: UnboundedReceiver<Sighting>,
    pub accepted: UnboundedReceiver<DuplexStream>,
}

impl Net {
    pub fn new() -> Self {
        let (upstream, accepted) = server();
        let (sender, sightings) = unbounded_channel();
        Self { wire: Wire::new(upstream, sender), sightings, accepted }
    }

    /// The client's end of a new connection.
    pub async fn dial(&self, client: &str) -> DuplexStream {
        let Address::Pipe(dial) = self.wire.route(client).await.unwrap() else { panic!("no pipe") };
        dial.connect().unwrap()
    }

    /// Both ends of a new connection.
    pub async fn connect(&mut self, client: &str) -> (DuplexStream, DuplexStream) {
        let client = self.dial(client).await;
        (client, soon(self.accepted.recv()).await.unwrap())
    }

    /// A new connection on which HTTP/2 has begun.
    pub async fn open(&mut self, client: &str) -> Connection {
        let (mut near, mut far) = self.connect(client).await;
        pass(&mut near, &mut far, &opening(Side::Client)).await;
        pass(&mut far, &mut near, &opening(Side::Server)).await;
        Connection { near, far, client: Peer::new(), server: Peer::new() }
    }

    /// What was seen and not asked for yet, without connecting and what the client asked for.
    pub fn seen(&mut self) -> Vec<(String, Seen)> {
        std::iter::from_fn(|| self.sightings.try_recv().ok())
            .filter(|sighting| !matches!(sighting.seen, Seen::Connected | Seen::Request { .. }))
            .map(|sighting| (sighting.client, sighting.seen))
            .collect()
    }
}

/// A server, and where the connections to it arrive.
pub fn server() -> (Address, UnboundedReceiver<DuplexStream>) {
    let (accept, accepted) = unbounded_channel();
    let dial = Dial::new(move || {
        let (ours, theirs) = duplex(64 << 10);
        accept.send(theirs).map_err(|_| io::ErrorKind::ConnectionRefused)?;
        Ok(ours)
    });
    (Address::Pipe(dial), accepted)
}

/// Both ends of one connection.
pub struct Connection {
    pub near: DuplexStream,
    pub far: DuplexStream,
    pub client: Peer,
    pub server: Peer,
}

impl Connection {
    /// The client makes a call, and the server gets it.
    pub async fn call(&mut self, stream: u32, method: &str) {
        let call =
            [self.client.call(stream, method, None), frame(DATA, END_STREAM, stream, &message(b"asked"))];
        pass(&mut self.near, &mut self.far, &call.concat()).await;
    }

    pub fn reply(&mut self, stream: u32) -> Vec<u8> {
        let body = frame(DATA, 0, stream, &message(b"done"));
        [self.server.answer(stream), body, self.server.trailers(stream, "0", "")].concat()
    }

    /// The server answers, and the client gets it.
    pub async fn answer(&mut self, stream: u32) {
        let reply = self.reply(stream);
        pass(&mut self.far, &mut self.near, &reply).await;
    }
}

/// What is sent here arrives there.
pub async fn pass(from: &mut DuplexStream, to: &mut DuplexStream, bytes: &[u8]) {
    from.write_all(bytes).await.unwrap();
    hear(to, bytes).await;
}

pub async fn hear(end: &mut DuplexStream, bytes: &[u8]) {
    let mut heard = vec![0; bytes.len()];
    soon(end.read_exact(&mut heard)).await.unwrap();
    assert!(heard == bytes, "{} bytes arrived changed", bytes.len());
}
