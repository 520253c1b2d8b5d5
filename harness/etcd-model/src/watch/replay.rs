//! Telling watches of events: as they happen, and from the past.

use std::collections::BTreeSet;

use tokio::time::Instant;

use super::{
    Hub, StreamId,
    batch::Batch,
    outlet::{Delivery, Parts},
    watcher::{Notice, Standing},
};
use crate::{
    mvcc::{Applied, Store},
    proto::{Event, WatchResponse},
};

/// What a round that catches watches up has to tell them from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Past {
    /// All that is not compacted away.
    Everything,
    /// Nothing: a watch from revision -1 spoils the round for all others too, and what they miss is lost to them.
    Nothing,
}

/// One watch of one stream.
type Place = (StreamId, i64);

impl Hub {
    /// Takes note of a revision. Called once for each, in order, right after the store applied it. Each watch that is
    /// up to date gets one answer with all its events. Source: etcd v3.5.5 server/mvcc/watchable_store.go, `notify`.
    pub fn applied(&mut self, applied: &Applied, store: &Store) {
        let mut owed: Vec<(Place, Vec<Event>)> = Vec::new();
        for (&stream, from) in &self.streams {
            for (&id, watcher) in &from.watchers {
                if watcher.standing != Standing::Synced {
                    continue;
                }
                let events: Vec<Event> =
                    applied.events.iter().filter(|event| watcher.covers(event)).cloned().collect();
                if !events.is_empty() {
                    owed.push(((stream, id), events));
                }
            }
        }
        self.wake_order.shuffle(&mut owed);
        let mut told = BTreeSet::new();
        for (place, events) in owed {
            if self.tell(place, events, applied.revision, store) == Delivery::Sent {
                told.insert(place.0);
            }
        }
        self.answer_open_inquiries(&told, store);
    }

    /// Tells the watches that lie behind of what they have missed, or that it is compacted away. Source: the same
    /// file, `syncWatchersLoop` and `syncWatchers`; that those take at most 512 watches at once makes no difference
    /// here, since a round that got some of them up to date is followed by the next one at once.
    pub(super) fn catch_up(&mut self, store: &Store, now: Instant) {
        let mut told = BTreeSet::new();
        let mut behind = self.behind();
        while !behind.is_empty() {
            self.wake_order.shuffle(&mut behind);
            let past = self.past_read_for(&behind, store);
            for &place in &behind {
                if self.catch_up_one(place, past, store) == Delivery::Sent {
                    told.insert(place.0);
                }
            }
            let still_behind = self.behind();
            let stuck = still_behind.len() == behind.len();
            behind = still_behind;
            if stuck {
                break;
            }
        }
        self.next_sync = (!behind.is_empty()).then(|| self.sync.after(now));
        self.answer_open_inquiries(&told, store);
    }

    fn behind(&self) -> Vec<Place> {
        let streams = self.streams.iter();
        streams.flat_map(|(&stream, from)| from.behind().map(move |id| (stream, id))).collect()
    }

    /// What a round reads for `behind`. Source: etcd v3.5.5 server/mvcc/watchable_store.go, `syncWatchers`: the
    /// revision to read from is written as if it had no sign, so -1 is past every other.
    fn past_read_for(&self, behind: &[Place], store: &Store) -> Past {
        let mut watchers =
            behind.iter().filter_map(|(stream, id)| self.streams.get(stream)?.watchers.get(id));
        let unsigned = watchers.any(|watcher| (store.compacted()..0).contains(&watcher.next_revision));
        if unsigned { Past::Nothing } else { Past::Everything }
    }

    fn catch_up_one(&mut self, place: Place, past: Past, store: &Store) -> Delivery {
        let nowhere = self.header(0);
        let Some(to) = self.streams.get_mut(&place.0) else { return Delivery::Held };
        let Some(watcher) = to.watchers.get_mut(&place.1) else { return Delivery::Held };
        if watcher.next_revision < store.compacted() {
            watcher.standing = Standing::Compacted;
            let response = WatchResponse {
                header: nowhere,
                watch_id: place.1,
                canceled: true,
                compact_revision: store.compacted(),
                ..WatchResponse::default()
            };
            return to.outlet.deliver(response, Parts::One);
        }
        let batch = match past {
            Past::Nothing => Batch::default(),
            Past::Everything => {
                let missed = store.changes(watcher.next_revision, store.revision());
                Batch::of(missed.filter(|event| watcher.covers(event)))
            }
        };
        (watcher.standing, watcher.next_revision) = match batch.more_from {
            Some(revision) => (Standing::Behind, revision),
            None => (Standing::Synced, store.revision() + 1),
        };
        self.tell(place, batch.events, store.revision(), store)
    }

    /// Sends a watch events in its range, in an answer as of `revision`; nothing if it filters out all of them.
    fn tell(&mut self, place: Place, events: Vec<Event>, revision: i64, store: &Store) -> Delivery {
        let header = self.header(revision);
        let Some(to) = self.streams.get_mut(&place.0) else { return Delivery::Held };
        let Some(watcher) = to.watchers.get_mut(&place.1) else { return Delivery::Held };
        let events = watcher.told(events, store);
        if events.is_empty() {
            return Delivery::Held;
        }
        let response = WatchResponse { header, watch_id: place.1, events, ..WatchResponse::default() };
        let delivery = to.outlet.deliver(response, watcher.parts());
        if delivery == Delivery::Sent && watcher.notice == Notice::Due {
            watcher.notice = Notice::Elided;
        }
        delivery
    }
}
