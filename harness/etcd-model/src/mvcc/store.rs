//! The store itself: what is kept, and what the other rooms may ask.

use std::collections::{BTreeMap, BTreeSet};

use bytes::Bytes;

use super::{Applied, Write, live::LiveKeys, revision::Revision, span::Span};
use crate::{
    proto::{Event, KeyValue, event::EventType},
    release::Release,
};

/// All keys of one member, with their history since the last compaction.
#[derive(Clone, Debug)]
pub struct Store {
    pub(super) release: Release,
    /// The revision that has been reached. An empty store is at 1: etcd v3.5.5 server/mvcc/kvstore.go, `NewStore`.
    pub(super) revision: i64,
    /// The revision of the last compaction, -1 before the first.
    pub(super) compacted: i64,
    /// Every change that is still known.
    pub(super) log: BTreeMap<Revision, Event>,
    /// Where in the log each key's changes lie, oldest first. A key without any is not here.
    pub(super) histories: BTreeMap<Bytes, Vec<Revision>>,
    pub(super) live: LiveKeys,
    /// The keys attached to each lease; a lease without any is not here.
    pub(super) attached: BTreeMap<i64, BTreeSet<Bytes>>,
    /// How many bytes the log would take in a backend.
    pub(super) size_bytes: u64,
}

impl Store {
    /// An empty store, as `release` keeps it.
    pub fn new(release: Release) -> Self {
        Self {
            release,
            revision: 1,
            compacted: -1,
            log: BTreeMap::new(),
            histories: BTreeMap::new(),
            live: LiveKeys::default(),
            attached: BTreeMap::new(),
            size_bytes: 0,
        }
    }

    /// The revision that the store has reached.
    pub const fn revision(&self) -> i64 {
        self.revision
    }

    /// The revision of the last compaction, -1 if there was none. Reads and watches below it are refused; it itself
    /// can still be read.
    pub const fn compacted(&self) -> i64 {
        self.compacted
    }

    /// How many bytes a backend would need for every change that is still known.
    pub const fn size_bytes(&self) -> u64 {
        self.size_bytes
    }

    /// The events of the revisions `from..=to`, oldest first, as [`Applied`] describes them; those that a
    /// compaction has swept away are missing, and a range that is upside down holds none.
    pub fn changes(&self, from: i64, to: i64) -> impl Iterator<Item = &Event> {
        let from_there = self.log.range(Revision::first(from)..);
        from_there.take_while(move |(place, _)| place.main <= to).map(|(_, event)| event)
    }

    /// The key as it was just before `revision`: what an event's `prev_kv` holds. `None` if it was not there, or if
    /// that time is compacted away.
    pub fn before(&self, key: &[u8], revision: i64) -> Option<KeyValue> {
        let at = revision - 1;
        if at < self.compacted {
            return None;
        }
        self.kv_at(key, at).cloned()
    }

    /// The key as it is now.
    pub fn get(&self, key: &[u8]) -> Option<&KeyValue> {
        self.kv_of(self.live.modified(key)?)
    }

    /// The keys that are attached to a lease now, in order.
    pub fn lease_keys(&self, lease: i64) -> Vec<Bytes> {
        self.attached.get(&lease).into_iter().flatten().cloned().collect()
    }

    /// Deletes `keys` in one revision; `None`, and no new revision, if none of them is there.
    pub fn delete_keys(&mut self, keys: &[Bytes]) -> Option<Applied> {
        let mut write = Write::of(self);
        for key in keys {
            write.delete(&Span::of(key, &Bytes::new()));
        }
        write.finish()
    }

    /// The value that was put at a place in history.
    pub(super) fn kv_of(&self, place: Revision) -> Option<&KeyValue> {
        let event = self.log.get(&place)?;
        match event.r#type() {
            EventType::Put => event.kv.as_ref(),
            EventType::Delete => None,
        }
    }

    /// The key as it was after revision `at`, which must not be below the last compaction.
    pub(super) fn kv_at(&self, key: &[u8], at: i64) -> Option<&KeyValue> {
        self.kv_in(self.histories.get(key)?, at)
    }

    /// What a history says about the time after revision `at`.
    pub(super) fn kv_in(&self, history: &[Revision], at: i64) -> Option<&KeyValue> {
        let known = history.partition_point(|place| place.main <= at);
        self.kv_of(*history.get(known.checked_sub(1)?)?)
    }
}
