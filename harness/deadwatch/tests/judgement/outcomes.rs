//! Each outcome, shown by a history that has it and denied by the nearest one that has not.

use deadwatch::{
    history::{Acceptance, Happening, History, Inconclusive},
    scenario::{Delivery, OnError, PROBE_PREFIX, Producer},
    subject::Returned,
    verdict::{Outcome, Verdict, judge},
};

use crate::sample::{self, Sample};

/// A lone consumer, with both probe and end of its own.
fn lone(timeline: impl FnOnce(Sample) -> Sample, stored: &[&str]) -> History {
    timeline(Sample::with(&[0.0]).calls(0.0, "1"))
        .aftermath(16.0, &["1"])
        .probe_taken(16.1, "1", 1)
        .ends(16.2, stored)
}

fn pair(timeline: impl FnOnce(Sample) -> Sample, stored: &[&str]) -> History {
    timeline(Sample::with(&[0.0, 1.0]).calls(0.0, "1").calls(1.0, "2"))
        .aftermath(16.0, &["1", "2"])
        .probe_taken(16.1, "1", 1)
        .probe_taken(16.1, "2", 2)
        .ends(16.2, stored)
}

fn outcomes(history: &History) -> Vec<Outcome> {
    judge(history).consumers.iter().map(|consumer| consumer.outcome).collect()
}

#[test]
fn a_consumer_that_gets_its_items_or_waits_is_healthy() {
    let history = pair(|sample| sample.enqueued(3.0, "a").gets(3.1, "1", "a"), &[]);
    assert_eq!(outcomes(&history), [Outcome::Healthy; 2]);
    assert_eq!(judge(&history).verdict, Verdict::Survives);
}

#[test]
fn a_dead_process_is_the_crash_of_every_consumer_in_it_started_stopped_or_not() {
    let history = Sample::with(&[0.0, 1.0, 9.0])
        .calls(0.0, "1")
        .calls(1.0, "2")
        .fails(2.0, "2", "watch failed")
        .dies(3.0, "signal 9", "?")
        .aftermath(3.0, &[])
        .ends(3.1, &[]);
    assert_eq!(outcomes(&history), [Outcome::Crash; 3]);
}

#[test]
fn a_crash_in_the_aftermath_counts() {
    let history = Sample::with(&[0.0])
        .calls(0.0, "1")
        .aftermath(16.0, &["1"])
        .dies(16.1, "signal 9", "?")
        .ends(16.2, &[]);
    assert_eq!(outcomes(&history), [Outcome::Crash]);
}

#[test]
fn an_acknowledged_item_that_nobody_got_and_that_is_gone_is_lost_for_every_consumer() {
    let lost = pair(|sample| sample.enqueued(3.0, "a"), &[]);
    assert_eq!(outcomes(&lost), [Outcome::Lost; 2]);
    let stored = pair(|sample| sample.enqueued(3.0, "a"), &["a"]);
    assert_eq!(outcomes(&stored), [Outcome::Healthy; 2]);
}

#[test]
fn an_item_whose_enqueue_ended_in_an_error_or_not_at_all_is_not_lost() {
    let unanswered = lone(|sample| sample.enqueue_began(3.0, "a", "/test"), &[]);
    assert_eq!(outcomes(&unanswered), [Outcome::Healthy]);
    let acceptance = Acceptance::Unknown("request timed out".to_owned());
    let ended = Happening::EnqueueEnded { item: "a".to_owned(), acceptance };
    let unknown = lone(|sample| sample.enqueue_began(3.0, "a", "/test").at(3.1, ended), &[]);
    assert_eq!(outcomes(&unknown), [Outcome::Healthy]);
}

#[test]
fn nothing_is_lost_where_nobody_looked_what_is_stored() {
    let history = Sample::with(&[0.0])
        .calls(0.0, "1")
        .enqueued(3.0, "a")
        .aftermath(16.0, &["1"])
        .probe_taken(16.1, "1", 1)
        .history();
    assert_eq!(outcomes(&history), [Outcome::Healthy]);
}

#[test]
fn a_probe_that_nobody_got_and_that_is_gone_is_lost() {
    let left = |probes: &[&str]| {
        let probes = probes.iter().map(|number| format!("{PROBE_PREFIX}{number}")).collect();
        Sample::with(&[0.0, 1.0])
            .calls(0.0, "1")
            .calls(1.0, "2")
            .aftermath(16.0, &["1", "2"])
            .probe_taken(16.1, "2", 1)
            .bound(19.0)
            .at(19.1, Happening::ProbesStored { probes })
            .ends(19.1, &[])
    };
    assert_eq!(outcomes(&left(&[])), [Outcome::Lost; 2]);
    assert_eq!(outcomes(&left(&["2"])), [Outcome::Healthy; 2]);
}

#[test]
fn an_item_handed_out_twice_is_duplicated_for_those_who_got_it() {
    let two = pair(|sample| sample.enqueued(3.0, "a").gets(3.1, "1", "a").gets(3.2, "2", "a"), &[]);
    assert_eq!(outcomes(&two), [Outcome::Duplicated; 2]);
    let same = pair(|sample| sample.enqueued(3.0, "a").gets(3.1, "1", "a").gets(3.2, "1", "a"), &[]);
    assert_eq!(outcomes(&same), [Outcome::Duplicated, Outcome::Healthy]);
}

#[test]
fn a_probe_handed_out_twice_is_duplicated() {
    let history = Sample::with(&[0.0, 1.0])
        .calls(0.0, "1")
        .calls(1.0, "2")
        .aftermath(16.0, &["1", "2"])
        .probe_taken(16.1, "1", 1)
        .probe_taken(16.1, "2", 1)
        .ends(16.2, &[]);
    assert_eq!(outcomes(&history), [Outcome::Duplicated; 2]);
}

#[test]
fn with_at_least_once_an_item_may_come_again_only_after_its_holder_failed() {
    let again = |failure: &str| {
        let history = |sample: Sample| {
            let sample = sample.scenario(|scenario| scenario.queue.delivery = Delivery::AtLeastOnce);
            let held = sample.enqueued(3.0, "a").gets(3.1, "1", "a");
            let held = if failure.is_empty() { held } else { held.fails(3.2, "1", failure) };
            held.gets(3.3, "2", "a")
        };
        outcomes(&pair(history, &[]))
    };
    assert_eq!(again(""), [Outcome::Duplicated; 2]);
    assert_eq!(again("session lost"), [Outcome::Error, Outcome::Healthy]);
}

#[test]
fn a_lone_consumer_that_gets_two_items_against_their_commit_order_is_reordered() {
    let got = |first: &str, second: &str| {
        let enqueued = |sample: Sample| sample.enqueued(3.0, "a").enqueued(4.0, "b").enqueued(5.0, "c");
        lone(|sample| enqueued(sample).gets(6.0, "1", first).gets(6.1, "1", second).gets(6.2, "1", "c"), &[])
    };
    assert_eq!(outcomes(&got("a", "b")), [Outcome::Healthy]);
    assert_eq!(outcomes(&got("b", "a")), [Outcome::Reordered]);
}

#[test]
fn a_late_item_is_held_against_all_that_came_before_it_and_not_only_the_last() {
    let enqueued = |sample: Sample| sample.enqueued(3.0, "a").enqueued(4.0, "b").enqueued(5.0, "c");
    let history =
        lone(|sample| enqueued(sample).gets(6.0, "1", "c").gets(6.1, "1", "a").gets(6.2, "1", "b"), &[]);
    let judgement = judge(&history);
    assert_eq!(judgement.findings.len(), 2, "both a and b came after c: {:?}", judgement.findings);
}

#[test]
fn an_item_without_a_known_order_does_not_hide_the_one_before_it() {
    // The item w was acknowledged before y was begun; x was under way all the time.
    let history = lone(
        |sample| {
            sample
                .enqueue_began(2.9, "w", "/test")
                .enqueue_began(3.0, "x", "/test")
                .enqueue_ended(3.05, "w")
                .enqueue_began(3.1, "y", "/test")
                .enqueue_ended(3.2, "x")
                .enqueue_ended(3.3, "y")
                .gets(4.0, "1", "y")
                .gets(4.1, "1", "x")
                .gets(4.2, "1", "w")
        },
        &[],
    );
    assert_eq!(outcomes(&history), [Outcome::Reordered]);
}

#[test]
fn items_that_were_enqueued_at_the_same_time_or_by_two_producers_have_no_order() {
    let overlapping = lone(
        |sample| {
            sample
                .enqueue_began(3.0, "a", "/test")
                .enqueue_began(3.1, "b", "/test")
                .enqueue_ended(3.2, "a")
                .enqueue_ended(3.3, "b")
                .gets(4.0, "1", "b")
                .gets(4.1, "1", "a")
        },
        &[],
    );
    assert_eq!(outcomes(&overlapping), [Outcome::Healthy]);
    let two_producers = lone(
        |sample| {
            let enqueued = sample.enqueued(3.0, "a").enqueued(4.0, "b").scenario(|scenario| {
                let deadwatch::scenario::Action::Enqueue(enqueue) = &mut scenario.steps[0].action else {
                    panic!("no item")
                };
                enqueue.by = Producer::Subject;
            });
            enqueued.gets(5.0, "1", "b").gets(5.1, "1", "a")
        },
        &[],
    );
    assert_eq!(outcomes(&two_producers), [Outcome::Healthy]);
}

#[test]
fn among_several_consumers_there_is_no_order() {
    let history = pair(
        |sample| sample.enqueued(3.0, "a").enqueued(4.0, "b").gets(5.0, "1", "b").gets(5.1, "1", "a"),
        &[],
    );
    assert_eq!(outcomes(&history), [Outcome::Healthy; 2]);
}

#[test]
fn a_dequeue_that_is_done_without_an_item_is_a_false_success() {
    let history = lone(|sample| sample.returns(3.0, "1", Returned::Done), &[]);
    assert_eq!(outcomes(&history), [Outcome::FalseSuccess]);
}

#[test]
fn an_item_of_another_queue_is_a_false_success() {
    let from = |prefix: &str| {
        lone(|sample| sample.enqueue_began(3.0, "a", prefix).enqueue_ended(3.1, "a").gets(3.2, "1", "a"), &[])
    };
    assert_eq!(outcomes(&from("/test2")), [Outcome::FalseSuccess]);
    assert_eq!(outcomes(&from("/test")), [Outcome::Healthy]);
}

#[test]
fn an_item_that_nobody_enqueued_or_not_yet_is_a_false_success() {
    let nobodys = lone(|sample| sample.gets(3.0, "1", "a"), &[]);
    assert_eq!(outcomes(&nobodys), [Outcome::FalseSuccess]);
    let too_early = lone(|sample| sample.gets(3.0, "1", "a").enqueued(3.1, "a"), &[]);
    assert_eq!(outcomes(&too_early), [Outcome::FalseSuccess]);
}

#[test]
fn more_than_100_failing_calls_in_a_second_are_a_spin_of_their_consumer() {
    let failing = |failures| {
        let spinning = Happening::CallsSpinning { consumer: "2".to_owned(), failures };
        let retry =
            |sample: Sample| sample.scenario(|scenario| scenario.consumers[1].on_error = OnError::Retry);
        pair(|sample| retry(sample).fails(3.0, "2", "watch failed").at(3.5, spinning), &[])
    };
    assert_eq!(outcomes(&failing(101)), [Outcome::Healthy, Outcome::Spin]);
    assert_eq!(outcomes(&failing(100)), [Outcome::Healthy, Outcome::Error]);
}

#[test]
fn more_than_100_requests_a_second_for_each_waiting_consumer_are_a_spin_of_them_all() {
    let spinning = |requests| Happening::RequestsSpinning {
        client: "shared".to_owned(),
        consumers: vec!["1".to_owned(), "2".to_owned()],
        requests,
    };
    assert_eq!(outcomes(&pair(|sample| sample.at(3.0, spinning(201)), &[])), [Outcome::Spin; 2]);
    assert_eq!(outcomes(&pair(|sample| sample.at(3.0, spinning(200)), &[])), [Outcome::Healthy; 2]);
}

#[test]
fn a_call_that_returns_an_error_is_an_error_also_in_the_aftermath() {
    let timeline = Sample::with(&[0.0]).calls(0.0, "1").fails(3.0, "1", "watch failed");
    assert_eq!(outcomes(&timeline.aftermath(16.0, &[]).ends(16.1, &[])), [Outcome::Error]);
    let aftermath = Sample::with(&[0.0]).calls(0.0, "1").aftermath(16.0, &["1"]);
    assert_eq!(outcomes(&aftermath.fails(16.1, "1", "watch failed").ends(16.2, &[])), [Outcome::Error]);
}

#[test]
fn the_worst_that_is_found_of_a_consumer_is_its_outcome() {
    let both = |sample: Sample| {
        let twice = sample.enqueued(3.0, "a").gets(3.1, "1", "a").gets(3.2, "1", "a");
        twice.enqueued(4.0, "b").fails(4.1, "1", "watch failed")
    };
    assert_eq!(outcomes(&lone(both, &["b"])), [Outcome::Duplicated]);
    assert_eq!(outcomes(&lone(both, &[])), [Outcome::Lost]);
}

#[test]
fn what_the_stage_calls_inconclusive_has_neither_outcome_nor_aftermath() {
    let why = Inconclusive::Late("step 2 was issued 312 ms late".to_owned());
    let judgement = judge(&sample::story_begins("naive").inconclusive(7.3, why.clone()).history());
    assert_eq!((judgement.outcome, judgement.aftermath), (None, None));
    assert_eq!((judgement.verdict, judgement.inconclusive), (Verdict::Inconclusive, Some(why)));
}

#[test]
fn a_history_without_pre_flight_or_control_proves_nothing() {
    let verdict = |keep: fn(&Happening) -> bool| {
        let mut history = sample::story_resilient();
        history.events.retain(|event| keep(&event.what));
        judge(&history).verdict
    };
    assert_eq!(verdict(|_| true), Verdict::Survives);
    assert_eq!(verdict(|what| *what != Happening::PreflightPassed), Verdict::Inconclusive);
    assert_eq!(verdict(|what| *what != Happening::ControlServed), Verdict::Inconclusive);
}
