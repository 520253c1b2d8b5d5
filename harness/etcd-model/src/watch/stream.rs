//! One stream of watches.

use std::collections::BTreeMap;

use tokio::time::Instant;

use super::{
    denial::Denial,
    outlet::{Outlet, Parts},
    watcher::{Notice, Standing, Watcher},
};
use crate::{proto::WatchCreateRequest, time::Beat};

/// One stream of watches, which share a login and a way out.
#[derive(Debug)]
pub(super) struct Stream {
    pub(super) watchers: BTreeMap<i64, Watcher>,
    /// The id for the next watch that names none. None is used twice.
    next_id: i64,
    pub(super) outlet: Outlet,
    pub(super) hearing: Hearing,
    pub(super) inquiry: Inquiry,
    /// When watches that asked for it are told how far they are.
    notices: Beat,
    /// Up to when that has been seen to.
    pub(super) noticed: Instant,
}

/// Whether a stream still takes requests.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Hearing {
    /// It does.
    Listening,
    /// It was refused a watch by a release that stops reading then.
    Deaf,
}

/// Whether a request for progress waits for its answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Inquiry {
    /// None does.
    Settled,
    /// One does, until all watches of the stream are up to date.
    Open,
}

impl Stream {
    pub(super) const fn new(outlet: Outlet, notices: Beat, now: Instant) -> Self {
        Self {
            watchers: BTreeMap::new(),
            next_id: 0,
            outlet,
            hearing: Hearing::Listening,
            inquiry: Inquiry::Settled,
            notices,
            noticed: now,
        }
    }

    /// Adds a watch at a store that has reached `revision`, and says by which id. Source: etcd v3.5.5
    /// server/mvcc/watcher.go, `Watch`.
    pub(super) fn add(
        &mut self,
        asked: WatchCreateRequest,
        revision: i64,
        now: Instant,
    ) -> Result<i64, Denial> {
        let end = asked.range_end.as_ref();
        if !end.is_empty() && end != [0] && asked.key.as_ref() >= end {
            return Err(Denial::EmptyRange);
        }
        let id = match asked.watch_id {
            0 => self.unused_id(),
            id if self.watchers.contains_key(&id) => return Err(Denial::DuplicateId),
            id => id,
        };
        let watcher = Watcher::new(asked, revision);
        if watcher.notice != Notice::Never && self.next_notice().is_none() {
            // The beats before, at which nobody asked to be told anything, are over.
            self.noticed = now;
        }
        self.watchers.insert(id, watcher);
        Ok(id)
    }

    fn unused_id(&mut self) -> i64 {
        while self.watchers.contains_key(&self.next_id) {
            self.next_id += 1;
        }
        self.next_id += 1;
        self.next_id - 1
    }

    /// When its watches are next told how far they are, if any asked for that.
    pub(super) fn next_notice(&self) -> Option<Instant> {
        let asked = self.watchers.values().any(|watcher| watcher.notice != Notice::Never);
        asked.then(|| self.notices.after(self.noticed))
    }

    /// The watches that have to be told of the past.
    pub(super) fn behind(&self) -> impl Iterator<Item = i64> {
        self.watchers.iter().filter(|(_, watcher)| watcher.standing == Standing::Behind).map(|(&id, _)| id)
    }
}

impl Watcher {
    /// In how many messages an answer to it may be sent.
    pub(super) const fn parts(&self) -> Parts {
        if self.fragments() { Parts::Several } else { Parts::One }
    }
}
