//! As much of HTTP/2 and gRPC as a relay needs that holds single requests back: frames, which of them is a transaction,
//! which keys it names, and whether its answer says that its comparisons held.
//!
//! Headers are passed on unread: a transaction is known by its first bytes, which no other request of a queue has.

/// A frame's type and flag (RFC 9113, section 6).
pub const DATA: u8 = 0;
/// See [`DATA`].
pub const HEADERS: u8 = 1;
/// See [`DATA`].
pub const RST_STREAM: u8 = 3;

/// What a client sends first.
const PREFACE: &[u8] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";
const HEAD_BYTES: usize = 9;
/// gRPC puts a flag and a length before a message.
const GRPC_HEAD_BYTES: usize = 5;
/// Unix nanoseconds have so many digits for the next two hundred years.
const KEY_DIGITS: usize = 19;

/// One frame, or a client's preface, as it is on the wire.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Frame {
    /// Its type; none for the preface.
    pub kind: Option<u8>,
    /// Its stream.
    pub stream: u32,
    /// All of it.
    pub bytes: Vec<u8>,
}

impl Frame {
    /// What it carries.
    pub fn payload(&self) -> &[u8] {
        self.bytes.get(HEAD_BYTES..).unwrap_or_default()
    }
}

/// Cuts what arrives into frames.
#[derive(Debug)]
pub struct Frames {
    buffer: Vec<u8>,
    read: usize,
    preface: &'static [u8],
}

impl Frames {
    /// What a client sends.
    pub const fn of_client() -> Self {
        Self { buffer: Vec::new(), read: 0, preface: PREFACE }
    }

    /// What a server sends.
    pub const fn of_server() -> Self {
        Self { buffer: Vec::new(), read: 0, preface: &[] }
    }

    /// This has arrived.
    pub fn feed(&mut self, bytes: &[u8]) {
        self.buffer.drain(..self.read);
        self.read = 0;
        self.buffer.extend_from_slice(bytes);
    }
}

impl Iterator for Frames {
    type Item = Frame;

    /// The next frame that has arrived whole.
    fn next(&mut self) -> Option<Frame> {
        let rest = self.buffer.get(self.read..)?;
        if !self.preface.is_empty() {
            let bytes = rest.get(..self.preface.len())?.to_vec();
            (self.read, self.preface) = (self.read + bytes.len(), &[]);
            return Some(Frame { kind: None, stream: 0, bytes });
        }
        let head = rest.get(..HEAD_BYTES)?;
        let length = usize::from(head[0]) << 16 | usize::from(head[1]) << 8 | usize::from(head[2]);
        let stream = u32::from_be_bytes([head[5] & 0x7f, head[6], head[7], head[8]]);
        let bytes = rest.get(..HEAD_BYTES + length)?.to_vec();
        self.read += bytes.len();
        Some(Frame { kind: Some(bytes[3]), stream, bytes })
    }
}

/// Whether a request that begins so is a transaction: its first field is a comparison, whose first field is a number
/// or a key. The first field of any other request here is a number, or bytes that begin otherwise.
pub fn is_transaction(begin: &[u8]) -> bool {
    let Some([0x0a, rest @ ..]) = begin.get(GRPC_HEAD_BYTES..) else { return false };
    let length = rest.iter().take_while(|byte| **byte >= 0x80).count() + 1;
    matches!(rest.get(length), Some(0x08 | 0x10 | 0x1a))
}

/// Whether the answer that begins so says that the transaction's comparisons held.
pub fn has_succeeded(begin: &[u8]) -> bool {
    // The header comes first, and is short.
    let Some([0x0a, length @ 0..0x80, rest @ ..]) = begin.get(GRPC_HEAD_BYTES..) else { return false };
    matches!(rest.get(usize::from(*length)..), Some([0x10, 1, ..]))
}

/// The keys of items below this prefix that these bytes name.
pub fn item_keys<'a>(prefix: &'a str, bytes: &'a [u8]) -> impl Iterator<Item = &'a [u8]> {
    let head = prefix.len() + 1;
    let is_here = move |at: &usize| {
        bytes[*at..].starts_with(prefix.as_bytes()) && bytes.get(at + prefix.len()) == Some(&b'/')
    };
    let first = prefix.as_bytes().first().copied();
    let starts = bytes.iter().enumerate().filter(move |(_, byte)| Some(**byte) == first).map(|(at, _)| at);
    starts.filter(is_here).filter_map(move |at| {
        let key = bytes.get(at..at + head + KEY_DIGITS)?;
        key[head..].iter().all(u8::is_ascii_digit).then_some(key)
    })
}

/// How many bytes of a piece have to be looked at again with the next one: a key may be cut in two.
pub fn overlap(prefix: &str) -> usize {
    prefix.len() + KEY_DIGITS
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    fn frame(kind: u8, stream: u32, payload: &[u8]) -> Vec<u8> {
        let length = u32::try_from(payload.len()).unwrap().to_be_bytes();
        [&length[1..], &[kind, 0], &stream.to_be_bytes(), payload].concat()
    }

    #[test]
    fn frames_are_cut_out_however_they_arrive() {
        let all =
            [PREFACE.to_vec(), frame(HEADERS, 1, b"head"), frame(DATA, 1, b""), frame(DATA, 3, &[7; 300])];
        let bytes = all.concat();
        for size in [1, 7, 1_000] {
            let mut frames = Frames::of_client();
            let mut found = Vec::new();
            for piece in bytes.chunks(size) {
                frames.feed(piece);
                found.extend(frames.by_ref());
            }
            assert_eq!(found.iter().map(|frame| frame.bytes.clone()).collect::<Vec<_>>(), all);
            assert_eq!(found[3].stream, 3);
            assert_eq!(found[3].payload(), [7; 300]);
        }
    }

    #[test]
    fn a_transaction_is_known_by_its_first_comparison() {
        let message = |body: &[u8]| [&[0, 0, 0, 0, 9], body].concat();
        // A comparison of a revision, of a version, and one that is longer than 127 bytes.
        for txn in [&b"\x0a\x09\x10\x02\x1a\x03"[..], b"\x0a\x05\x1a\x03/a/", b"\x0a\x85\x01\x10\x02"] {
            assert!(is_transaction(&message(txn)), "{txn:?}");
        }
        // A read or a write of /a, a lease's TTL, a watch that is created, and one that is cancelled.
        for other in [&b"\x0a\x02/a"[..], b"\x08\x05", b"\x0a\x06\x0a\x04/a/b", b"\x12\x02\x08\x01", b""] {
            assert!(!is_transaction(&message(other)), "{other:?}");
        }
    }

    #[test]
    fn an_answer_tells_whether_the_comparisons_held() {
        let head = b"\0\0\0\0\x09\x0a\x03\x08\x01\x18";
        assert!(has_succeeded(&[&head[..], b"\x10\x01\x1a\x02"].concat()));
        assert!(!has_succeeded(&[&head[..], b"\x1a\x02"].concat()));
        assert!(!has_succeeded(&head[..]));
    }

    #[test]
    fn keys_are_found_and_others_are_not() {
        let text =
            b"..\x1c/a/1700000000000000001..__rq/a/c/1700000000000000001 /a/b/1700000000000000002 /a/17";
        let found: Vec<_> = item_keys("/a", text).collect();
        assert_eq!(found, [b"/a/1700000000000000001"]);
    }
}
