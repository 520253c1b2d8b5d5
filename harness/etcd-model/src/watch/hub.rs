//! All watches of one member.

use std::{collections::BTreeMap, time::Duration};

use tokio::{sync::mpsc::UnboundedSender, time::Instant};

use super::{
    denial::Denial,
    outlet::Outlet,
    stream::{Hearing, Stream},
    watcher::{Notice, Standing},
};
use crate::{
    member::{Settings, header},
    mvcc::Store,
    proto::{ResponseHeader, WatchCreateRequest, WatchResponse},
    release::{Fact, Release},
    time::{Beat, Choice, Draws, Round},
};

/// The watches of one member, over all its streams.
#[derive(Debug)]
pub struct Hub {
    pub(super) release: Release,
    raft_term: u64,
    pub(super) streams: BTreeMap<StreamId, Stream>,
    /// Counts on over restarts: who still names a stream of before names none of the new ones.
    next_stream: u64,
    /// Which of several watches is told first.
    pub(super) wake_order: Draws,
    jitter: Draws,
    progress_interval: Duration,
    fragment_bytes: usize,
    pub(super) sync: Beat,
    /// When watches that lie behind are caught up; `None` if there are none.
    pub(super) next_sync: Option<Instant>,
    /// When watches are told how far they are; `None` if none asked for that.
    pub(super) next_notice: Option<Instant>,
}

/// Names one stream of watches for as long as its member lives.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct StreamId(u64);

impl Hub {
    /// No watch yet, at a member that starts at `now` in the term `raft_term`.
    pub fn new(settings: &Settings, raft_term: u64, now: Instant) -> Self {
        Self {
            release: settings.release,
            raft_term,
            streams: BTreeMap::new(),
            next_stream: 0,
            wake_order: settings.seed.draws(Choice::WakeOrder),
            jitter: settings.seed.draws(Choice::ProgressJitter),
            progress_interval: settings.progress_interval,
            fragment_bytes: settings.max_message_bytes(),
            sync: settings.phases.beat(Round::WatchSync, now),
            next_sync: None,
            next_notice: None,
        }
    }

    /// Takes in a stream; what it is owed goes to `outbox`.
    pub fn open(&mut self, outbox: UnboundedSender<WatchResponse>, now: Instant) -> StreamId {
        let id = StreamId(self.next_stream);
        self.next_stream += 1;
        let period = self.progress_interval + self.jitter.time_below(self.progress_interval / 10);
        let notices = Beat::new(now, period, period);
        self.streams.insert(id, Stream::new(Outlet::new(outbox, self.fragment_bytes), notices, now));
        id
    }

    /// Forgets a stream and all its watches.
    pub fn close(&mut self, stream: StreamId) {
        self.streams.remove(&stream);
    }

    /// How many streams there are, and how many watches they have in all.
    pub fn size(&self) -> (usize, usize) {
        (self.streams.len(), self.streams.values().map(|stream| stream.watchers.len()).sum())
    }

    /// Forgets all streams, for a member that starts again in the term `raft_term`.
    pub(crate) fn restart(&mut self, raft_term: u64) {
        self.raft_term = raft_term;
        self.streams.clear();
        self.next_sync = None;
        self.next_notice = None;
    }

    /// Whether a stream still takes requests.
    pub(crate) fn listens(&self, stream: StreamId) -> bool {
        self.streams.get(&stream).is_some_and(|stream| stream.hearing == Hearing::Listening)
    }

    /// Creates a watch that is permitted.
    pub(crate) fn create(
        &mut self,
        stream: StreamId,
        asked: WatchCreateRequest,
        store: &Store,
        now: Instant,
    ) {
        let header = self.header(store.revision());
        let Some(to) = self.streams.get_mut(&stream) else { return };
        let watch_id = match to.add(asked.clone(), store.revision(), now) {
            Ok(id) => id,
            Err(denial) => return self.deny(stream, &asked, denial, store),
        };
        to.outlet.answer(WatchResponse { header, watch_id, created: true, ..WatchResponse::default() });
        let Some(watcher) = to.watchers.get(&watch_id) else { return };
        if watcher.standing == Standing::Behind && self.next_sync.is_none() {
            self.next_sync = Some(self.sync.after(now));
        }
        if watcher.notice != Notice::Never {
            self.next_notice = [self.next_notice, to.next_notice()].into_iter().flatten().min();
        }
    }

    /// Says on the stream that a watch was not created, and why.
    pub(crate) fn deny(
        &mut self,
        stream: StreamId,
        asked: &WatchCreateRequest,
        denial: Denial,
        store: &Store,
    ) {
        let response = WatchResponse {
            header: self.header(store.revision()),
            watch_id: denial.watch_id(asked.watch_id, self.release),
            created: true,
            canceled: true,
            cancel_reason: denial.reason(self.release),
            ..WatchResponse::default()
        };
        let deafens = matches!(denial, Denial::NotPermitted(_))
            && !self.release.holds(Fact::RefusedWatchKeepsListening);
        let Some(to) = self.streams.get_mut(&stream) else { return };
        to.outlet.answer(response);
        if deafens {
            to.hearing = Hearing::Deaf;
        }
    }

    /// Cancels a watch and says so; one that is not there gets no answer at all.
    pub(crate) fn cancel(&mut self, stream: StreamId, watch_id: i64, store: &Store) {
        let header = self.header(store.revision());
        let Some(to) = self.streams.get_mut(&stream) else { return };
        if to.watchers.remove(&watch_id).is_some() {
            to.outlet.answer(WatchResponse { header, watch_id, canceled: true, ..WatchResponse::default() });
        }
    }

    /// When the hub next has something to do of itself, if ever.
    pub fn due(&self) -> Option<Instant> {
        [self.next_sync, self.next_notice].into_iter().flatten().min()
    }

    /// Does what is due at `now`.
    pub(crate) fn advance(&mut self, store: &Store, now: Instant) {
        if self.next_sync.is_some_and(|due| due <= now) {
            self.catch_up(store, now);
        }
        if self.next_notice.is_some_and(|due| due <= now) {
            self.give_notice(store, now);
        }
    }

    pub(super) fn header(&self, revision: i64) -> Option<ResponseHeader> {
        Some(header(self.raft_term, revision))
    }
}
