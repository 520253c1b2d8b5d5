//! HTTP/2 frames out of a byte stream that may arrive cut anywhere.
//!
//! The relay feeds it what it reads and forwards piece by piece what it hands back; together the pieces are
//! exactly the bytes that went in. Bytes that are no HTTP/2 come back as they are, at once.

use bytes::BytesMut;

/// What a client sends before its first frame (RFC 9113, section 3.4).
pub(super) const PREFACE: &[u8] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";

/// The octets before each frame's payload (RFC 9113, section 4.1).
pub(super) const HEADER_BYTES: usize = 9;

/// Who sent something.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Side {
    /// The client.
    Client,
    /// The server.
    Server,
}

/// What a frame is for, as far as it matters here (RFC 9113, section 6).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    /// A piece of a body.
    Data,
    /// The start of a header block, or all of it.
    Headers,
    /// The sender gives a stream up.
    ResetStream,
    /// How the sender wants to be spoken to.
    Settings,
    /// The server announces a stream of its own.
    PushPromise,
    /// More of a header block.
    Continuation,
    /// Any other.
    Other(u8),
}

impl Kind {
    fn of(octet: u8) -> Self {
        match octet {
            0 => Self::Data,
            1 => Self::Headers,
            3 => Self::ResetStream,
            4 => Self::Settings,
            5 => Self::PushPromise,
            9 => Self::Continuation,
            other => Self::Other(other),
        }
    }
}

/// One whole frame.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Frame {
    bytes: BytesMut,
}

/// The padding of a frame is longer than the frame.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a frame that is longer than its padding expected")]
pub(super) struct Overpadded;

impl Frame {
    const ACK_OR_END_STREAM: u8 = 0x1;
    const END_HEADERS: u8 = 0x4;
    const PADDED: u8 = 0x8;
    const PRIORITY: u8 = 0x20;

    /// What it is for.
    pub fn kind(&self) -> Kind {
        Kind::of(self.octet(3))
    }

    /// The stream it belongs to; 0 is the connection itself.
    pub fn stream(&self) -> u32 {
        // The highest bit is reserved and to be ignored.
        u32::from_be_bytes([self.octet(5) & 0x7f, self.octet(6), self.octet(7), self.octet(8)])
    }

    /// Whether its sender sends nothing more on this stream.
    pub fn ends_stream(&self) -> bool {
        matches!(self.kind(), Kind::Data | Kind::Headers) && self.has(Self::ACK_OR_END_STREAM)
    }

    /// Whether the header block that it carries is complete.
    pub fn ends_headers(&self) -> bool {
        self.has(Self::END_HEADERS)
    }

    /// How long its payload is, padding included.
    pub fn payload_bytes(&self) -> u32 {
        u32::from_be_bytes([0, self.octet(0), self.octet(1), self.octet(2)])
    }

    /// What DATA, HEADERS or CONTINUATION carry, without padding and priority.
    pub fn content(&self) -> Result<&[u8], Overpadded> {
        let payload = self.bytes.get(HEADER_BYTES..).unwrap_or_default();
        let (padding, prioritised) = match self.kind() {
            Kind::Data => (self.has(Self::PADDED), false),
            Kind::Headers => (self.has(Self::PADDED), self.has(Self::PRIORITY)),
            _ => (false, false),
        };
        let (padding, payload) = match (padding, payload) {
            (false, payload) => (0, payload),
            (true, [length, payload @ ..]) => (usize::from(*length), payload),
            (true, []) => return Err(Overpadded),
        };
        let start = if prioritised { 5 } else { 0 };
        let end = payload.len().checked_sub(padding).ok_or(Overpadded)?;
        payload.get(start..end).ok_or(Overpadded)
    }

    fn has(&self, flag: u8) -> bool {
        self.octet(4) & flag != 0
    }

    fn octet(&self, index: usize) -> u8 {
        self.bytes.get(index).copied().unwrap_or_default()
    }
}

/// What one side sent, in the units in which it is forwarded.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Piece {
    /// The client's preface.
    Preface(BytesMut),
    /// A frame.
    Frame(Frame),
    /// Bytes that are no HTTP/2, or less than a frame before the end.
    Opaque(BytesMut),
}

impl Piece {
    /// The bytes as they came.
    pub fn into_bytes(self) -> BytesMut {
        match self {
            Self::Preface(bytes) | Self::Opaque(bytes) | Self::Frame(Frame { bytes }) => bytes,
        }
    }
}

/// What is expected next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Expected {
    Preface,
    FirstSettings,
    AnyFrame,
    NoFrames,
}

/// Cuts what one side sends into pieces.
#[derive(Debug)]
pub(super) struct Splitter {
    buffer: BytesMut,
    expected: Expected,
}

impl Splitter {
    /// A splitter for the start of a connection, for what that side sends.
    pub fn new(side: Side) -> Self {
        let expected = match side {
            Side::Client => Expected::Preface,
            Side::Server => Expected::FirstSettings,
        };
        Self { buffer: BytesMut::new(), expected }
    }

    /// Where to append what was read.
    pub fn buffer(&mut self) -> &mut BytesMut {
        &mut self.buffer
    }

    /// The next whole piece, or none before more was read.
    ///
    /// A frame's length has 24 bits, so that at most 16 MiB wait here; by default peers send 16 KiB.
    pub fn next_piece(&mut self) -> Option<Piece> {
        if self.buffer.is_empty() {
            return None;
        }
        match self.expected {
            Expected::Preface if self.starts_like_preface() => {
                if self.buffer.len() < PREFACE.len() {
                    return None;
                }
                self.expected = Expected::FirstSettings;
                Some(Piece::Preface(self.buffer.split_to(PREFACE.len())))
            }
            Expected::FirstSettings if self.starts_like_settings() => {
                let frame = self.next_frame()?;
                self.expected = Expected::AnyFrame;
                Some(Piece::Frame(frame))
            }
            Expected::AnyFrame => self.next_frame().map(Piece::Frame),
            Expected::Preface | Expected::FirstSettings | Expected::NoFrames => {
                self.expected = Expected::NoFrames;
                Some(Piece::Opaque(self.buffer.split()))
            }
        }
    }

    /// What is left when nothing more will be read: less than a piece, mostly nothing.
    pub fn rest(&mut self) -> Option<Piece> {
        (!self.buffer.is_empty()).then(|| Piece::Opaque(self.buffer.split()))
    }

    fn next_frame(&mut self) -> Option<Frame> {
        let [high, middle, low, ..] = self.buffer[..] else { return None };
        let length = HEADER_BYTES + u32::from_be_bytes([0, high, middle, low]) as usize;
        (self.buffer.len() >= length).then(|| Frame { bytes: self.buffer.split_to(length) })
    }

    fn starts_like_preface(&self) -> bool {
        self.buffer.iter().zip(PREFACE).all(|(sent, due)| sent == due)
    }

    /// Whether the bytes so far can be the start of a SETTINGS frame, with which each side has to begin.
    ///
    /// Judged octet by octet: an HTTP/1 answer must not wait for the four megabytes that `HTT` would announce.
    fn starts_like_settings(&self) -> bool {
        self.buffer.iter().take(HEADER_BYTES).enumerate().all(|(index, octet)| match index {
            // A setting takes 6 octets: 16 KiB of them is more than anyone sends.
            0 => *octet == 0,
            1 => *octet < 0x40,
            3 => Kind::of(*octet) == Kind::Settings,
            4 => octet & Frame::ACK_OR_END_STREAM == 0,
            5..=8 => *octet == 0,
            _ => true,
        })
    }
}

#[cfg(test)]
#[path = "frames_tests.rs"]
mod tests;
