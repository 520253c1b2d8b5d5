//! gRPC messages out of the bodies of DATA frames, and etcd's messages out of those.

use prost::Message;

/// The octets before each message: whether it is compressed, and its length
/// (gRPC over HTTP/2, `Length-Prefixed-Message`).
const PREFIX_BYTES: usize = 5;

/// The longest message that is kept to be read. A login's answer and a refused or compacted watch are far
/// shorter; what is longer is a watch's events, in which nothing is looked for.
const KEPT_LIMIT_BYTES: usize = 64 << 10;

/// Whether messages are kept to be read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Keeping {
    /// They are only counted.
    Nothing,
    /// They are kept, unless they are compressed or very long.
    Short,
}

/// Reassembles the messages of one direction of a stream.
#[derive(Debug)]
pub(super) struct Messages {
    keeping: Keeping,
    /// Whether anything has come.
    begun: bool,
    prefix: [u8; PREFIX_BYTES],
    /// How much of the prefix is there.
    prefixed: usize,
    /// How much of the message's body is yet to come.
    missing: usize,
    /// The body so far, if it is kept.
    body: Option<Vec<u8>>,
}

impl Messages {
    /// For the start of a stream.
    pub fn new(keeping: Keeping) -> Self {
        Self { keeping, begun: false, prefix: [0; PREFIX_BYTES], prefixed: 0, missing: 0, body: None }
    }

    /// Whether nothing of a message has come yet.
    pub fn is_untouched(&self) -> bool {
        !self.begun
    }

    /// Takes more of the stream and gives each message that it completes to `complete`: its body, or none
    /// where it was not kept.
    pub fn take(&mut self, mut data: &[u8], mut complete: impl FnMut(Option<&[u8]>)) {
        self.begun |= !data.is_empty();
        while !data.is_empty() {
            if self.prefixed < PREFIX_BYTES {
                let (now, later) = data.split_at(data.len().min(PREFIX_BYTES - self.prefixed));
                self.prefix[self.prefixed..self.prefixed + now.len()].copy_from_slice(now);
                self.prefixed += now.len();
                data = later;
                if self.prefixed == PREFIX_BYTES {
                    self.begin();
                }
            }
            if self.prefixed == PREFIX_BYTES {
                let (now, later) = data.split_at(data.len().min(self.missing));
                if let Some(body) = &mut self.body {
                    body.extend_from_slice(now);
                }
                self.missing -= now.len();
                data = later;
                if self.missing == 0 {
                    complete(self.body.take().as_deref());
                    self.prefixed = 0;
                }
            }
        }
    }

    fn begin(&mut self) {
        let [compressed, length @ ..] = self.prefix;
        self.missing = u32::from_be_bytes(length) as usize;
        let kept = self.keeping == Keeping::Short && compressed == 0 && self.missing <= KEPT_LIMIT_BYTES;
        self.body = kept.then(|| Vec::with_capacity(self.missing));
    }
}

/// What is read of an `etcdserverpb.AuthenticateResponse`.
#[derive(Clone, PartialEq, Eq, Message)]
pub(super) struct AuthenticateResponse {
    /// The token.
    #[prost(string, tag = "2")]
    pub token: String,
}

/// What is read of an `etcdserverpb.WatchResponse`.
#[derive(Clone, PartialEq, Eq, Message)]
pub(super) struct WatchResponse {
    /// The watch.
    #[prost(int64, tag = "2")]
    pub watch_id: i64,
    /// Whether it answers a create.
    #[prost(bool, tag = "3")]
    pub created: bool,
    /// Whether the watch has ended.
    #[prost(bool, tag = "4")]
    pub canceled: bool,
    /// The oldest revision that is left, if the watch wanted an older one.
    #[prost(int64, tag = "5")]
    pub compact_revision: i64,
    /// Why the watch has ended.
    #[prost(string, tag = "6")]
    pub cancel_reason: String,
}
