//! Telling watches how far they are, though nothing has happened.

use std::collections::BTreeSet;

use tokio::time::Instant;

use super::{
    Hub, StreamId,
    denial::NO_WATCH,
    outlet::Parts,
    stream::Inquiry,
    watcher::{Notice, Standing, Watcher},
};
use crate::{
    mvcc::Store,
    proto::WatchResponse,
    release::{Fact, Release},
};

impl Hub {
    /// Answers a request for progress: one answer for all watches of the stream, and only if all are up to date.
    /// Source: etcd v3.5.16 server/mvcc/watchable_store.go, `progressIfSync`.
    pub(crate) fn progress(&mut self, stream: StreamId, store: &Store) {
        let response = self.progress_of(NO_WATCH, store);
        let release = self.release;
        let Some(to) = self.streams.get_mut(&stream) else { return };
        if !release.holds(Fact::ProgressRequestWaitsForSync) {
            return to.outlet.broadcast(response);
        }
        if to.watchers.values().all(|watcher| up_to_date(watcher, store, release)) {
            // There is nobody that a stream without watches could tell.
            if !to.watchers.is_empty() {
                to.outlet.broadcast(response);
            }
        } else if release.holds(Fact::UnansweredProgressRequestKept) {
            to.inquiry = Inquiry::Open;
        }
    }

    /// Tries again to answer the requests for progress that waited, on the streams that were just told something.
    pub(super) fn answer_open_inquiries(&mut self, told: &BTreeSet<StreamId>, store: &Store) {
        for &stream in told {
            let Some(to) = self.streams.get_mut(&stream) else { continue };
            if to.inquiry == Inquiry::Open {
                to.inquiry = Inquiry::Settled;
                self.progress(stream, store);
            }
        }
    }

    /// Tells each watch that asked for it how far it is, unless it has had an event since the last time.
    /// Source: etcd v3.5.5 server/etcdserver/api/v3rpc/watch.go, `sendLoop`.
    pub(super) fn give_notice(&mut self, store: &Store, now: Instant) {
        let release = self.release;
        let mut owed = Vec::new();
        for (&stream, from) in &mut self.streams {
            if from.next_notice().is_none_or(|due| due > now) {
                continue;
            }
            from.noticed = now;
            for (&id, watcher) in &mut from.watchers {
                if watcher.notice == Notice::Due && up_to_date(watcher, store, release) {
                    owed.push((stream, id));
                }
                if watcher.notice == Notice::Elided {
                    watcher.notice = Notice::Due;
                }
            }
        }
        self.wake_order.shuffle(&mut owed);
        for (stream, id) in owed {
            let response = self.progress_of(id, store);
            if let Some(to) = self.streams.get_mut(&stream) {
                to.outlet.deliver(response, Parts::One);
            }
        }
        self.next_notice = self.streams.values().filter_map(super::stream::Stream::next_notice).min();
    }

    fn progress_of(&self, watch_id: i64, store: &Store) -> WatchResponse {
        WatchResponse { header: self.header(store.revision()), watch_id, ..WatchResponse::default() }
    }
}

/// Whether a watch has been told of everything there is. One that starts in the future has not, as newer releases see
/// it: its client would take the answer for a place to resume from.
fn up_to_date(watcher: &Watcher, store: &Store, release: Release) -> bool {
    let begun = watcher.start_revision() <= store.revision();
    watcher.standing == Standing::Synced && (begun || !release.holds(Fact::FutureWatchHasNoProgress))
}
