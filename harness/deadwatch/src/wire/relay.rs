//! Passes the bytes of one connection on in both directions, piece by piece, as far as the faults let it.
//!
//! A reply is lost between a piece's being read and its being seen: there the frame is known, and by the
//! conversation the call that it belongs to. A request is held back once its first piece has been seen.

use std::io;
use std::sync::{Mutex, PoisonError};

use bytes::BytesMut;
use tokio::io::{AsyncRead, AsyncWrite, AsyncWriteExt, split};

use super::arrivals::Arrivals;
use super::frames::{Piece, Side, Splitter};
use super::held::{Held, Holding};
use super::hole::swallow;
use super::link::{Condition, Link};
use super::observer::Observer;
use crate::scenario::Instead;

/// Why a connection is not relayed any further.
enum Interruption {
    /// One side could not be read any more.
    Broken(io::Error),
    /// A fault has made this of it.
    Became(Condition),
    /// A request is to be held back.
    Held(Holding),
}

/// How a connection ended that nothing broke.
pub(super) enum Relayed {
    /// Both sides have ended it.
    Ended,
    /// A fault holds back what the client has sent last. The caller owes the client a reset, and the server what is
    /// held.
    Held(Held),
}

impl Interruption {
    /// A reply was lost.
    const fn lost(instead: Instead) -> Self {
        match instead {
            Instead::Close => Self::Became(Condition::Cut),
            Instead::Hang => Self::Became(Condition::Silenced),
        }
    }
}

/// Relays between a client and a server until both have ended, or one of them breaks.
///
/// The end of one direction is passed on as that direction's end, and the other goes on. A side that can be
/// written to no longer ends that direction only, since what it has sent before is still due to the other;
/// its own end comes next.
///
/// Where a fault silences the connection, it is held open until the client ends it. Where one holds a request back, the
/// client is heard until the request is whole.
///
/// # Errors
/// The error of the side that could not be read any more, a reset mostly, or a reset where a fault cut the
/// connection. The caller owes it to both sides: it drops both connections.
///
/// # Cancel safety
/// Dropped half-way, it loses what it has read and not written yet: drop the connections with it.
pub(super) async fn relay<C, S>(
    client: &mut C,
    server: &mut S,
    observer: Observer,
    link: &Link,
) -> io::Result<Relayed>
where
    C: AsyncRead + AsyncWrite + Unpin,
    S: AsyncRead + AsyncWrite + Unpin,
{
    // Both directions run in one task: the lock is never waited for.
    let observer = Mutex::new(observer);
    match pump_both(client, server, &observer, link).await {
        Ok(()) => Ok(Relayed::Ended),
        Err(Interruption::Broken(error)) => Err(error),
        Err(Interruption::Became(Condition::Cut)) => Err(io::ErrorKind::ConnectionReset.into()),
        Err(Interruption::Became(Condition::Silenced | Condition::Open)) => {
            swallow(client, server, link).await.map(|()| Relayed::Ended)
        }
        Err(Interruption::Held(holding)) => {
            let observer = observer.into_inner().unwrap_or_else(PoisonError::into_inner);
            holding.whole(client, observer, link).await.map(Relayed::Held)
        }
    }
}

async fn pump_both<C, S>(
    client: &mut C,
    server: &mut S,
    observer: &Mutex<Observer>,
    link: &Link,
) -> Result<(), Interruption>
where
    C: AsyncRead + AsyncWrite + Unpin,
    S: AsyncRead + AsyncWrite + Unpin,
{
    let (client_reader, client_writer) = split(client);
    let (server_reader, server_writer) = split(server);
    let pumps = async {
        tokio::try_join!(
            biased;
            pump(Side::Client, client_reader, server_writer, observer, link),
            pump(Side::Server, server_reader, client_writer, observer, link),
        )
    };
    tokio::select! {
        biased;
        condition = link.worse_than(Condition::Open) => Err(Interruption::Became(condition)),
        pumped = pumps => pumped.map(|_| ()),
    }
}

async fn pump<R, W>(
    from: Side,
    reader: R,
    mut writer: W,
    observer: &Mutex<Observer>,
    link: &Link,
) -> Result<(), Interruption>
where
    R: AsyncRead + Unpin,
    W: AsyncWrite + Unpin,
{
    let mut splitter = Splitter::new(from);
    let mut arrivals = Arrivals::new(from, reader, link);
    loop {
        let ended = match arrivals.read(splitter.buffer()).await {
            Ok(0) => Some(Ok(())),
            Ok(_) => None,
            Err(error) => Some(Err(error)),
        };

        let mut outgoing = BytesMut::new();
        let mut lost = None;
        let mut held = None;
        while let Some(piece) = splitter.next_piece().or_else(|| ended.as_ref().and_then(|_| splitter.rest()))
        {
            let mut observer = observer.lock().unwrap_or_else(PoisonError::into_inner);
            lost = lost_with(from, &piece, &observer, link);
            if lost.is_some() {
                break;
            }
            observer.see(from, &piece);
            if holds(from, &piece, &observer, link) {
                held = Some(piece);
                break;
            }
            // Neighbours in the read buffer: this joins them without copying.
            outgoing.unsplit(piece.into_bytes());
        }
        let forwarded = if outgoing.is_empty() { Ok(()) } else { forward(&mut writer, &outgoing).await };
        if let Some(instead) = lost {
            return Err(Interruption::lost(instead));
        }
        if let Some(piece) = held {
            return Err(Interruption::Held(Holding::from(piece, splitter, link.release())));
        }
        if forwarded.is_err() {
            return Ok(());
        }

        match ended {
            None => {}
            Some(Ok(())) => {
                // It may be gone already, and then knows.
                let _ = writer.shutdown().await;
                return Ok(());
            }
            Some(Err(error)) => return Err(Interruption::Broken(error)),
        }
    }
}

/// What comes instead of this piece and all that follows it, where the reply that it begins is to be lost.
fn lost_with(from: Side, piece: &Piece, observer: &Observer, link: &Link) -> Option<Instead> {
    if from == Side::Client || !link.is_acted_on() {
        return None;
    }
    let method = observer.begins_reply(piece)?;
    let instead = link.loses_reply(method)?;
    observer.see_lost(method.to_owned());
    Some(instead)
}

/// Whether this piece, which has just been seen, begins a request that is held back.
fn holds(from: Side, piece: &Piece, observer: &Observer, link: &Link) -> bool {
    let acts = from == Side::Client && link.is_acted_on();
    acts && observer.opened_call(piece).is_some_and(|method| link.holds_request(method))
}

async fn forward(writer: &mut (impl AsyncWrite + Unpin), bytes: &[u8]) -> io::Result<()> {
    writer.write_all(bytes).await?;
    writer.flush().await
}

#[cfg(test)]
#[path = "relay_tests.rs"]
mod tests;
