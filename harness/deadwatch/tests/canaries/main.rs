//! Queues that are wrong in one way each: whoever judges must see every one of them.
//!
//! A canary that survives is a fault of the harness: it would let a real queue with that flaw pass. Each shows its flaw
//! in a scenario of its own, on the embedded etcd in virtual time; an honest queue, of which it is a copy but for the
//! flaw, survives the same scenario.

#![allow(clippy::unwrap_used, clippy::expect_used)]

mod canary;
mod flaws;
mod gate;
mod lease;
mod queue;
mod stage;

use std::collections::BTreeSet;

use deadwatch::{
    Trial,
    subject::Subject,
    verdict::{Aftermath, Evidence, Outcome, Verdict},
};

use canary::canaries;
use flaws::{ClearsTheQueue, TakesTheNewest};

/// How many canaries there are. Whoever adds one, or takes one away, says so here.
const CANARIES: usize = 22;

#[test]
fn every_canary_is_seen_for_what_it_is() {
    let mut seen = 0;
    let mut failures = Vec::new();
    for canary in canaries() {
        match canary.look(&(canary.subject)()) {
            Ok(()) => seen += 1,
            Err(why) => failures.push(why),
        }
    }
    assert!(failures.is_empty(), "{}", failures.join("\n\n"));
    assert_eq!(seen, CANARIES, "as many canaries were seen as there are");
}

#[test]
fn without_its_flaw_every_canary_survives() {
    let mut survived = 0;
    for canary in canaries() {
        let judgement = canary.judgement(&(canary.honest)());
        assert_eq!(judgement.verdict, Verdict::Survives, "{}: {}", canary.name, judgement.explanation);
        assert_eq!(judgement.aftermath, Some(Aftermath::Healthy), "{}", canary.name);
        survived += 1;
    }
    assert_eq!(survived, CANARIES);
}

#[test]
fn a_canary_that_survives_or_errs_in_another_way_fails_the_suite() {
    let canaries = canaries();
    for canary in &canaries {
        let passed = canary.look(&(canary.honest)()).expect_err("the honest queue is no canary");
        assert!(passed.contains("it survives"), "{passed}");
    }
    let crash = canaries.iter().find(|canary| canary.outcomes.contains(&Outcome::Crash)).unwrap();
    let error = canaries.iter().find(|canary| canary.outcomes.contains(&Outcome::Error)).unwrap();
    let mixed_up = crash.look(&(error.subject)()).expect_err("an error is no crash");
    assert!(mixed_up.contains("expected"), "{mixed_up}");
}

#[test]
fn each_outcome_aftermath_and_verdict_has_a_canary() {
    let canaries = canaries();
    let outcomes: BTreeSet<_> = canaries.iter().flat_map(|canary| canary.outcomes).collect();
    for outcome in outcomes_there_are() {
        assert!(outcomes.contains(&outcome), "no canary shows {outcome}");
    }
    for aftermath in ["healthy", "deaf (1)", "deaf (2)", "dead", "none"] {
        assert!(canaries.iter().any(|canary| canary.aftermath == aftermath), "no canary shows {aftermath}");
    }
    for verdict in [Verdict::FailsSafely, Verdict::Unsafe, Verdict::Inconclusive] {
        assert!(canaries.iter().any(|canary| canary.verdict == verdict), "no canary shows {verdict}");
    }
    let names: BTreeSet<_> = canaries.iter().map(|canary| canary.name).collect();
    assert_eq!(names.len(), CANARIES, "each has a name of its own");
}

#[test]
fn items_are_known_by_their_values_however_they_are_filled_up_and_have_an_order_only_of_one_producer() {
    let judgement = |subject: &Subject| {
        let text = stage::scenario("eight items of four producers", stage::FILLED_BY_FOUR);
        Trial::toml(&text).unwrap().run(subject).unwrap().judgement
    };
    let honest = judgement(&queue::honest());
    assert_eq!(honest.verdict, Verdict::Survives, "{}", honest.explanation);
    let mut items = honest.handed_out.items();
    items.sort_unstable();
    assert_eq!(items, ["a.1", "a.2", "a.3", "a.4", "a.5", "a.6", "a.7", "a.8"]);
    let newest = judgement(&queue::subject("takes the newest", TakesTheNewest));
    let out_of_order =
        newest.findings.iter().filter(|finding| finding.evidence.outcome() == Outcome::Reordered);
    assert_eq!(out_of_order.count(), 4, "each producer's two: {:?}", newest.findings);
    let cleared = judgement(&queue::subject("clears the queue", ClearsTheQueue));
    let lost = cleared
        .findings
        .iter()
        .filter(|finding| matches!(&finding.evidence, Evidence::LostItem(item) if item.len() == 3));
    assert_eq!(lost.count(), 7, "all but the first: {:?}", cleared.findings);
}

/// All outcomes, worst first: each is followed by the next, so that the compiler asks for one that is added.
fn outcomes_there_are() -> Vec<Outcome> {
    let next = |outcome: &Outcome| match outcome {
        Outcome::Crash => Some(Outcome::Lost),
        Outcome::Lost => Some(Outcome::Duplicated),
        Outcome::Duplicated => Some(Outcome::Reordered),
        Outcome::Reordered => Some(Outcome::FalseSuccess),
        Outcome::FalseSuccess => Some(Outcome::Spin),
        Outcome::Spin => Some(Outcome::Error),
        Outcome::Error => Some(Outcome::Healthy),
        Outcome::Healthy => None,
    };
    std::iter::successors(Some(Outcome::Crash), next).collect()
}
