//! Which watch a response belongs to, who is created next, who is resumed, who ends and with what: the state of
//! one watch stream, as a pure machine (clientv3 v3.5.11 watch.go, watchGrpcStream.run and what it calls).
//!
//! It is told what happened and answers with what is to be done, in order; [`super::stream`] does it. In
//! clientv3 the order in which several watches are resumed or ended at once is that of a Go map, so none; here it
//! is that of their ids.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use super::{
    Error, RefusedWatch,
    watch::{Event, Number, WatchRequest, WatchResponse},
};

#[cfg(test)]
mod tests;

/// A response as the server sent it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Incoming {
    pub(super) watch_id: i64,
    pub(super) created: bool,
    pub(super) canceled: bool,
    pub(super) compact_revision: i64,
    pub(super) cancel_reason: String,
    pub(super) header_revision: i64,
    pub(super) events: Vec<Event>,
}

/// What is to be done.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Action {
    /// Open a new stream, after [`Demultiplexer::resume_all`] and with [`Demultiplexer::head`] as its first create.
    Open,
    /// Send a create on the stream that was opened last.
    Create(WatchRequest),
    /// Send a cancel on the stream that was opened last.
    Cancel(i64),
    /// Hand a response to a watch.
    Deliver(Number, WatchResponse),
    /// Close a watch's channel.
    Close(Number),
    /// This stream is done with: close it.
    Finish,
}

/// A watch of this stream.
#[derive(Clone, Debug)]
struct Substream {
    number: Number,
    request: WatchRequest,
}

/// The state of one watch stream.
#[derive(Debug)]
pub(super) struct Demultiplexer {
    refused_watch: RefusedWatch,
    /// Whether a stream is open, or being opened.
    opened: bool,
    /// The watches that the server has created, by its ids.
    substreams: BTreeMap<i64, Substream>,
    /// The watches that wait to be created. The create of the first is on its way; its place stays taken, empty,
    /// if it is cancelled meanwhile, since its answer is still to come.
    resuming: VecDeque<Option<Substream>>,
    /// The ids of which the server was told that nobody wants them.
    cancelled: BTreeSet<i64>,
    /// The latest refusal. It stays for the life of the stream: a watch that ends later, for whatever reason, is
    /// handed it too (watch.go, closeSubstream).
    refusal: Option<Error>,
}

impl Demultiplexer {
    pub(super) fn new(refused_watch: RefusedWatch) -> Self {
        Self {
            refused_watch,
            opened: false,
            substreams: BTreeMap::new(),
            resuming: VecDeque::new(),
            cancelled: BTreeSet::new(),
            refusal: None,
        }
    }

    /// A caller begins a watch.
    pub(super) fn watch(&mut self, number: Number, request: WatchRequest) -> Vec<Action> {
        self.resuming.push_back(Some(Substream { number, request: request.clone() }));
        if !self.opened {
            self.opened = true;
            return vec![Action::Open];
        }
        if self.resuming.len() == 1 { vec![Action::Create(request)] } else { Vec::new() }
    }

    /// A caller gives a watch up.
    pub(super) fn cancel(&mut self, number: Number) -> Vec<Action> {
        let holds = |substream: &Substream| substream.number == number;
        if let Some(place) = self.resuming.iter_mut().find(|place| place.as_ref().is_some_and(holds)) {
            *place = None;
            return Vec::new();
        }
        match self.substreams.iter().find(|(_, substream)| holds(substream)) {
            Some((&id, _)) => self.drop_substream(id),
            None => Vec::new(),
        }
    }

    /// The server has sent a response.
    pub(super) fn response(&mut self, incoming: Incoming) -> Vec<Action> {
        if incoming.created {
            return self.created(&incoming);
        }
        let id = incoming.watch_id;
        if incoming.canceled && incoming.compact_revision == 0 {
            self.cancelled.remove(&id);
            return self.end_substream(id);
        }
        let Some(substream) = self.substreams.get_mut(&id) else {
            return self.cancel_once(id);
        };
        substream.request.revision = match incoming.events.last() {
            Some(event) => event.mod_revision + 1,
            None => incoming.header_revision + 1,
        };
        let response = WatchResponse {
            events: incoming.events,
            canceled: incoming.canceled,
            compact_revision: incoming.compact_revision,
            header_revision: incoming.header_revision,
            close_error: None,
        };
        let failed = response.error().is_some();
        let mut actions = vec![Action::Deliver(substream.number, response)];
        if failed {
            actions.extend(self.end_substream(id));
        }
        actions
    }

    /// The server has answered a create.
    fn created(&mut self, incoming: &Incoming) -> Vec<Action> {
        if self.refused_watch == RefusedWatch::RetriesStaleAuth && is_stale_auth(&incoming.cancel_reason) {
            return vec![Action::Open];
        }
        let mut actions = Vec::new();
        if let Some(mut substream) = self.resuming.front_mut().and_then(Option::take) {
            // The id of a refusal is -1, or on older servers the one that was asked for (watch.go, addSubstream).
            if incoming.watch_id == -1 || (incoming.canceled && !incoming.cancel_reason.is_empty()) {
                self.refusal = Some(Error::Text(incoming.cancel_reason.clone()));
                actions.extend(self.closing(substream.number));
            } else {
                if substream.request.revision == 0 {
                    substream.request.revision = incoming.header_revision;
                }
                self.substreams.insert(incoming.watch_id, substream);
            }
        }
        let refused = !actions.is_empty();
        actions.extend(self.next_create().map(Action::Create));
        if refused && self.is_empty() {
            actions.push(Action::Finish);
        }
        actions
    }

    /// The stream has ended, or a new one is wanted: every watch waits to be created again. If there is none,
    /// the next one asks for a stream.
    pub(super) fn resume_all(&mut self) {
        self.resuming.retain(Option::is_some);
        self.resuming.extend(std::mem::take(&mut self.substreams).into_values().map(Some));
        self.cancelled.clear();
        self.opened = !self.resuming.is_empty();
    }

    /// The watch whose create comes first; none if nobody waits.
    pub(super) fn head(&self) -> Option<&WatchRequest> {
        self.resuming.front().and_then(Option::as_ref).map(|substream| &substream.request)
    }

    /// The stream ends for good: every watch of it is handed the error, and closed.
    pub(super) fn halt(&mut self, error: Error) -> Vec<Action> {
        self.refusal = Some(error);
        self.close_all()
    }

    /// The stream ends for good and nobody is told why: every watch of it is closed.
    pub(super) fn abandon(&mut self) -> Vec<Action> {
        self.refusal = None;
        self.close_all()
    }

    fn close_all(&mut self) -> Vec<Action> {
        let created = std::mem::take(&mut self.substreams).into_values();
        let resuming = std::mem::take(&mut self.resuming).into_iter().flatten();
        let numbers: Vec<_> = created.chain(resuming).map(|substream| substream.number).collect();
        let mut actions: Vec<_> = numbers.into_iter().flat_map(|number| self.closing(number)).collect();
        actions.push(Action::Finish);
        actions
    }

    /// A watch's last words.
    fn closing(&self, number: Number) -> Vec<Action> {
        let last = self.refusal.clone().map(|error| Action::Deliver(number, WatchResponse::closing(error)));
        last.into_iter().chain([Action::Close(number)]).collect()
    }

    /// Ends a watch that the server has ended.
    fn end_substream(&mut self, id: i64) -> Vec<Action> {
        let Some(substream) = self.substreams.get(&id) else { return Vec::new() };
        let mut actions = self.closing(substream.number);
        actions.extend(self.drop_substream(id));
        actions
    }

    /// Drops a watch. The stream goes with the last one; else the server is told, even if it ended the watch itself.
    fn drop_substream(&mut self, id: i64) -> Vec<Action> {
        self.substreams.remove(&id);
        if self.is_empty() {
            return vec![Action::Finish];
        }
        self.cancelled.insert(id);
        vec![Action::Cancel(id)]
    }

    fn cancel_once(&mut self, id: i64) -> Vec<Action> {
        if self.cancelled.insert(id) { vec![Action::Cancel(id)] } else { Vec::new() }
    }

    fn next_create(&mut self) -> Option<WatchRequest> {
        while let Some(None) = self.resuming.front() {
            self.resuming.pop_front();
        }
        self.head().cloned()
    }

    fn is_empty(&self) -> bool {
        self.substreams.is_empty() && self.resuming.is_empty()
    }
}

/// Whether a refusal is one that some releases retry (clientv3 v3.5.6 watch.go, shouldRetryWatch). They compare
/// the text, so what a server up to 3.5.5 says of the same cause, `permission denied`, is not.
fn is_stale_auth(reason: &str) -> bool {
    reason == "rpc error: code = Unauthenticated desc = etcdserver: invalid auth token"
        || reason == "rpc error: code = InvalidArgument desc = etcdserver: revision of auth store is old"
}
