//! What the listing and the watch have told of the queue: a hint for what to claim next, never the truth.
//! A stale entry costs one lost race; the claim's own compare decides.

use std::collections::BTreeMap;

/// Values above this many bytes are not kept from the watch, but read again when their turn comes: a long
/// backlog of large items then costs its keys only.
const KEPT_VALUE_BYTES: usize = 4096;

/// What a watch event, a listing or a read tells of one key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Change {
    Put { key: Vec<u8>, revision: i64, value: Option<Vec<u8>> },
    Delete { key: Vec<u8>, revision: i64 },
}

/// The first item in line, and its value if it is known.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Head<'a> {
    pub(crate) key: &'a [u8],
    pub(crate) revision: i64,
    pub(crate) value: Option<&'a [u8]>,
}

/// Items by (mod revision, key): the recipe's own order, made total for items of one transaction.
#[derive(Debug, Default)]
pub(crate) struct Cache {
    line: BTreeMap<(i64, Vec<u8>), Option<Vec<u8>>>,
    places: BTreeMap<Vec<u8>, i64>,
}

impl Cache {
    pub(crate) fn apply(&mut self, change: Change) {
        match change {
            Change::Put { key, revision, value } => self.put(key, revision, value),
            Change::Delete { key, revision } => {
                if self.places.get(&key).is_some_and(|&place| place < revision) {
                    self.remove(&key);
                }
            }
        }
    }

    fn put(&mut self, key: Vec<u8>, revision: i64, value: Option<Vec<u8>>) {
        if self.places.get(&key).is_some_and(|&place| place > revision) {
            return;
        }
        let known = self.remove(&key).filter(|(place, _)| *place == revision).and_then(|(_, value)| value);
        let value = value.filter(|value| value.len() <= KEPT_VALUE_BYTES).or(known);
        self.places.insert(key.clone(), revision);
        self.line.insert((revision, key), value);
    }

    /// Takes in a value whatever its size, because its item is about to be claimed.
    pub(crate) fn read(&mut self, key: Vec<u8>, revision: i64, value: Vec<u8>) {
        self.put(key.clone(), revision, None);
        if let Some(slot) = self.line.get_mut(&(revision, key)) {
            *slot = Some(value);
        }
    }

    /// Removes one version of a key: it was claimed, by this queue or another consumer.
    pub(crate) fn forget(&mut self, key: &[u8], revision: i64) {
        if self.places.get(key) == Some(&revision) {
            self.remove(key);
        }
    }

    fn remove(&mut self, key: &[u8]) -> Option<(i64, Option<Vec<u8>>)> {
        let place = self.places.remove(key)?;
        let value = self.line.remove(&(place, key.to_vec()))?;
        Some((place, value))
    }

    pub(crate) fn head(&self) -> Option<Head<'_>> {
        let ((revision, key), value) = self.line.first_key_value()?;
        Some(Head { key, revision: *revision, value: value.as_deref() })
    }

    /// The keys among the first `window` in line whose values are not known.
    pub(crate) fn unread(&self, window: usize) -> Vec<Vec<u8>> {
        let line = self.line.iter().take(window);
        line.filter(|(_, value)| value.is_none()).map(|((_, key), _)| key.clone()).collect()
    }

    pub(crate) fn len(&self) -> usize {
        self.line.len()
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    fn put(cache: &mut Cache, key: &str, revision: i64) {
        let value = Some(format!("{key}@{revision}").into_bytes());
        cache.apply(Change::Put { key: key.into(), revision, value });
    }

    fn delete(cache: &mut Cache, key: &str, revision: i64) {
        cache.apply(Change::Delete { key: key.into(), revision });
    }

    fn line(cache: &Cache) -> Vec<(&str, i64)> {
        cache.line.keys().map(|(revision, key)| (std::str::from_utf8(key).unwrap(), *revision)).collect()
    }

    #[test]
    fn items_stand_in_commit_order_and_by_key_within_one_transaction() {
        let mut cache = Cache::default();
        for (key, revision) in [("q/3", 7), ("q/1", 9), ("q/9", 5), ("q/2", 7)] {
            put(&mut cache, key, revision);
        }
        assert_eq!(line(&cache), [("q/9", 5), ("q/2", 7), ("q/3", 7), ("q/1", 9)]);
        assert_eq!(cache.head().unwrap().value, Some(&b"q/9@5"[..]));
    }

    #[test]
    fn a_deleted_item_leaves_the_line_and_a_replayed_older_event_changes_nothing() {
        let mut cache = Cache::default();
        put(&mut cache, "q/1", 5);
        put(&mut cache, "q/2", 6);
        delete(&mut cache, "q/1", 7);
        delete(&mut cache, "q/2", 4);
        put(&mut cache, "q/2", 3);
        assert_eq!(line(&cache), [("q/2", 6)]);
    }

    #[test]
    fn an_overwritten_item_moves_to_the_end_as_the_recipe_has_it() {
        let mut cache = Cache::default();
        put(&mut cache, "q/1", 5);
        put(&mut cache, "q/2", 6);
        put(&mut cache, "q/1", 7);
        assert_eq!(line(&cache), [("q/2", 6), ("q/1", 7)]);
    }

    #[test]
    fn only_the_version_that_was_claimed_is_forgotten() {
        let mut cache = Cache::default();
        put(&mut cache, "q/1", 5);
        cache.forget(b"q/1", 4);
        assert_eq!(line(&cache), [("q/1", 5)]);
        cache.forget(b"q/1", 5);
        assert_eq!((cache.head(), cache.len()), (None, 0));
    }

    #[test]
    fn large_values_are_read_when_their_turn_comes() {
        let mut cache = Cache::default();
        put(&mut cache, "q/1", 5);
        let large = vec![b'x'; KEPT_VALUE_BYTES + 1];
        cache.apply(Change::Put { key: b"q/2".to_vec(), revision: 6, value: Some(large.clone()) });
        cache.apply(Change::Put { key: b"q/3".to_vec(), revision: 7, value: None });
        assert_eq!(cache.unread(2), [b"q/2".to_vec()]);
        cache.read(b"q/2".to_vec(), 6, large.clone());
        assert_eq!(cache.unread(9), [b"q/3".to_vec()]);
        cache.forget(b"q/1", 5);
        assert_eq!(cache.head().unwrap().value, Some(&large[..]));
    }

    #[test]
    fn a_repeated_listing_keeps_the_values_that_are_known() {
        let mut cache = Cache::default();
        put(&mut cache, "q/1", 5);
        cache.apply(Change::Put { key: b"q/1".to_vec(), revision: 5, value: None });
        assert_eq!(cache.head().unwrap().value, Some(&b"q/1@5"[..]));
    }
}
