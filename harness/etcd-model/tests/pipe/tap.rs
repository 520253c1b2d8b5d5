//! A pipe whose every byte is written down, with the time it passed.

use std::{
    fmt::Write,
    io,
    pin::Pin,
    sync::{Arc, Mutex},
    task::{Context, Poll, ready},
};

use tokio::{
    io::{AsyncRead, AsyncWrite, DuplexStream, ReadBuf},
    time::Instant,
};

/// What passed through the pipes of one run: a line a piece, in order.
#[derive(Clone)]
pub struct Transcript {
    start: Instant,
    lines: Arc<Mutex<String>>,
}

impl Transcript {
    pub fn new() -> Self {
        Self { start: Instant::now(), lines: Arc::default() }
    }

    pub fn text(&self) -> String {
        self.lines.lock().unwrap().clone()
    }

    fn note(&self, direction: char, bytes: &[u8]) {
        let at = self.start.elapsed();
        writeln!(self.lines.lock().unwrap(), "{at:?} {direction} {}", bytes.escape_ascii()).unwrap();
    }
}

/// A pipe that a transcript is kept of.
pub struct Tap {
    pub pipe: DuplexStream,
    pub transcript: Transcript,
}

impl AsyncRead for Tap {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let before = buffer.filled().len();
        ready!(Pin::new(&mut self.pipe).poll_read(context, buffer))?;
        self.transcript.note('<', &buffer.filled()[before..]);
        Poll::Ready(Ok(()))
    }
}

impl AsyncWrite for Tap {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        let written = ready!(Pin::new(&mut self.pipe).poll_write(context, bytes))?;
        self.transcript.note('>', &bytes[..written]);
        Poll::Ready(Ok(written))
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.pipe).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.pipe).poll_shutdown(context)
    }
}
