//! One revision being written.

use bytes::Bytes;

use super::{Applied, Store, revision::Revision, size, span::Span};
use crate::proto::{Event, KeyValue, event::EventType};

/// A revision being written: all its changes share one number, and finishing it counts only if there are any. Source: etcd v3.5.5 server/mvcc/kvstore_txn.go, `storeTxnWrite`.
#[derive(Debug)]
pub(super) struct Write<'store> {
    pub(super) store: &'store mut Store,
    events: Vec<Event>,
}

impl<'store> Write<'store> {
    /// The revision after the one that `store` has reached.
    pub(super) fn of(store: &'store mut Store) -> Self {
        Self { store, events: Vec::new() }
    }

    /// The revision that a read sees now: the new one as soon as it has a change.
    pub(super) fn visible(&self) -> i64 {
        self.store.revision + i64::from(!self.events.is_empty())
    }

    /// Puts a key; returns the new revision. A lease of 0 is none; any other must exist.
    pub(super) fn put(&mut self, key: &Bytes, value: &Bytes, lease: i64) -> i64 {
        let place = self.next();
        // What a request holds is cut out of its network buffer, and would keep all of that alive.
        let (key, create_revision, version) = match self.store.get(key) {
            Some(old) => (old.key.clone(), old.create_revision, old.version + 1),
            None => (Bytes::copy_from_slice(key), place.main, 1),
        };
        let kv = KeyValue {
            key: key.clone(),
            create_revision,
            mod_revision: place.main,
            version,
            value: Bytes::copy_from_slice(value),
            lease,
        };
        self.detach(&key);
        if lease != 0 {
            self.store.attached.entry(lease).or_default().insert(key.clone());
        }
        self.store.live.put(key.clone(), place);
        self.note(key, place, EventType::Put, kv);
        place.main
    }

    /// Deletes what is there of a range; returns how many keys that were.
    pub(super) fn delete(&mut self, span: &Span) -> i64 {
        let keys: Vec<Bytes> = match span.single() {
            Some(key) => self.store.get(key).map(|kv| kv.key.clone()).into_iter().collect(),
            None => {
                self.store.live.in_order(span, usize::MAX).into_iter().map(|(key, _)| key.clone()).collect()
            }
        };
        let deleted = keys.len();
        for key in keys {
            let place = self.next();
            self.detach(&key);
            self.store.live.remove(&key);
            let kv = KeyValue { key: key.clone(), mod_revision: place.main, ..KeyValue::default() };
            self.note(key, place, EventType::Delete, kv);
        }
        i64::try_from(deleted).unwrap_or(i64::MAX)
    }

    /// What a range holds now.
    pub(super) fn held(&self, span: &Span) -> Vec<KeyValue> {
        let store = &*self.store;
        match span.single() {
            Some(key) => store.get(key).cloned().into_iter().collect(),
            None => {
                let places = store.live.in_order(span, usize::MAX);
                places.into_iter().filter_map(|(_, place)| store.kv_of(place).cloned()).collect()
            }
        }
    }

    /// Ends the revision; `None` if it has no change and so never was.
    pub(super) fn finish(self) -> Option<Applied> {
        if self.events.is_empty() {
            return None;
        }
        self.store.revision += 1;
        Some(Applied { revision: self.store.revision, events: self.events })
    }

    fn next(&self) -> Revision {
        let sub = i64::try_from(self.events.len()).unwrap_or(i64::MAX);
        Revision { main: self.store.revision + 1, sub }
    }

    fn note(&mut self, key: Bytes, place: Revision, what: EventType, kv: KeyValue) {
        let event = Event { r#type: what.into(), kv: Some(kv), prev_kv: None };
        self.store.size_bytes += size::of(&event);
        self.store.histories.entry(key).or_default().push(place);
        self.store.log.insert(place, event.clone());
        self.events.push(event);
    }

    /// Takes a key off the lease it was attached to, if any.
    fn detach(&mut self, key: &Bytes) {
        let Some(lease) = self.store.get(key).map(|kv| kv.lease) else { return };
        if let Some(keys) = self.store.attached.get_mut(&lease) {
            keys.remove(key);
            if keys.is_empty() {
                self.store.attached.remove(&lease);
            }
        }
    }
}
