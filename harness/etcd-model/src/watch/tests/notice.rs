use std::time::Duration;

use super::{Bench, given_at, revisions};
use crate::proto::WatchCreateRequest;

fn told_of_progress(key: &'static str) -> WatchCreateRequest {
    WatchCreateRequest { key: key.into(), progress_notify: true, ..WatchCreateRequest::default() }
}

#[test]
fn a_watch_that_asked_for_it_is_told_how_far_it_is_every_ten_minutes_or_a_little_more() {
    let mut bench = Bench::of("3.5.5");
    bench.create("a", 0);
    bench.ask(told_of_progress("b"));
    bench.put("c");
    let first = bench.wait();
    assert!((Duration::from_secs(600)..Duration::from_secs(660)).contains(&first), "{first:?}");
    let answers = bench.answers();
    assert_eq!(answers.len(), 1);
    assert_eq!((answers[0].watch_id, given_at(&answers[0])), (1, 2));
    assert!(answers[0].events.is_empty());
    assert_eq!(bench.wait(), first, "one stream's notices keep their distance");
    assert_eq!(bench.answers().len(), 1);
}

#[test]
fn a_notice_is_left_out_once_after_an_event() {
    let mut bench = Bench::of("3.5.5");
    bench.ask(told_of_progress("a"));
    bench.put("a");
    assert_eq!(revisions(&bench.answers()[0]), [2]);
    bench.wait();
    assert!(bench.answers().is_empty());
    bench.wait();
    assert_eq!(given_at(&bench.answers()[0]), 2);
}

#[test]
fn nobody_wakes_up_for_notices_that_nobody_asked_for() {
    let mut bench = Bench::of("3.5.5");
    bench.create("a", 0);
    assert_eq!(bench.member.due(), None);
    bench.ask(told_of_progress("a"));
    assert!(bench.member.due().is_some());
    bench.cancel(1);
    bench.wait();
    assert_eq!(bench.member.due(), None);
}

#[test]
fn a_request_for_progress_is_answered_for_the_stream_as_a_whole() {
    let mut bench = Bench::of("3.5.16");
    assert!(bench.progress().is_empty(), "a stream without watches has none");
    bench.create("a", 0);
    bench.put("b");
    let answers = bench.progress();
    assert_eq!(answers.len(), 1);
    assert_eq!((answers[0].watch_id, given_at(&answers[0])), (-1, 2));
    assert!(!answers[0].created && !answers[0].canceled);
}

#[test]
fn whether_a_stream_that_lies_behind_is_told_of_progress_depends_on_the_release() {
    let progress = |release| {
        let mut bench = Bench::of(release);
        bench.put("a");
        bench.create("b", 0);
        bench.create("a", 2);
        let asked = bench.progress().len();
        bench.wait();
        let answers = bench.answers();
        (asked, answers.iter().map(|answer| answer.watch_id).collect::<Vec<_>>())
    };
    assert_eq!(progress("3.5.5"), (1, vec![1]), "at once, though it is not true");
    assert_eq!(progress("3.5.8"), (0, vec![1, -1]), "as soon as it is");
    assert_eq!(progress("3.5.13"), (0, vec![1]), "not at all");
}

#[test]
fn whether_a_watch_of_the_future_is_told_of_progress_depends_on_the_release() {
    let progress = |release| {
        let mut bench = Bench::of(release);
        bench.create("a", 3);
        bench.put("b");
        let early = bench.progress().len();
        bench.put("b");
        (early, bench.progress().len())
    };
    assert_eq!(progress("3.5.21"), (1, 1));
    assert_eq!(progress("3.5.22"), (0, 1));
}
