use std::{collections::BTreeSet, time::Duration};

use super::{Bench, given_at, revisions};
use crate::{member::Settings, proto::WatchCreateRequest, time::Seed};

#[test]
fn a_watch_of_the_future_hears_of_each_revision_by_itself() {
    let mut bench = Bench::of("3.5.5");
    assert!(bench.create("a", 0)[0].created);
    bench.put("a");
    bench.put("b");
    bench.put("a");
    let answers = bench.answers();
    assert_eq!(answers.iter().map(revisions).collect::<Vec<_>>(), [[2], [4]]);
    assert_eq!(answers.iter().map(given_at).collect::<Vec<_>>(), [2, 4]);
    assert_eq!(bench.member.due(), None, "nobody has to wake up for a watch that is up to date");
}

#[test]
fn a_watch_of_the_past_is_created_at_once_and_caught_up_by_the_next_round() {
    let mut bench = Bench::of("3.5.5");
    for _ in 0..3 {
        bench.put("a");
    }
    let created = bench.create("a", 3);
    assert!(created.len() == 1 && created[0].created && created[0].events.is_empty());
    bench.put("a");
    assert!(bench.answers().is_empty(), "what comes before its past was told to it waits too");
    assert!(bench.wait() <= Duration::from_millis(100));
    let answers = bench.answers();
    assert_eq!(answers.iter().map(revisions).collect::<Vec<_>>(), [[3, 4, 5]]);
    assert_eq!(given_at(&answers[0]), 5);
    bench.put("a");
    assert_eq!(revisions(&bench.answers()[0]), [6]);
    assert_eq!(bench.member.due(), None);
}

#[test]
fn a_long_past_comes_a_thousand_revisions_at_a_time_and_a_round_apart() {
    let mut bench = Bench::of("3.5.5");
    for _ in 0..2_500 {
        bench.put("a");
    }
    bench.create("a", 2);
    let mut seen = Vec::new();
    for _ in 0..3 {
        bench.wait();
        let answers = bench.answers();
        assert_eq!(answers.len(), 1);
        assert_eq!(given_at(&answers[0]), 2_501);
        seen.push(answers[0].events.len());
        seen.extend(bench.member.due().map(|due| (due - bench.now).as_millis() as usize));
    }
    assert_eq!(seen, [1_000, 100, 1_000, 100, 500]);
}

#[test]
fn a_watch_whose_past_is_compacted_away_is_created_and_then_cancelled_without_a_reason() {
    let mut bench = Bench::of("3.5.5");
    for _ in 0..4 {
        bench.put("a");
    }
    bench.compact(4);
    assert!(!bench.create("a", 3)[0].canceled);
    bench.create("a", 4);
    assert!(bench.wait() <= Duration::from_millis(100));
    let mut answers = bench.answers();
    answers.sort_by_key(|answer| answer.watch_id);
    let cancelled = &answers[0];
    assert!(cancelled.canceled && !cancelled.created && cancelled.cancel_reason.is_empty());
    assert_eq!((cancelled.watch_id, cancelled.compact_revision, given_at(cancelled)), (0, 4, 0));
    assert_eq!(revisions(&answers[1]), [4, 5]);
    bench.put("a");
    assert_eq!(bench.answers().len(), 1, "the cancelled one hears no more");
    assert!(bench.cancel(0)[0].canceled, "it can still be cancelled");
    assert!(bench.cancel(0).is_empty());
}

#[test]
fn a_compaction_between_the_request_and_the_round_cancels_the_watch() {
    let mut bench = Bench::of("3.5.5");
    bench.put("a");
    bench.put("a");
    bench.create("a", 2);
    bench.compact(3);
    bench.wait();
    assert_eq!(bench.answers()[0].compact_revision, 3);
}

#[test]
fn the_seed_says_which_of_several_watches_hears_first() {
    let order = |seed| {
        let mut bench = Bench::with(Settings::of("3.5.5".parse().unwrap()).seeded(Seed(seed)));
        for _ in 0..3 {
            bench.create("a", 0);
        }
        bench.put("a");
        bench.answers().iter().map(|answer| answer.watch_id).collect::<Vec<_>>()
    };
    assert_eq!(order(3), order(3));
    let orders: BTreeSet<_> = (0..100).map(order).collect();
    assert_eq!(orders.len(), 6);
}

#[test]
fn a_watch_that_allows_it_is_told_in_parts() {
    let mut bench = Bench::of("3.5.5");
    // Two of these are more than the 2 MiB that a message may have.
    let key: &'static str = "k".repeat(1_100 * 1024).leak();
    for _ in 0..3 {
        bench.put(key);
    }
    let create = WatchCreateRequest {
        key: "k".into(),
        range_end: "l".into(),
        start_revision: 2,
        ..WatchCreateRequest::default()
    };
    bench.ask(WatchCreateRequest { fragment: true, ..create.clone() });
    bench.wait();
    let flags: Vec<_> = bench.answers().iter().map(|answer| answer.fragment).collect();
    assert_eq!(flags, [true, true, false]);
    bench.ask(create);
    bench.wait();
    assert_eq!(bench.answers().iter().map(|answer| answer.events.len()).collect::<Vec<_>>(), [3]);
}

#[test]
fn a_watch_from_revision_minus_1_spoils_its_round_for_the_others() {
    let mut bench = Bench::of("3.5.5");
    bench.put("a");
    bench.create("a", 2);
    bench.create("a", -1);
    bench.wait();
    assert!(bench.answers().is_empty(), "what the first one missed is lost to it");
    bench.put("a");
    assert_eq!(bench.answers().iter().map(revisions).collect::<Vec<_>>(), [[3], [3]]);
}
