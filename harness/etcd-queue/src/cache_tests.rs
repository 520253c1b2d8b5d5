//! The line as callers see it.

use super::*;

fn key(key: &str) -> Key {
    key.as_bytes().into()
}

fn put(cache: &mut Cache, name: &str, revision: i64) {
    let value = Some(format!("{name}@{revision}").into_bytes());
    cache.apply(Change::Put { key: key(name), revision, value }, Instant::now());
}

fn delete(cache: &mut Cache, name: &str, revision: i64) {
    cache.apply(Change::Delete { key: key(name), revision }, Instant::now());
}

fn line(cache: &Cache) -> Vec<(&str, i64)> {
    cache.line.keys().map(|(revision, key)| (std::str::from_utf8(key).unwrap(), *revision)).collect()
}

fn head_value(cache: &Cache) -> Option<&[u8]> {
    cache.line.first_key_value().and_then(|(_, known)| known.value.as_deref())
}

#[test]
fn items_stand_in_commit_order_and_by_key_within_one_transaction() {
    let mut cache = Cache::default();
    for (key, revision) in [("q/3", 7), ("q/1", 9), ("q/9", 5), ("q/2", 7)] {
        put(&mut cache, key, revision);
    }
    assert_eq!(line(&cache), [("q/9", 5), ("q/2", 7), ("q/3", 7), ("q/1", 9)]);
    assert_eq!(head_value(&cache), Some(&b"q/9@5"[..]));
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
fn only_the_version_that_was_claimed_is_taken_or_forgotten() {
    let mut cache = Cache::default();
    put(&mut cache, "q/1", 5);
    cache.forget(&key("q/1"), 4);
    assert_eq!(cache.take(&(4, key("q/1"))), None);
    assert_eq!(line(&cache), [("q/1", 5)]);
    assert_eq!(cache.take(&(5, key("q/1"))).unwrap().value.unwrap(), b"q/1@5");
    assert_eq!((cache.head(), cache.len(), cache.value_bytes), (None, 0, 0));
}

#[test]
fn what_was_not_claimed_after_all_stands_where_it_stood() {
    let mut cache = Cache::default();
    for (name, revision) in [("q/1", 5), ("q/2", 6), ("q/3", 7)] {
        put(&mut cache, name, revision);
    }
    let [first, second] = [(5, key("q/1")), (6, key("q/2"))].map(|place| {
        let known = cache.take(&place).unwrap();
        (place, known)
    });
    put(&mut cache, "q/2", 9);
    cache.restore(second.0, second.1);
    cache.restore(first.0, first.1);
    assert_eq!(line(&cache), [("q/1", 5), ("q/3", 7), ("q/2", 9)]);
}

#[test]
fn large_values_are_not_kept_until_they_are_read() {
    let mut cache = Cache::default();
    let large = vec![b'x'; KEPT_VALUE_BYTES + 1];
    let change = Change::Put { key: key("q/2"), revision: 6, value: Some(large.clone()) };
    cache.apply(change, Instant::now());
    assert_eq!(head_value(&cache), None);
    cache.read(&key("q/2"), 6, large.clone(), Instant::now());
    assert_eq!((head_value(&cache), cache.value_bytes), (Some(&large[..]), large.len()));
    cache.read(&key("q/2"), 6, b"small".to_vec(), Instant::now());
    assert_eq!(cache.value_bytes, 5);
}

#[test]
fn a_repeated_listing_keeps_the_values_that_are_known() {
    let mut cache = Cache::default();
    put(&mut cache, "q/1", 5);
    cache.apply(Change::Put { key: key("q/1"), revision: 5, value: None }, Instant::now());
    assert_eq!(head_value(&cache), Some(&b"q/1@5"[..]));
}

#[test]
fn values_are_kept_up_to_a_limit_altogether() {
    let mut cache = Cache::default();
    for n in 0..=KEPT_BYTES / KEPT_VALUE_BYTES {
        let (key, value) = (key(&format!("q/{n:06}")), Some(vec![0; KEPT_VALUE_BYTES]));
        cache.apply(Change::Put { key, revision: 5, value }, Instant::now());
    }
    assert_eq!(cache.value_bytes, KEPT_BYTES);
    assert_eq!(cache.line.values().filter(|known| known.value.is_none()).count(), 1);
}

#[test]
fn of_a_longer_line_the_beginning_is_known() {
    let mut cache = Cache::of(3);
    for (name, revision) in [("q/4", 8), ("q/1", 5), ("q/5", 8), ("q/2", 6)] {
        put(&mut cache, name, revision);
    }
    // One of the two of revision 8 would fit: both are left out, to be told by their revision.
    assert_eq!(line(&cache), [("q/1", 5), ("q/2", 6)]);
    put(&mut cache, "q/6", 9);
    put(&mut cache, "q/3", 7);
    assert_eq!(line(&cache), [("q/1", 5), ("q/2", 6), ("q/3", 7)]);
    assert!(!cache.is_used_up());
    for (name, revision) in [("q/1", 5), ("q/2", 6), ("q/3", 7)] {
        cache.forget(&key(name), revision);
    }
    assert!(cache.is_used_up());
}
