//! What a consumer's calls came to, and what was handed out in all.

use deadwatch::{
    history::History,
    subject::Returned,
    verdict::{HandedOut, judge},
};

use crate::sample::{self, Sample};

fn results(history: &History, consumer: usize) -> Vec<String> {
    judge(history).consumers[consumer].results.iter().map(ToString::to_string).collect()
}

#[test]
fn results_are_distinct_texts_without_what_varies() {
    let history = Sample::with(&[0.0])
        .calls(0.0, "1")
        .enqueued(1.0, "a")
        .gets(1.1, "1", "a")
        .returns(2.0, "1", Returned::Done)
        .fails(3.0, "1", "dial tcp 127.0.0.1:4001: refused")
        .fails(4.0, "1", "dial tcp 127.0.0.1:4002: refused")
        .history();
    let expected = ["item a", "done, without an item", "error: dial tcp <address>: refused"];
    assert_eq!(results(&history, 0), expected);
}

#[test]
fn the_call_that_was_open_when_the_process_died_came_to_that_death() {
    let died = ["died: invalid memory address or nil pointer dereference at queue.go:70"];
    assert_eq!(results(&sample::story_original(), 0), died);
    assert_eq!(results(&sample::story_original(), 1), died);
    let moving = ["died: index out of bounds: the len is <n> but the index is <n> at naive.rs"];
    let place = |place: &str| {
        Sample::with(&[0.0])
            .calls(0.0, "1")
            .dies(3.0, "index out of bounds: the len is 0 but the index is 0", place)
            .history()
    };
    assert_eq!(results(&place("/home/me/deadwatch/src/subject/naive.rs:70:13"), 0), moving);
    let pinned = results(&place("/root/go/pkg/mod/recipes/queue.go:70"), 0);
    assert!(pinned[0].ends_with(" at queue.go:70"), "{pinned:?}");
}

#[test]
fn who_had_no_call_open_at_the_death_has_no_result_of_it() {
    let history = Sample::with(&[0.0, 1.0, 9.0])
        .calls(0.0, "1")
        .calls(1.0, "2")
        .fails(2.0, "2", "watch failed")
        .dies(3.0, "signal 9", "?")
        .history();
    assert_eq!(results(&history, 1), ["error: watch failed"]);
    assert_eq!(results(&history, 2), [""; 0]);
}

#[test]
fn probes_are_neither_results_nor_handed_out() {
    let history = sample::story_resilient();
    assert_eq!(results(&history, 0), [""; 0]);
    assert!(judge(&history).handed_out.is_empty());
}

#[test]
fn an_item_that_another_consumer_might_have_got_is_nobodys_result() {
    // Consumer 2 starts at 7 s, and stops at 9 s.
    let got_at = |at: f64| {
        let sample = Sample::with(&[0.0, 7.0]).calls(0.0, "1").calls(7.0, "2");
        let enqueue_and_get = |sample: Sample| sample.enqueued(at, "a").gets(at + 0.05, "1", "a");
        let history = if at < 9.0 {
            enqueue_and_get(sample).fails(9.0, "2", "watch failed").history()
        } else {
            enqueue_and_get(sample.fails(9.0, "2", "watch failed")).history()
        };
        assert_eq!(judge(&history).handed_out.items(), ["a"]);
        results(&history, 0)
    };
    assert_eq!(got_at(6.0), ["item a"]);
    assert_eq!(got_at(6.5), [""; 0], "consumer 2 may be a little early or late");
    assert_eq!(got_at(8.0), [""; 0]);
    assert_eq!(got_at(9.5), [""; 0]);
    assert_eq!(got_at(10.0), ["item a"]);
}

#[test]
fn a_lone_consumers_items_are_a_sequence_and_several_consumers_items_a_set_in_natural_order() {
    let items = |sample: Sample| {
        let enqueued = sample.enqueued(1.0, "a.2").enqueued(1.0, "a.10").enqueued(1.0, "a.1");
        enqueued.gets(2.0, "1", "a.10").gets(2.0, "1", "a.2").gets(2.0, "1", "a.1").history()
    };
    let lone = judge(&items(Sample::with(&[0.0]).calls(0.0, "1"))).handed_out;
    assert!(matches!(lone, HandedOut::Sequence(_)));
    assert_eq!(lone.items(), ["a.10", "a.2", "a.1"]);
    let pair = judge(&items(Sample::with(&[0.0, 0.0]).calls(0.0, "1"))).handed_out;
    assert!(matches!(pair, HandedOut::Set(_)));
    assert_eq!(pair.items(), ["a.1", "a.2", "a.10"]);
}
