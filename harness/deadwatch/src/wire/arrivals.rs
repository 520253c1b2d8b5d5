//! What one side sent, as it arrives: at once, or later where the network holds it up.

use std::{collections::VecDeque, io};

use bytes::BytesMut;
use tokio::{
    io::{AsyncRead, AsyncReadExt},
    time::{Instant, sleep_until, timeout_at},
};

use super::{frames::Side, link::Link};

/// How much is read at once at least: a frame of the size that peers send by default, and its header.
const READ_BYTES: usize = (16 << 10) + 9;

/// What was read and has not arrived yet: bytes, or the end (nothing), or that the side broke.
type Held = io::Result<BytesMut>;

/// Reads one side of a connection through the network's delays.
pub(super) struct Arrivals<'a, R> {
    from: Side,
    reader: R,
    link: &'a Link,
    /// What is on its way, with when it arrives, in the order in which it was sent. How much that can be is the
    /// receiver's to say: HTTP/2's windows stay closed until it has arrived.
    held: VecDeque<(Instant, Held)>,
    reading: Reading,
}

/// Whether the side can still be read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Reading {
    GoesOn,
    Ended,
}

impl<'a, R: AsyncRead + Unpin> Arrivals<'a, R> {
    /// Of this side of that connection.
    pub(super) const fn new(from: Side, reader: R, link: &'a Link) -> Self {
        Self { from, reader, link, held: VecDeque::new(), reading: Reading::GoesOn }
    }

    /// Appends what arrives next, and says how many bytes; 0 is the end.
    ///
    /// # Errors
    /// That of the side, when the news of it arrives.
    ///
    /// # Cancel safety
    /// Dropped half-way, nothing is lost.
    pub(super) async fn read(&mut self, buffer: &mut BytesMut) -> io::Result<usize> {
        loop {
            if let Some((due, _)) = self.held.front() {
                let due = *due;
                // Looked at before reading, or a side that always has something to say would never be heard.
                if due <= Instant::now() {
                    return self.arrive(buffer);
                }
                if self.reading == Reading::Ended {
                    sleep_until(due).await;
                    continue;
                }
            }
            buffer.reserve(READ_BYTES);
            let before = buffer.len();
            let read = match self.held.front() {
                None => self.reader.read_buf(buffer).await,
                Some((due, _)) => match timeout_at(*due, self.reader.read_buf(buffer)).await {
                    Ok(read) => read,
                    Err(_) => continue,
                },
            };
            let lateness = self.link.lateness(self.from);
            if lateness.is_zero() && self.held.is_empty() {
                return read;
            }
            if !matches!(read, Ok(1..)) {
                self.reading = Reading::Ended;
            }
            // Also where the delay is over by now: nothing overtakes what is on its way.
            let due = Instant::now() + lateness;
            self.held.push_back((due, read.map(|_| buffer.split_off(before))));
        }
    }

    fn arrive(&mut self, buffer: &mut BytesMut) -> io::Result<usize> {
        let Some((_, held)) = self.held.pop_front() else { return Ok(0) };
        let bytes = held?;
        let count = bytes.len();
        buffer.unsplit(bytes);
        Ok(count)
    }
}
