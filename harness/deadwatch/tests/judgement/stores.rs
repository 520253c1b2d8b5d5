//! Stores that are wiped or restored: what is excused, and what is not.

use std::time::Duration;

use deadwatch::{
    history::{Acceptance, Happening, History, ServerState},
    scenario::{Action, Data, Delivery, Ending, Restart},
    verdict::{Outcome, judge},
};

use crate::sample::Sample;

fn lone(timeline: impl FnOnce(Sample) -> Sample, stored: &[&str]) -> History {
    timeline(Sample::with(&[0.0]).calls(0.0, "1"))
        .aftermath(16.0, &["1"])
        .probe_taken(16.1, "1", 1)
        .ends(16.2, stored)
}

fn outcome(history: &History) -> Outcome {
    judge(history).consumers[0].outcome
}

fn saved(sample: Sample, at: f64) -> Sample {
    sample.at(at, Happening::SaveBegan).step(at + 0.1, Action::Save)
}

/// The server is down for a second from here on.
fn back(sample: Sample, at: f64, data: Data) -> Sample {
    let restart = Restart { ending: Ending::Kill, down: Duration::from_secs(1), data };
    sample
        .at(at, Happening::Server { state: ServerState::Down })
        .at(at + 1.0, Happening::Server { state: ServerState::Up })
        .step(at + 1.0, Action::Restart(restart))
}

fn unknown(item: &str) -> Happening {
    let acceptance = Acceptance::Unknown("the connection was reset".to_owned());
    Happening::EnqueueEnded { item: item.to_owned(), acceptance }
}

#[test]
fn what_went_with_a_wiped_store_is_not_lost_and_what_came_after_is() {
    let before = |data| move |sample: Sample| back(sample.enqueued(1.0, "a"), 3.0, data);
    assert_eq!(outcome(&lone(before(Data::Wiped), &[])), Outcome::Healthy);
    assert_eq!(outcome(&lone(before(Data::Kept), &[])), Outcome::Lost, "an honest restart excuses nobody");
    let after = |sample: Sample| back(sample, 3.0, Data::Wiped).enqueued(5.0, "a");
    assert_eq!(outcome(&lone(after, &[])), Outcome::Lost);
    assert_eq!(outcome(&lone(after, &["a"])), Outcome::Healthy);
}

#[test]
fn a_write_that_was_under_way_when_the_store_was_wiped_may_have_gone_with_it() {
    let under_way = |sample: Sample| {
        back(sample.enqueue_began(2.9, "a", "/test"), 3.0, Data::Wiped).enqueue_ended(4.5, "a")
    };
    assert_eq!(outcome(&lone(under_way, &[])), Outcome::Healthy);
}

#[test]
fn what_a_restored_store_has_is_owed_and_what_it_lacks_is_not() {
    let in_the_copy = |sample: Sample| back(saved(sample.enqueued(1.0, "a"), 2.0), 3.0, Data::Saved);
    assert_eq!(outcome(&lone(in_the_copy, &[])), Outcome::Lost);
    assert_eq!(outcome(&lone(in_the_copy, &["a"])), Outcome::Healthy);
    let after_the_copy = |sample: Sample| back(saved(sample, 1.0).enqueued(2.0, "a"), 3.0, Data::Saved);
    assert_eq!(outcome(&lone(after_the_copy, &[])), Outcome::Healthy);
    let meanwhile = |sample: Sample| {
        let sample = sample.enqueue_began(0.9, "a", "/test").at(1.0, Happening::SaveBegan);
        back(sample.enqueue_ended(1.05, "a").step(1.1, Action::Save), 3.0, Data::Saved)
    };
    assert_eq!(outcome(&lone(meanwhile, &[])), Outcome::Healthy, "it may be in the copy or not");
}

#[test]
fn an_item_that_came_back_may_be_handed_out_again_and_once() {
    let again = |sample: Sample| {
        let sample = saved(sample.enqueued(1.0, "a"), 1.5).gets(2.0, "1", "a");
        back(sample, 3.0, Data::Saved).gets(5.0, "1", "a")
    };
    assert_eq!(outcome(&lone(again, &[])), Outcome::Healthy);
    let twice = |sample: Sample| again(sample).gets(6.0, "1", "a");
    assert_eq!(outcome(&lone(twice, &[])), Outcome::Duplicated);
    let once =
        |sample: Sample| back(saved(sample.enqueued(1.0, "a"), 1.5).gets(2.0, "1", "a"), 3.0, Data::Saved);
    assert_eq!(
        outcome(&lone(once, &[])),
        Outcome::Healthy,
        "it may have been taken before the copy was made"
    );
}

#[test]
fn an_item_that_cannot_have_come_back_is_handed_out_once() {
    let of_a_wiped = |sample: Sample| {
        back(sample.enqueued(1.0, "a").gets(2.0, "1", "a"), 3.0, Data::Wiped).gets(5.0, "1", "a")
    };
    assert_eq!(outcome(&lone(of_a_wiped, &[])), Outcome::Duplicated);
    let after_the_copy = |sample: Sample| {
        let sample = saved(sample, 1.0).enqueued(2.0, "a").gets(2.5, "1", "a");
        back(sample, 3.0, Data::Saved).gets(5.0, "1", "a")
    };
    assert_eq!(outcome(&lone(after_the_copy, &[])), Outcome::Duplicated);
    let taken_before = |sample: Sample| {
        let sample = saved(sample.enqueued(1.0, "a").gets(1.2, "1", "a"), 2.0);
        back(sample, 3.0, Data::Saved).gets(5.0, "1", "a")
    };
    assert_eq!(outcome(&lone(taken_before, &[])), Outcome::Duplicated);
    // What is only removed when it is acknowledged may be in the copy all the same.
    let held = |sample: Sample| {
        let sample = sample.scenario(|scenario| scenario.queue.delivery = Delivery::AtLeastOnce);
        taken_before(sample)
    };
    assert_eq!(outcome(&lone(held, &[])), Outcome::Healthy);
}

#[test]
fn an_item_that_its_producer_wrote_again_on_the_new_store_is_new_there() {
    let again = |sample: Sample| {
        let sample = sample.enqueue_began(1.0, "a", "/test").gets(1.1, "1", "a").at(3.1, unknown("a"));
        back(sample, 3.0, Data::Wiped).enqueue_ended(5.0, "a").gets(5.1, "1", "a")
    };
    assert_eq!(outcome(&lone(again, &[])), Outcome::Healthy);
}

#[test]
fn there_is_no_order_between_two_stores() {
    let back_late = |data| {
        move |sample: Sample| {
            let sample = saved(sample.enqueued(1.0, "a"), 1.5).enqueued(2.0, "b").gets(2.1, "1", "b");
            back(sample, 3.0, data).gets(5.0, "1", "a")
        }
    };
    assert_eq!(outcome(&lone(back_late(Data::Saved), &[])), Outcome::Healthy);
    assert_eq!(outcome(&lone(back_late(Data::Kept), &[])), Outcome::Reordered);
}
