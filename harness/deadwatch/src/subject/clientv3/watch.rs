//! A watch as its caller sees it: a channel of responses.

use etcd_client::EventType;
use tokio::sync::mpsc;

use super::Error;

/// What a watch asks for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct WatchRequest {
    /// All keys that begin with this.
    pub(super) prefix: String,
    /// From this revision on; 0 is what comes after the watch is created. Moves on as events arrive, so that a
    /// resumed watch misses and repeats nothing.
    pub(super) revision: i64,
}

/// The name of a watch within its client; never used twice.
pub(super) type Number = u64;

/// What a caller asks of the task behind its client.
#[derive(Debug)]
pub(super) enum Command {
    /// Begin a watch.
    Watch {
        /// Its name.
        number: Number,
        /// What it asks for.
        request: WatchRequest,
        /// Where its responses go.
        responses: mpsc::UnboundedSender<WatchResponse>,
    },
    /// The caller has no more use for it.
    Cancel {
        /// Its name.
        number: Number,
    },
}

/// A change of a key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Event {
    /// What happened to it.
    pub kind: EventKind,
    /// The key.
    pub key: Vec<u8>,
    /// The value; empty where the key was deleted.
    pub value: Vec<u8>,
    /// The revision of the change.
    pub mod_revision: i64,
}

/// What happened to a key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum EventKind {
    /// It was written.
    Put,
    /// It was deleted.
    Delete,
}

impl From<&etcd_client::Event> for Event {
    fn from(event: &etcd_client::Event) -> Self {
        let kind = match event.event_type() {
            EventType::Put => EventKind::Put,
            EventType::Delete => EventKind::Delete,
        };
        let (key, value, mod_revision) = match event.kv() {
            Some(kv) => (kv.key().to_vec(), kv.value().to_vec(), kv.mod_revision()),
            None => (Vec::new(), Vec::new(), 0),
        };
        Self { kind, key, value, mod_revision }
    }
}

/// One response on a watch's channel.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct WatchResponse {
    /// What changed.
    pub events: Vec<Event>,
    /// Whether the watch has failed; then nothing follows that means anything.
    pub canceled: bool,
    /// The oldest revision that is left, where the watch failed because its own is compacted; else 0.
    pub compact_revision: i64,
    /// The store's revision when the server sent it; 0 where it did not.
    pub header_revision: i64,
    pub(super) close_error: Option<Error>,
}

impl WatchResponse {
    /// The one response that ends a watch which the client gives up.
    pub(super) fn closing(error: Error) -> Self {
        Self { canceled: true, close_error: Some(error), ..Self::default() }
    }

    /// Why the watch has failed, if it has (clientv3 v3.5.11 watch.go, WatchResponse.Err).
    pub fn error(&self) -> Option<Error> {
        if let Some(error) = &self.close_error {
            return Some(error.clone());
        }
        if self.compact_revision != 0 {
            return Some(Error::compacted());
        }
        self.canceled.then(Error::future_revision)
    }
}

/// The responses of one watch. Dropping it cancels the watch.
#[derive(Debug)]
pub struct WatchChannel {
    number: Number,
    responses: mpsc::UnboundedReceiver<WatchResponse>,
    commands: mpsc::UnboundedSender<Command>,
}

impl WatchChannel {
    pub(super) fn new(
        number: Number,
        responses: mpsc::UnboundedReceiver<WatchResponse>,
        commands: mpsc::UnboundedSender<Command>,
    ) -> Self {
        Self { number, responses, commands }
    }

    /// The next response; none when the channel is closed, as it is after a response that failed, and when the
    /// client is closed. Cancel-safe: a response is never lost.
    pub async fn next(&mut self) -> Option<WatchResponse> {
        self.responses.recv().await
    }
}

impl Drop for WatchChannel {
    fn drop(&mut self) {
        // Where the task has ended there is no watch left to cancel.
        let _ = self.commands.send(Command::Cancel { number: self.number });
    }
}
