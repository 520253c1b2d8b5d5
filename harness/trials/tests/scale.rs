//! Scenarios far larger than any that somebody would write.
//!
//! Not timed: what they take in release is a figure of `just bench-harness`. `DEADWATCH_ALL=1` makes them full-sized.

#![allow(clippy::unwrap_used, clippy::expect_used)]

use deadwatch::{
    history::Happening,
    run::{Run, perform},
    scenario::Scenario,
    subject::Subject,
    verdict::{Aftermath, Outcome, Verdict},
};
use trials::{backlog, crowd, on_embedded};

/// So many in `cargo test`, or so many if everything is asked for.
fn count(usually: usize, in_full: usize) -> usize {
    if std::env::var_os("DEADWATCH_ALL").is_some_and(|value| value == "1") { in_full } else { usually }
}

fn run(scenario: &Scenario, subject: Subject) -> Run {
    let run = perform(&on_embedded(scenario, subject, 0)).unwrap();
    assert_eq!(run.judgement.inconclusive, None);
    run
}

fn probed(run: &Run) -> usize {
    let probed = run.history.events.iter().find_map(|event| match &event.what {
        Happening::Probed { consumers } => Some(consumers.len()),
        _ => None,
    });
    probed.unwrap_or_default()
}

#[test]
fn a_thousand_consumers_survive_the_story_with_the_queue_that_survives() {
    let consumers = 1_000;
    let run = run(&crowd(consumers).unwrap(), Subject::Resilient);
    assert_eq!(probed(&run), consumers);
    assert_eq!(run.judgement.verdict, Verdict::Survives, "{:?}", run.judgement.outcome);
}

#[test]
fn a_thousand_consumers_die_of_one_refused_watch_with_the_recipe() {
    let run = run(&crowd(1_000).unwrap(), Subject::Naive);
    assert_eq!(run.judgement.outcome, Some(Outcome::Crash));
    assert_eq!(run.judgement.aftermath, Some(Aftermath::Dead));
}

/// Of all that share a client, the refusal makes one deaf: the one that the old server names in it. All others contend
/// for each probe, which is the square of their number in requests: fewer of them have to do.
#[test]
fn in_a_crowd_one_is_refused_and_one_is_deaf_with_the_checked_recipe() {
    let consumers = count(30, 300);
    let run = run(&crowd(consumers).unwrap(), Subject::Checked);
    assert_eq!(probed(&run), consumers - 1);
    assert_eq!(run.judgement.outcome, Some(Outcome::Error));
    assert_eq!(run.judgement.aftermath, Some(Aftermath::Deaf(vec!["1".to_owned()])));
}

#[test]
fn a_backlog_is_handed_out_whole_and_in_order_to_one_naive_consumer() {
    let items = count(500, 10_000);
    let run = run(&backlog(items).unwrap(), Subject::Naive);
    assert_eq!(run.judgement.verdict, Verdict::Survives);
    let taken: Vec<_> = run
        .history
        .events
        .iter()
        .filter_map(|event| match &event.what {
            Happening::Returned { returned: deadwatch::subject::Returned::Item { item, .. }, .. } => {
                Some(item.clone())
            }
            _ => None,
        })
        .take(items)
        .collect();
    let expected: Vec<_> = (1..=items).map(|number| format!("item.{number}")).collect();
    assert_eq!(taken, expected);
}
