//! The way out of a stream.

use std::collections::{BTreeMap, BTreeSet};

use tokio::sync::mpsc::UnboundedSender;

use super::fragment::fragments;
use crate::proto::WatchResponse;

/// The way out of a stream: what it is owed leaves here, in order. Source: etcd v3.5.5
/// server/etcdserver/api/v3rpc/watch.go, `sendLoop`.
#[derive(Debug)]
pub(super) struct Outlet {
    outbox: UnboundedSender<WatchResponse>,
    /// The watches that the client knows of. It is told of no other.
    announced: BTreeSet<i64>,
    /// What was for watches that the client does not know of, until they are announced (again).
    held: BTreeMap<i64, Vec<WatchResponse>>,
    /// The size from which an answer is sent in parts, if its watch allows that.
    fragment_bytes: usize,
}

/// Whether an answer left.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Delivery {
    /// It is on its way.
    Sent,
    /// It is kept until its watch is announced, if ever.
    Held,
}

impl Outlet {
    pub(super) const fn new(outbox: UnboundedSender<WatchResponse>, fragment_bytes: usize) -> Self {
        Self { outbox, announced: BTreeSet::new(), held: BTreeMap::new(), fragment_bytes }
    }

    /// Sends the answer to a request. It announces the watch that it creates, and takes the announcement of the one
    /// that it cancels back: also of a healthy one, if a release answers the refusal of a new watch with its id.
    /// That one is deaf from then on, without knowing.
    pub(super) fn answer(&mut self, response: WatchResponse) {
        let WatchResponse { watch_id, created, canceled, .. } = response;
        self.send(response);
        if canceled {
            self.announced.remove(&watch_id);
        } else if created {
            self.announced.insert(watch_id);
            for response in self.held.remove(&watch_id).into_iter().flatten() {
                self.send(response);
            }
        }
    }

    /// Sends what a watch is owed, if the client knows of the watch.
    pub(super) fn deliver(&mut self, response: WatchResponse, parts: Parts) -> Delivery {
        if !self.announced.contains(&response.watch_id) {
            self.held.entry(response.watch_id).or_default().push(response);
            return Delivery::Held;
        }
        match parts {
            Parts::One => self.send(response),
            Parts::Several => {
                for part in fragments(response, self.fragment_bytes) {
                    self.send(part);
                }
            }
        }
        Delivery::Sent
    }

    /// Sends what is for the stream as a whole.
    pub(super) fn broadcast(&mut self, response: WatchResponse) {
        self.send(response);
    }

    fn send(&self, response: WatchResponse) {
        // A stream whose client has gone is closed in a moment; what it was owed is owed to nobody.
        let _ = self.outbox.send(response);
    }
}

/// In how many messages an answer may be sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Parts {
    /// Whole.
    One,
    /// In as many as it takes.
    Several,
}
