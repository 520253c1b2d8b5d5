//! What a compaction refuses, and what it leaves.

use super::*;

/// Puts a at 2 and 3, b at 4, deletes b at 5, puts c at 6.
fn lived_in(release: Release) -> Store {
    let mut store = Store::new(release);
    put(&mut store, "a", "1");
    put(&mut store, "a", "2");
    put(&mut store, "b", "1");
    delete(&mut store, "b");
    put(&mut store, "c", "1");
    store
}

fn left(store: &Store) -> Vec<i64> {
    store.changes(0, i64::MAX - 1).map(|event| event.kv.as_ref().unwrap().mod_revision).collect()
}

#[test]
fn only_a_revision_past_the_last_compaction_and_reached_can_be_compacted() {
    let mut store = lived_in(OLD);
    assert_eq!(store.compact(-1), Err(Refusal::Compacted));
    assert_eq!(store.compact(7), Err(Refusal::FutureRevision));
    assert_eq!(store.compact(0), Ok(()));
    assert_eq!(store.compact(0), Err(Refusal::Compacted));
    assert_eq!(store.compact(4), Ok(()));
    assert_eq!(store.compact(4), Err(Refusal::Compacted));
    assert_eq!(store.compact(3), Err(Refusal::Compacted));
    assert_eq!(store.compact(6), Ok(()));
    assert_eq!((store.revision(), store.compacted()), (6, 6));
}

#[test]
fn of_each_key_the_last_change_stays() {
    let mut store = lived_in(OLD);
    store.compact(4).unwrap();
    assert_eq!(left(&store), [3, 4, 5, 6]);
    store.compact(6).unwrap();
    assert_eq!(left(&store), [3, 6]);
    assert_eq!(keys(&store, &from("a")), Ok("a c".to_owned()));
}

#[test]
fn a_deletion_at_the_compacted_revision_is_forgotten_by_old_releases_and_kept_by_new_ones() {
    let mut old = lived_in(OLD);
    old.compact(5).unwrap();
    assert_eq!(left(&old), [3, 6]);
    let mut new = lived_in(NEW);
    new.compact(5).unwrap();
    assert_eq!(left(&new), [3, 5, 6]);
    new.compact(6).unwrap();
    assert_eq!(left(&new), [3, 6]);
}

#[test]
fn the_compacted_revision_can_be_read_and_what_lies_before_it_cannot() {
    let mut store = lived_in(OLD);
    store.compact(4).unwrap();
    let at = |revision| keys(&store, &RangeRequest { revision, ..from("a") });
    assert_eq!(at(3), Err(Refusal::Compacted));
    assert_eq!(at(4), Ok("a b".to_owned()));
    assert_eq!(at(5), Ok("a".to_owned()));
    assert_eq!(at(0), Ok("a c".to_owned()));
    assert_eq!(at(-3), Ok("a c".to_owned()));
}
