//! Passes the bytes of one connection on in both directions, piece by piece.
//!
//! Between a piece's being seen and its being forwarded is where a fault acts: it knows the frame, and by
//! the conversation the call that the frame belongs to.

use std::io;
use std::sync::{Mutex, PoisonError};

use bytes::BytesMut;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt, split};

use super::frames::{Side, Splitter};
use super::observer::Observer;

/// How much is read at once at least: a frame of the size that peers send by default, and its header.
const READ_BYTES: usize = (16 << 10) + 9;

/// Relays between a client and a server until both have ended, or one of them breaks.
///
/// The end of one direction is passed on as that direction's end, and the other goes on. A side that can be
/// written to no longer ends that direction only, since what it has sent before is still due to the other;
/// its own end comes next.
///
/// # Errors
/// The error of the side that could not be read any more, a reset mostly. The caller owes it to the other
/// side: it drops both connections.
///
/// # Cancel safety
/// Dropped half-way, it loses what it has read and not written yet: drop the connections with it.
pub(super) async fn relay<C, S>(client: &mut C, server: &mut S, observer: Observer) -> io::Result<()>
where
    C: AsyncRead + AsyncWrite + Unpin,
    S: AsyncRead + AsyncWrite + Unpin,
{
    let (client_reader, client_writer) = split(client);
    let (server_reader, server_writer) = split(server);
    // Both directions run in one task: the lock is never waited for.
    let observer = Mutex::new(observer);
    tokio::try_join!(
        biased;
        pump(Side::Client, client_reader, server_writer, &observer),
        pump(Side::Server, server_reader, client_writer, &observer),
    )?;
    Ok(())
}

async fn pump<R, W>(from: Side, mut reader: R, mut writer: W, observer: &Mutex<Observer>) -> io::Result<()>
where
    R: AsyncRead + Unpin,
    W: AsyncWrite + Unpin,
{
    let mut splitter = Splitter::new(from);
    loop {
        splitter.buffer().reserve(READ_BYTES);
        let ended = match reader.read_buf(splitter.buffer()).await {
            Ok(0) => Some(Ok(())),
            Ok(_) => None,
            Err(error) => Some(Err(error)),
        };

        let mut outgoing = BytesMut::new();
        while let Some(piece) = splitter.next_piece().or_else(|| ended.as_ref().and_then(|_| splitter.rest()))
        {
            observer.lock().unwrap_or_else(PoisonError::into_inner).see(from, &piece);
            // Neighbours in the read buffer: this joins them without copying.
            outgoing.unsplit(piece.into_bytes());
        }
        if !outgoing.is_empty() && forward(&mut writer, &outgoing).await.is_err() {
            return Ok(());
        }

        match ended {
            None => {}
            Some(Ok(())) => {
                // It may be gone already, and then knows.
                let _ = writer.shutdown().await;
                return Ok(());
            }
            Some(Err(error)) => return Err(error),
        }
    }
}

async fn forward(writer: &mut (impl AsyncWrite + Unpin), bytes: &[u8]) -> io::Result<()> {
    writer.write_all(bytes).await?;
    writer.flush().await
}

#[cfg(test)]
#[path = "relay_tests.rs"]
mod tests;
