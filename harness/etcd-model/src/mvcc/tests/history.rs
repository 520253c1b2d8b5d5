//! Revisions, versions, events, leases.

use super::*;
use crate::proto::Event;

#[test]
fn an_empty_store_is_at_revision_1_and_was_never_compacted() {
    assert_eq!((store().revision(), store().compacted()), (1, -1));
}

#[test]
fn a_put_takes_the_next_revision_and_counts_versions_from_creation() {
    let mut store = store();
    assert_eq!(put(&mut store, "a", "1"), 2);
    assert_eq!(put(&mut store, "b", "1"), 3);
    assert_eq!(put(&mut store, "a", "2"), 4);
    let kv = get(&store, "a");
    assert_eq!((kv.create_revision, kv.mod_revision, kv.version), (2, 4, 2));
    assert_eq!(kv.value, "2");
}

#[test]
fn a_key_that_comes_back_starts_anew() {
    let mut store = store();
    put(&mut store, "a", "1");
    delete(&mut store, "a");
    put(&mut store, "a", "2");
    let kv = get(&store, "a");
    assert_eq!((kv.create_revision, kv.mod_revision, kv.version), (4, 4, 1));
}

#[test]
fn deleting_what_is_not_there_is_no_revision() {
    let mut store = store();
    put(&mut store, "a", "1");
    let (response, applied) = store.delete_range(&deletion("b", "\0"));
    assert_eq!((response.deleted, response.header.unwrap().revision), (0, 2));
    assert_eq!((applied, store.revision()), (None, 2));
}

#[test]
fn deleting_a_range_is_one_revision_however_many_keys() {
    let mut store = store();
    for key in ["a", "b", "c", "d"] {
        put(&mut store, key, key);
    }
    let (response, applied) = store.delete_range(&DeleteRangeRequest { prev_kv: true, ..deletion("b", "d") });
    let applied = applied.unwrap();
    assert_eq!((response.deleted, response.header.unwrap().revision, store.revision()), (2, 6, 6));
    assert_eq!(response.prev_kvs.iter().map(|kv| kv.mod_revision).collect::<Vec<_>>(), [3, 4]);
    assert_eq!((applied.revision, told(&applied)), (6, "-b -c".to_owned()));
}

#[test]
fn the_event_of_a_deletion_holds_the_key_and_the_revision_alone() {
    let mut store = store();
    put_leased(&mut store, "a", 7);
    let applied = delete(&mut store, "a").unwrap();
    let kv = KeyValue { key: "a".into(), mod_revision: 3, ..KeyValue::default() };
    assert_eq!(applied.events, [Event { r#type: EventType::Delete.into(), kv: Some(kv), prev_kv: None }]);
}

#[test]
fn changes_are_told_again_for_any_run_of_revisions() {
    let mut store = store();
    put(&mut store, "a", "1");
    put(&mut store, "b", "1");
    delete(&mut store, "a");
    let told = |from, to| {
        let events = store.changes(from, to).cloned().collect();
        told(&Applied { revision: 0, events })
    };
    assert_eq!(told(0, 10), "+a +b -a");
    assert_eq!(told(3, 3), "+b");
    assert_eq!(told(5, 9), "");
    assert_eq!(told(4, 2), "");
}

#[test]
fn what_an_event_replaced_is_known_until_that_time_is_compacted() {
    let mut store = store();
    put(&mut store, "a", "1");
    put(&mut store, "a", "2");
    put(&mut store, "b", "1");
    assert_eq!(store.before(b"a", 3).unwrap().value, "1");
    assert_eq!(store.before(b"a", 2), None);
    store.compact(3).unwrap();
    assert_eq!(store.before(b"a", 3), None);
    assert_eq!(store.before(b"a", 4).unwrap().value, "2");
}

#[test]
fn a_lease_knows_the_keys_last_put_with_it() {
    let mut store = store();
    for key in ["b", "a", "c", "d"] {
        put_leased(&mut store, key, 7);
    }
    put(&mut store, "b", "without");
    put_leased(&mut store, "c", 8);
    delete(&mut store, "d");
    assert_eq!(store.lease_keys(7), ["a"]);
    assert_eq!(store.lease_keys(8), ["c"]);
    assert_eq!(store.lease_keys(9), Vec::<Bytes>::new());
}

#[test]
fn the_keys_of_a_lease_go_in_one_revision() {
    let mut store = store();
    for key in ["b", "a", "c"] {
        put_leased(&mut store, key, 7);
    }
    let applied = store.delete_keys(&store.lease_keys(7)).unwrap();
    assert_eq!((applied.revision, told(&applied)), (5, "-a -b -c".to_owned()));
    assert_eq!(store.lease_keys(7), Vec::<Bytes>::new());
    assert_eq!((store.delete_keys(&[]), store.revision()), (None, 5));
}

#[test]
fn a_put_can_keep_the_value_or_the_lease_of_a_key_that_is_there() {
    let mut store = store();
    store.put(&PutRequest { lease: 7, ..request("a", "1") }, &|_| true).unwrap();
    store.put(&PutRequest { ignore_value: true, ..request("a", "") }, &|_| true).unwrap();
    assert_eq!((get(&store, "a").value, get(&store, "a").lease), ("1".into(), 0));
    store.put(&PutRequest { lease: 7, ..request("a", "2") }, &|_| true).unwrap();
    let keeps_lease = PutRequest { ignore_lease: true, prev_kv: true, ..request("a", "3") };
    let (response, _) = store.put(&keeps_lease, &|_| true).unwrap();
    assert_eq!((get(&store, "a").value, get(&store, "a").lease), ("3".into(), 7));
    assert_eq!(response.prev_kv.unwrap().value, "2");
}

#[test]
fn a_put_with_an_unknown_lease_or_of_nothing_to_keep_is_refused_and_is_no_revision() {
    let mut store = store();
    let lost = PutRequest { lease: 7, ignore_value: true, ..request("a", "") };
    assert_eq!(store.put(&lost, &|_| false).unwrap_err(), Refusal::LeaseNotFound);
    assert_eq!(store.put(&lost, &|lease| lease == 7).unwrap_err(), Refusal::KeyNotFound);
    assert_eq!(store.revision(), 1);
}
