//! What the listing and the watch have told of the queue: a hint for what to claim next, never the truth.
//! A stale entry costs one lost race; the claim's own compare decides.
//!
//! It is bounded: of a longer line it knows the beginning, and says so when that has been used up.

use std::collections::BTreeMap;
use std::sync::Arc;

use tokio::time::Instant;

/// Values above this many bytes are not kept, but read again when their turn comes: a long backlog of large
/// items then costs its keys only.
pub(crate) const KEPT_VALUE_BYTES: usize = 4096;
/// Nor are values kept once there are this many bytes of them.
pub(crate) const KEPT_BYTES: usize = 16 * 1024 * 1024;
/// How many items are known at most.
const LONGEST: usize = 100_000;

/// A key of an item, shared by all that know of it.
pub(crate) type Key = Arc<[u8]>;

/// An item's place in line: its mod revision, and its key among those of one transaction.
pub(crate) type Place = (i64, Key);

/// What a watch event, a listing or a read tells of one key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Change {
    Put { key: Key, revision: i64, value: Option<Vec<u8>> },
    Delete { key: Key, revision: i64 },
}

/// What is known of one item.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Known {
    pub(crate) value: Option<Vec<u8>>,
    /// Since when.
    pub(crate) seen: Instant,
}

/// Items by (mod revision, key): the recipe's own order, made total for items of one transaction.
#[derive(Debug)]
pub(crate) struct Cache {
    line: BTreeMap<Place, Known>,
    places: BTreeMap<Key, i64>,
    value_bytes: usize,
    longest: usize,
    /// Items at this revision and later are left out.
    left_out_from: Option<i64>,
}

impl Default for Cache {
    fn default() -> Self {
        Self::of(LONGEST)
    }
}

impl Cache {
    /// One that knows `longest` items at most.
    pub(crate) fn of(longest: usize) -> Self {
        Self {
            line: BTreeMap::new(),
            places: BTreeMap::new(),
            value_bytes: 0,
            longest: longest.max(1),
            left_out_from: None,
        }
    }

    pub(crate) fn apply(&mut self, change: Change, now: Instant) {
        match change {
            Change::Put { key, revision, value } => self.put(key, revision, value, now),
            Change::Delete { key, revision } => {
                if self.places.get(&key).is_some_and(|&place| place < revision) {
                    self.remove(&key);
                }
            }
        }
    }

    fn put(&mut self, key: Key, revision: i64, value: Option<Vec<u8>>, now: Instant) {
        if self.places.get(&key).is_some_and(|&place| place > revision) {
            return;
        }
        let known = self.remove(&key).filter(|(place, _)| *place == revision).map(|(_, known)| known);
        if self.left_out_from.is_some_and(|left_out| revision >= left_out) {
            return;
        }
        let has_room = |value: &Vec<u8>| {
            value.len() <= KEPT_VALUE_BYTES && self.value_bytes.saturating_add(value.len()) <= KEPT_BYTES
        };
        let seen = known.as_ref().map_or(now, |known| known.seen);
        let value = value.filter(has_room).or(known.and_then(|known| known.value));
        self.insert((revision, key), Known { value, seen });
        self.shorten();
    }

    fn insert(&mut self, place: Place, known: Known) {
        self.value_bytes += known.value.as_ref().map_or(0, Vec::len);
        self.places.insert(place.1.clone(), place.0);
        self.line.insert(place, known);
    }

    /// Leaves the last ones out when there are too many, whole revisions at a time: what is left out and what
    /// is not must be told apart by the revision alone.
    fn shorten(&mut self) {
        while self.line.len() > self.longest {
            let (Some(((last, _), _)), Some(((first, _), _))) =
                (self.line.last_key_value(), self.line.first_key_value())
            else {
                return;
            };
            let (first, last) = (*first, *last);
            if first == last {
                return;
            }
            self.left_out_from = Some(last);
            while let Some(((revision, key), _)) = self.line.last_key_value()
                && *revision == last
            {
                let key = key.clone();
                self.remove(&key);
            }
        }
    }

    /// Takes in a value whatever its size, because its item is about to be claimed.
    pub(crate) fn read(&mut self, key: &Key, revision: i64, value: Vec<u8>, now: Instant) {
        self.put(key.clone(), revision, None, now);
        if let Some(known) = self.line.get_mut(&(revision, key.clone())) {
            self.value_bytes += value.len();
            self.value_bytes -= known.value.replace(value).map_or(0, |before| before.len());
        }
    }

    /// Takes one version of an item out of the line, to claim it.
    pub(crate) fn take(&mut self, place: &Place) -> Option<Known> {
        if self.places.get(&place.1) != Some(&place.0) {
            return None;
        }
        self.remove(&place.1).map(|(_, known)| known)
    }

    /// Puts an item that was not claimed after all back into its place, unless something newer is known.
    pub(crate) fn restore(&mut self, place: Place, known: Known) {
        if !self.places.contains_key(&place.1) {
            self.insert(place, known);
        }
    }

    /// Removes one version of a key.
    pub(crate) fn forget(&mut self, key: &Key, revision: i64) {
        if self.places.get(key) == Some(&revision) {
            self.remove(key);
        }
    }

    fn remove(&mut self, key: &Key) -> Option<(i64, Known)> {
        let place = self.places.remove(key)?;
        let known = self.line.remove(&(place, key.clone()))?;
        self.value_bytes -= known.value.as_ref().map_or(0, Vec::len);
        Some((place, known))
    }

    pub(crate) fn head(&self) -> Option<&Place> {
        self.line.first_key_value().map(|(place, _)| place)
    }

    /// The line, first come first.
    pub(crate) fn iter(&self) -> impl Iterator<Item = (&Place, &Known)> {
        self.line.iter()
    }

    /// The line from one place on.
    pub(crate) fn iter_from(&self, place: &Place) -> impl Iterator<Item = (&Place, &Known)> {
        self.line.range(place..)
    }

    /// Where a key stands in line.
    pub(crate) fn place_of(&self, key: &Key) -> Option<Place> {
        self.places.get(key).map(|&revision| (revision, key.clone()))
    }

    pub(crate) fn holds(&self, place: &Place) -> bool {
        self.line.contains_key(place)
    }

    /// The place of the version of a key that is known.
    pub(crate) fn place(&self, key: &Key) -> Option<Place> {
        self.places.get(key).map(|&revision| (revision, key.clone()))
    }

    pub(crate) fn is_unread(&self, place: &Place) -> bool {
        self.line.get(place).is_some_and(|known| known.value.is_none())
    }

    pub(crate) fn len(&self) -> usize {
        self.line.len()
    }

    /// Whether all that it knew has been used up and there was more.
    pub(crate) fn is_used_up(&self) -> bool {
        self.line.is_empty() && self.left_out_from.is_some()
    }

    pub(crate) fn has_room_for_values(&self) -> bool {
        self.value_bytes < KEPT_BYTES
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
#[path = "cache_tests.rs"]
mod tests;
