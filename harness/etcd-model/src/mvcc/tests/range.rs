//! Ranges: which keys, in which order, how many.

use super::*;
use crate::proto::range_request::{SortOrder, SortTarget};

/// c at 2 and 6 (version 2), a at 3, d at 4, b at 5; values against the order of the keys.
fn shelf(release: Release) -> Store {
    let mut store = Store::new(release);
    for (key, value) in [("c", "w"), ("a", "z"), ("d", "v"), ("b", "y"), ("c", "x")] {
        put(&mut store, key, value);
    }
    store
}

fn sorted(order: SortOrder, target: SortTarget) -> RangeRequest {
    RangeRequest { sort_order: order.into(), sort_target: target.into(), ..from("a") }
}

#[test]
fn a_range_is_a_key_or_up_to_an_end_or_everything_from_a_key_on() {
    let store = shelf(OLD);
    let range = |key: &str, end: &str| {
        let request = RangeRequest { range_end: end.to_owned().into(), ..from(key) };
        keys(&store, &request).unwrap()
    };
    assert_eq!(range("b", ""), "b");
    assert_eq!(range("bb", ""), "");
    assert_eq!(range("b", "d"), "b c");
    assert_eq!(range("b", "\0"), "b c d");
    assert_eq!(range("\0", "\0"), "a b c d");
    assert_eq!(range("c", "b"), "");
    assert_eq!(range("c", "c"), "");
}

#[test]
fn every_order_and_target() {
    let store = shelf(OLD);
    let by = |order, target| keys(&store, &sorted(order, target)).unwrap();
    assert_eq!(by(SortOrder::None, SortTarget::Key), "a b c d");
    assert_eq!(by(SortOrder::Ascend, SortTarget::Key), "a b c d");
    assert_eq!(by(SortOrder::Descend, SortTarget::Key), "d c b a");
    assert_eq!(by(SortOrder::Ascend, SortTarget::Version), "a b d c");
    assert_eq!(by(SortOrder::Descend, SortTarget::Version), "c a b d");
    assert_eq!(by(SortOrder::Ascend, SortTarget::Create), "c a d b");
    assert_eq!(by(SortOrder::Descend, SortTarget::Create), "b d a c");
    assert_eq!(by(SortOrder::Ascend, SortTarget::Mod), "a d b c");
    assert_eq!(by(SortOrder::Descend, SortTarget::Mod), "c b d a");
    assert_eq!(by(SortOrder::Ascend, SortTarget::Value), "d c b a");
    assert_eq!(by(SortOrder::Descend, SortTarget::Value), "a b c d");
    assert_eq!(by(SortOrder::None, SortTarget::Mod), "a d b c");
}

#[test]
fn a_limit_leaves_the_count_and_says_that_there_is_more() {
    let store = shelf(OLD);
    let told = |limit, order, target| {
        let response = store.range(&RangeRequest { limit, ..sorted(order, target) }).unwrap();
        (response.kvs.len(), response.more, response.count)
    };
    for (order, target) in [(SortOrder::None, SortTarget::Key), (SortOrder::Ascend, SortTarget::Mod)] {
        assert_eq!(told(3, order, target), (3, true, 4));
        assert_eq!(told(4, order, target), (4, false, 4));
        assert_eq!(told(0, order, target), (4, false, 4));
        assert_eq!(told(-1, order, target), (4, false, 4));
        assert_eq!(told(i64::MAX, order, target), (4, false, 4));
    }
}

#[test]
fn with_an_order_a_limit_takes_the_first_of_all() {
    let store = shelf(OLD);
    for order in [SortOrder::Ascend, SortOrder::Descend] {
        for target in
            [SortTarget::Key, SortTarget::Version, SortTarget::Create, SortTarget::Mod, SortTarget::Value]
        {
            let all = store.range(&sorted(order, target)).unwrap().kvs;
            for limit in [1, 2, 3] {
                let first = store.range(&RangeRequest { limit, ..sorted(order, target) }).unwrap().kvs;
                assert_eq!(first, all[..usize::try_from(limit).unwrap()], "{order:?} {target:?} {limit}");
            }
        }
    }
}

#[test]
fn the_longest_untouched_come_first_by_age_and_by_key_within_one_revision() {
    let mut store = shelf(OLD);
    let write = |store: &mut Store| {
        let mut write = super::super::Write::of(store);
        for key in ["g", "e", "f"] {
            write.put(&key.into(), &"".into(), 0);
        }
        write.finish();
    };
    write(&mut store);
    let oldest = |limit| {
        let request = RangeRequest { limit, ..sorted(SortOrder::Ascend, SortTarget::Mod) };
        keys(&store, &request).unwrap()
    };
    assert_eq!(oldest(1), "a");
    assert_eq!(oldest(5), "a d b c e");
    assert_eq!(oldest(6), "a d b c e f");
    assert_eq!(oldest(0), "a d b c e f g");
}

/// etcd reads up to the limit and one more by key, and only then sorts.
#[test]
fn a_limit_without_an_order_cuts_before_it_sorts() {
    let store = shelf(OLD);
    let request = RangeRequest { limit: 2, ..sorted(SortOrder::None, SortTarget::Create) };
    assert_eq!(keys(&store, &request), Ok("c a".to_owned()));
    let request = RangeRequest { limit: 1, ..sorted(SortOrder::None, SortTarget::Create) };
    assert_eq!(keys(&store, &request), Ok("a".to_owned()));
    let request = RangeRequest { limit: 1, ..sorted(SortOrder::Ascend, SortTarget::Create) };
    assert_eq!(keys(&store, &request), Ok("c".to_owned()));
}

#[test]
fn filters_come_after_the_count_and_before_the_limit() {
    let store = shelf(OLD);
    let told = |request: RangeRequest| {
        let response = store.range(&request).unwrap();
        (keys(&store, &request).unwrap(), response.more, response.count)
    };
    let newer = RangeRequest { min_mod_revision: 4, ..from("a") };
    assert_eq!(told(newer.clone()), ("b c d".to_owned(), false, 4));
    assert_eq!(told(RangeRequest { limit: 2, ..newer.clone() }), ("b c".to_owned(), true, 4));
    assert_eq!(told(RangeRequest { limit: 3, ..newer }), ("b c d".to_owned(), false, 4));
    assert_eq!(told(RangeRequest { max_mod_revision: 4, ..from("a") }).0, "a d");
    assert_eq!(told(RangeRequest { min_create_revision: 3, ..from("a") }).0, "a b d");
    assert_eq!(told(RangeRequest { max_create_revision: 3, ..from("a") }).0, "a c");
}

#[test]
fn a_count_has_no_keys_and_no_more_and_heeds_no_filter() {
    let store = shelf(OLD);
    let request = RangeRequest { count_only: true, limit: 1, min_mod_revision: 4, ..from("b") };
    let response = store.range(&request).unwrap();
    assert_eq!((response.kvs.len(), response.more, response.count), (0, false, 3));
}

#[test]
fn the_past_is_read_as_it_was_under_a_header_of_now() {
    let store = shelf(OLD);
    let request = RangeRequest { revision: 4, limit: 2, ..from("a") };
    let response = store.range(&request).unwrap();
    assert_eq!(keys(&store, &request), Ok("a c".to_owned()));
    assert_eq!(response.kvs[1].value, "w");
    assert_eq!((response.more, response.count, response.header.unwrap().revision), (true, 3, 6));
    let future = RangeRequest { revision: 7, ..from("a") };
    assert_eq!(keys(&store, &future), Err(Refusal::FutureRevision));
}

#[test]
fn keys_only_clears_the_values_and_in_new_releases_the_leases() {
    let told = |release, sort_target: SortTarget| {
        let mut store = Store::new(release);
        store.put(&PutRequest { lease: 7, ..request("a", "1") }, &|_| true).unwrap();
        let request = RangeRequest { keys_only: true, sort_target: sort_target.into(), ..from("a") };
        let kv = store.range(&request).unwrap().kvs[0].clone();
        assert_eq!((kv.version, kv.mod_revision, kv.create_revision), (1, 2, 2));
        (kv.value.is_empty(), kv.lease)
    };
    assert_eq!(told(OLD, SortTarget::Key), (true, 7));
    assert_eq!(told(NEW, SortTarget::Key), (true, 0));
    assert_eq!(told(NEW, SortTarget::Value), (true, 7));
}

#[test]
fn a_stream_has_its_header_and_count_in_the_last_message() {
    let mut store = Store::new(NEW);
    for number in 0..100 {
        put(&mut store, &format!("k/{number:02}"), "v");
    }
    let parts = |limit: i64| {
        let request = RangeRequest { limit, ..from("k") };
        let messages = store.range_stream(request, 1_000_000).unwrap();
        let (last, others) = messages.split_last().unwrap();
        assert!(others.iter().all(|message| message.header.is_none() && message.count == 0 && !message.more));
        assert_eq!(last.header.unwrap().revision, 101);
        (messages.iter().map(|message| message.kvs.len()).collect::<Vec<_>>(), last.count, last.more)
    };
    assert_eq!(parts(0), (vec![10, 20, 40, 30], 100, false));
    assert_eq!(parts(10), (vec![10], 100, true));
    assert_eq!(parts(35), (vec![10, 20, 5], 100, true));
    assert_eq!(parts(100), (vec![10, 20, 40, 30], 100, false));
}
