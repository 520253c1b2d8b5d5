//! Operations of which nobody knows whether they were done: what each checker makes of them. And the order of several
//! producers, which is nobody's promise.

use deadwatch::{
    history::{Acceptance, Happening, History, ServerState},
    scenario::{Action, BlackHole, Delivery, Enqueue, OnError, Producer, Reach},
    verdict::{Outcome, judge},
};

use crate::sample::Sample;

fn lone(timeline: impl FnOnce(Sample) -> Sample, stored: &[&str]) -> History {
    timeline(Sample::with(&[0.0]).calls(0.0, "1"))
        .aftermath(16.0, &["1"])
        .probe_taken(16.1, "1", 1)
        .ends(16.2, stored)
}

fn outcomes(history: &History) -> Vec<Outcome> {
    judge(history).consumers.iter().map(|consumer| consumer.outcome).collect()
}

fn unknown(item: &str) -> Happening {
    let acceptance = Acceptance::Unknown("the connection was reset".to_owned());
    Happening::EnqueueEnded { item: item.to_owned(), acceptance }
}

#[test]
fn an_enqueue_that_is_made_again_and_acknowledged_then_promises_its_item() {
    let again = |sample: Sample| {
        sample.enqueue_began(3.0, "a", "/test").at(3.1, unknown("a")).enqueue_ended(3.3, "a")
    };
    assert_eq!(outcomes(&lone(again, &[])), [Outcome::Lost]);
    assert_eq!(outcomes(&lone(again, &["a"])), [Outcome::Healthy]);
}

#[test]
fn an_item_whose_enqueue_ended_in_an_error_may_be_handed_out_once_and_not_twice() {
    let once =
        |sample: Sample| sample.enqueue_began(3.0, "a", "/test").at(3.1, unknown("a")).gets(3.2, "1", "a");
    assert_eq!(outcomes(&lone(once, &[])), [Outcome::Healthy]);
    let twice = |sample: Sample| once(sample).gets(3.4, "1", "a");
    assert_eq!(outcomes(&lone(twice, &[])), [Outcome::Duplicated]);
}

#[test]
fn an_item_that_a_dequeue_took_and_answered_with_an_error_is_lost() {
    let failed = |sample: Sample| {
        let sample = sample.scenario(|scenario| scenario.consumers[0].on_error = OnError::Retry);
        sample.enqueued(3.0, "a").fails(3.1, "1", "the connection was reset").calls(3.1, "1")
    };
    assert_eq!(outcomes(&lone(failed, &[])), [Outcome::Lost]);
    assert_eq!(outcomes(&lone(failed, &["a"])), [Outcome::Error], "it is still there");
    let taken_then = |sample: Sample| failed(sample).gets(3.2, "1", "a");
    assert_eq!(outcomes(&lone(taken_then, &[])), [Outcome::Error], "it was not taken: no duplicate");
}

#[test]
fn an_item_that_an_open_call_took_is_lost_when_all_is_over() {
    let open = Sample::with(&[0.0])
        .calls(0.0, "1")
        .enqueued(3.0, "a")
        .aftermath(16.0, &["1"])
        .bound(19.0)
        .ends(19.1, &[]);
    assert_eq!(outcomes(&open), [Outcome::Lost]);
}

#[test]
fn an_error_of_a_producer_is_no_consumers_outcome() {
    let failed = lone(|sample| sample.enqueue_began(3.0, "a", "/test").at(3.1, unknown("a")), &[]);
    assert_eq!(outcomes(&failed), [Outcome::Healthy]);
}

#[test]
fn items_whose_enqueues_ended_in_errors_have_no_order() {
    let order = |first_ended: Happening| {
        let timeline = |sample: Sample| {
            sample
                .enqueue_began(3.0, "a", "/test")
                .at(3.1, first_ended)
                .enqueued(4.0, "b")
                .gets(5.0, "1", "b")
                .gets(5.1, "1", "a")
        };
        outcomes(&lone(timeline, &[]))
    };
    let acknowledged = Happening::EnqueueEnded { item: "a".to_owned(), acceptance: Acceptance::Acknowledged };
    assert_eq!(order(acknowledged), [Outcome::Reordered]);
    assert_eq!(order(unknown("a")), [Outcome::Healthy]);
}

/// One step has these items written by so many producers; each item is acknowledged before the next is begun.
fn dealt(sample: Sample, items: &[&str], producers: usize) -> Sample {
    let began = sample.clone().history().scenario.steps.len();
    let mut sample = sample;
    for (index, item) in items.iter().enumerate() {
        #[allow(clippy::cast_precision_loss)]
        let at = 3.0 + index as f64 * 0.1;
        sample = sample
            .at(at, Happening::EnqueueBegan { item: (*item).to_owned(), prefix: "/test".to_owned() })
            .enqueue_ended(at + 0.01, item);
    }
    let enqueue = Enqueue {
        values: items.iter().map(|item| (*item).to_owned()).collect(),
        prefix: "/test".to_owned(),
        by: Producer::Harness,
        bytes: 0,
        producers,
        on_error: OnError::Stop,
    };
    let step = deadwatch::scenario::Step::new(std::time::Duration::from_secs(3), Action::Enqueue(enqueue));
    sample.scenario(|scenario| scenario.steps.insert(began, step))
}

#[test]
fn each_of_several_producers_has_an_order_of_its_own_and_none_with_the_others() {
    // Dealt out in turn: a.1 and a.3 are of one producer, a.2 and a.4 of the other.
    let items = ["a.1", "a.2", "a.3", "a.4"];
    let got = |producers: usize, order: [&str; 4]| {
        let timeline = |sample: Sample| {
            let sample = dealt(sample, &items, producers);
            order
                .iter()
                .zip([5.0, 5.1, 5.2, 5.3])
                .fold(sample, |sample, (item, at)| sample.gets(at, "1", item))
        };
        outcomes(&lone(timeline, &[]))
    };
    let across = ["a.2", "a.1", "a.4", "a.3"];
    assert_eq!(got(2, across), [Outcome::Healthy]);
    assert_eq!(got(1, across), [Outcome::Reordered]);
    let within = ["a.3", "a.1", "a.2", "a.4"];
    assert_eq!(got(2, within), [Outcome::Reordered]);
}

#[test]
fn an_item_that_comes_again_after_its_holder_failed_is_not_out_of_order() {
    let history = lone(
        |sample| {
            sample
                .scenario(|scenario| {
                    scenario.queue.delivery = Delivery::AtLeastOnce;
                    scenario.consumers[0].on_error = OnError::Retry;
                })
                .enqueued(3.0, "a")
                .enqueued(3.1, "b")
                .gets(4.0, "1", "a")
                .fails(4.1, "1", "the session has ended")
                .gets(4.2, "1", "b")
                .gets(4.3, "1", "a")
        },
        &[],
    );
    assert_eq!(outcomes(&history), [Outcome::Error]);
}

/// With at-least-once, consumer 1 gets an item, this happens, and consumer 2 gets it too.
fn again_after(between: impl FnOnce(Sample) -> Sample) -> Vec<Outcome> {
    let sample = Sample::with(&[0.0, 0.0])
        .scenario(|scenario| {
            scenario.queue.delivery = Delivery::AtLeastOnce;
            scenario.consumers[0].client = "holder".to_owned();
        })
        .calls(0.0, "1")
        .calls(0.0, "2")
        .enqueued(3.0, "a")
        .gets(3.1, "1", "a");
    let history = between(sample)
        .gets(9.0, "2", "a")
        .aftermath(16.0, &["1", "2"])
        .probe_taken(16.1, "1", 1)
        .probe_taken(16.1, "2", 2)
        .ends(16.2, &[]);
    outcomes(&history)
}

#[test]
fn with_at_least_once_whose_session_may_have_ended_is_no_holder_any_more() {
    let of = |client: &str| client.to_owned();
    assert_eq!(again_after(|sample| sample), [Outcome::Duplicated; 2]);
    for client in ["holder", "shared"] {
        let expected = if client == "holder" { Outcome::Healthy } else { Outcome::Duplicated };
        let closed = again_after(|sample| sample.at(4.0, Happening::Closed { client: of(client) }));
        assert_eq!(closed, [expected; 2], "{client} closed");
        let cut_off = again_after(|sample| sample.at(4.0, Happening::Disconnected { client: of(client) }));
        assert_eq!(cut_off, [expected; 2], "{client} cut off");
        let hole = BlackHole { reach: Reach::Client(of(client)), length: std::time::Duration::from_secs(6) };
        let silent = again_after(|sample| sample.step(4.0, Action::BlackHole(hole)));
        assert_eq!(silent, [expected; 2], "{client} in a black hole");
    }
    let paused = |state| again_after(|sample| sample.at(4.0, Happening::Server { state }));
    assert_eq!(paused(ServerState::Paused), [Outcome::Healthy; 2]);
    assert_eq!(paused(ServerState::Down), [Outcome::Healthy; 2]);
}

#[test]
fn with_at_least_once_failures_that_are_only_counted_are_failures() {
    let omitted = |consumer: &str| {
        let what = Happening::FailuresOmitted { consumer: consumer.to_owned(), count: 3 };
        again_after(|sample| sample.at(4.0, what))
    };
    assert_eq!(omitted("1"), [Outcome::Healthy; 2]);
    assert_eq!(omitted("2"), [Outcome::Duplicated; 2]);
}
