//! Header blocks out of HEADERS and CONTINUATION frames, and the few fields of them that matter here.
//!
//! Field compression has one table per connection and direction, which every block changes: all of them have
//! to be read, in order, and after one that could not be read no later one of that side can be.

use loona_hpack::Decoder;
use loona_hpack::decoder::DecoderError;
use percent_encoding::percent_decode;

use super::block::written_out;
use super::frames::{Frame, Kind, Overpadded};
use super::huffman::NotHuffman;

/// The longest compressed header block that is followed: far more than any gRPC peer takes.
const BLOCK_LIMIT_BYTES: usize = 1 << 20;

/// What gRPC says in a header block, as far as it matters here.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Headers {
    /// The stream it belongs to.
    pub stream: u32,
    /// Whether its sender sends nothing more on the stream: in a response, these are the trailers.
    pub ends_stream: bool,
    /// `:path`: the method.
    pub path: Option<String>,
    /// etcd's `token`. Of several the first counts (etcd v3.5.5 server/auth/store.go, AuthInfoFromCtx).
    pub token: Option<String>,
    /// `grpc-status`.
    pub status: Option<i32>,
    /// `grpc-message`, percent-decoded.
    pub message: Option<String>,
}

/// Why the headers of one side cannot be followed any further.
#[derive(Clone, Copy, Debug, PartialEq, thiserror::Error)]
pub(super) enum Unreadable {
    /// The padding is wrong.
    #[error(transparent)]
    Padding(#[from] Overpadded),
    /// A block was begun and not continued, or continued and not begun.
    #[error("the continuation of a header block expected on stream {expected:?}, found a frame of {found}")]
    Continuation {
        /// The stream of the open block.
        expected: Option<u32>,
        /// The stream of the frame.
        found: u32,
    },
    /// A block is too long.
    #[error("a header block of at most {BLOCK_LIMIT_BYTES} bytes expected")]
    TooLong,
    /// The compression is wrong.
    #[error("a valid HPACK block expected: {0}")]
    Compression(DecoderError),
    /// A string of a block is wrong.
    #[error(transparent)]
    Coding(#[from] NotHuffman),
    /// The server pushes.
    #[error("no pushed stream expected")]
    Push,
}

/// A block whose frames have not all come yet.
struct OpenBlock {
    stream: u32,
    ends_stream: bool,
    fragments: Vec<u8>,
}

/// Reads the header blocks of one side of a connection.
pub(super) struct HeaderReader {
    decoder: Decoder<'static>,
    open: Option<OpenBlock>,
}

impl HeaderReader {
    /// A reader for the start of a connection.
    pub fn new() -> Self {
        // A table size above what the other side allows is that side's to reject; here any is followed.
        Self { decoder: Decoder::new(), open: None }
    }

    /// Takes the next frame of this side, of whatever kind: a header block, when this frame completes one.
    pub fn take(&mut self, frame: &Frame) -> Result<Option<Headers>, Unreadable> {
        let block = match (frame.kind(), self.open.take()) {
            (Kind::Headers, None) if frame.ends_headers() => {
                return self.read(frame.stream(), frame.ends_stream(), frame.content()?).map(Some);
            }
            (Kind::Headers, None) => OpenBlock {
                stream: frame.stream(),
                ends_stream: frame.ends_stream(),
                fragments: frame.content()?.to_vec(),
            },
            (Kind::Continuation, Some(mut open)) if open.stream == frame.stream() => {
                open.fragments.extend_from_slice(frame.content()?);
                open
            }
            (kind, open) if open.is_some() || kind == Kind::Continuation => {
                let expected = open.map(|open| open.stream);
                return Err(Unreadable::Continuation { expected, found: frame.stream() });
            }
            _ => return Ok(None),
        };
        if frame.ends_headers() {
            return self.read(block.stream, block.ends_stream, &block.fragments).map(Some);
        }
        if block.fragments.len() > BLOCK_LIMIT_BYTES {
            return Err(Unreadable::TooLong);
        }
        self.open = Some(block);
        Ok(None)
    }

    fn read(&mut self, stream: u32, ends_stream: bool, block: &[u8]) -> Result<Headers, Unreadable> {
        let mut headers = Headers { stream, ends_stream, ..Headers::default() };
        self.decoder
            .decode_with_cb(&written_out(block)?, |name, value| match name.as_ref() {
                b":path" => headers.path = Some(text(&value)),
                b"token" if headers.token.is_none() => headers.token = Some(text(&value)),
                b"grpc-status" => headers.status = text(&value).parse().ok(),
                b"grpc-message" => {
                    headers.message = Some(percent_decode(&value).decode_utf8_lossy().into_owned());
                }
                _ => {}
            })
            .map_err(Unreadable::Compression)?;
        Ok(headers)
    }
}

fn text(value: &[u8]) -> String {
    String::from_utf8_lossy(value).into_owned()
}
