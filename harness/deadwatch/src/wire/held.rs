//! Requests that wait in the network: what a client has sent reaches the server later, when the client has long been
//! told that its connection is gone.
//!
//! Header blocks are compressed against all that were sent before them, so that none can be left out of a connection.
//! All that a client sends on a connection from a request on is held, therefore. Its side is reset, and what it asks
//! next comes on another connection; the server's side stays open until the rest arrives.

use std::io;

use bytes::BytesMut;
use tokio::{
    io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt, copy, sink, split},
    sync::oneshot,
};

use super::{
    frames::{Frame, Kind, Piece, Side, Splitter},
    link::{Condition, Link},
    observer::{Observer, Reporter},
    sighting::Seen,
};

/// A request that is held back and not whole yet.
pub(super) struct Holding {
    /// The stream of the request with which it began.
    stream: u32,
    /// The piece that began it, which was seen already.
    first: Piece,
    /// The rest of what was read.
    splitter: Splitter,
    released: oneshot::Receiver<()>,
}

/// What is held back of one connection, from one request on.
pub(super) struct Held {
    bytes: BytesMut,
    /// What is asked in it, in order.
    methods: Vec<String>,
    reporter: Reporter,
    released: oneshot::Receiver<()>,
}

impl Holding {
    /// From this piece of the client's on; `splitter` has what was read after it.
    pub(super) fn from(first: Piece, splitter: Splitter, released: oneshot::Receiver<()>) -> Self {
        let stream = match &first {
            Piece::Frame(frame) => frame.stream(),
            Piece::Preface(_) | Piece::Opaque(_) => 0,
        };
        Self { stream, first, splitter, released }
    }

    /// Reads on until the request is whole, and says that it is held.
    ///
    /// Windows are opened to the client in the server's place, which gets none of it yet.
    ///
    /// # Errors
    /// The client gave up before that, or a fault has cut or silenced the connection.
    pub(super) async fn whole<C>(
        self,
        client: &mut C,
        mut observer: Observer,
        link: &Link,
    ) -> io::Result<Held>
    where
        C: AsyncRead + AsyncWrite + Unpin,
    {
        tokio::select! {
            biased;
            _ = link.worse_than(Condition::Open) => Err(io::ErrorKind::ConnectionReset.into()),
            held = self.read_on(client, &mut observer) => held,
        }
    }

    async fn read_on<C>(self, client: &mut C, observer: &mut Observer) -> io::Result<Held>
    where
        C: AsyncRead + AsyncWrite + Unpin,
    {
        let Self { stream, first, mut splitter, released } = self;
        let reporter = observer.reporter();
        let mut methods: Vec<String> = observer.opened_call(&first).map(str::to_owned).into_iter().collect();
        let mut whole = ends(&first, stream);
        let mut bytes = first.into_bytes();
        loop {
            while let Some(piece) = splitter.next_piece() {
                observer.see(Side::Client, &piece);
                methods.extend(observer.opened_call(&piece).map(str::to_owned));
                whole |= ends(&piece, stream);
                if let (false, Piece::Frame(frame)) = (whole, &piece) {
                    client.write_all(&window_updates(frame)).await?;
                }
                bytes.unsplit(piece.into_bytes());
            }
            if whole {
                break;
            }
            client.flush().await?;
            if client.read_buf(splitter.buffer()).await? == 0 {
                return Err(io::ErrorKind::UnexpectedEof.into());
            }
        }
        for method in &methods {
            reporter.report(Seen::RequestHeld { method: method.clone() });
        }
        Ok(Held { bytes, methods, reporter, released })
    }
}

impl Held {
    /// Waits until it is let go, and sends it; then keeps the connection until the server ends it, and tells nobody
    /// what comes back. Where it is never let go, or the server ends first, it is dropped, and that is reported.
    pub(super) async fn arrive<S>(self, server: S)
    where
        S: AsyncRead + AsyncWrite,
    {
        let Self { bytes, methods, reporter, released } = self;
        let (mut from_server, mut to_server) = split(server);
        let mut unheard = sink();
        let unheard = copy(&mut from_server, &mut unheard);
        tokio::pin!(unheard);
        let release = tokio::select! {
            biased;
            release = released => release.is_ok(),
            _ = &mut unheard => false,
        };
        let arrives = release && to_server.write_all(&bytes).await.is_ok() && to_server.flush().await.is_ok();
        for method in methods {
            reporter.report(if arrives {
                Seen::RequestReleased { method }
            } else {
                Seen::RequestDropped { method }
            });
        }
        if arrives {
            let _ = unheard.await;
        }
    }
}

/// Whether the client sends nothing more on this stream after the piece.
fn ends(piece: &Piece, stream: u32) -> bool {
    match piece {
        Piece::Frame(frame) => {
            frame.stream() == stream && (frame.ends_stream() || frame.kind() == Kind::ResetStream)
        }
        Piece::Preface(_) | Piece::Opaque(_) => false,
    }
}

/// What the server would send for this frame of the client's, so that the client can go on: a window for as much again
/// (RFC 9113, section 6.9), of the stream and of the connection. Nothing where it takes none.
fn window_updates(frame: &Frame) -> Vec<u8> {
    const BYTES: u8 = 4;
    const WINDOW_UPDATE: u8 = 8;
    const NO_FLAGS: u8 = 0;
    let taken = match frame.kind() {
        Kind::Data => frame.payload_bytes(),
        _ => 0,
    };
    if taken == 0 {
        return Vec::new();
    }
    let update = |stream: u32| {
        let mut bytes = vec![0, 0, BYTES, WINDOW_UPDATE, NO_FLAGS];
        bytes.extend(stream.to_be_bytes());
        bytes.extend(taken.to_be_bytes());
        bytes
    };
    [update(frame.stream()), update(0)].concat()
}

#[cfg(test)]
#[path = "held_tests.rs"]
mod tests;
