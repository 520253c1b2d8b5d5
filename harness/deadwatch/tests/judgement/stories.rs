//! What the story comes to for each subject.

use deadwatch::{
    history::History,
    verdict::{Aftermath, Outcome, Verdict, judge},
};

use crate::sample;

fn story(history: &History, outcomes: [Outcome; 2], aftermath: Aftermath, verdict: Verdict) {
    let judgement = judge(history);
    let found: Vec<_> = judgement.consumers.iter().map(|consumer| consumer.outcome).collect();
    assert_eq!(found, outcomes);
    assert_eq!(judgement.outcome, outcomes.into_iter().min());
    assert_eq!(judgement.aftermath, Some(aftermath));
    assert_eq!(judgement.verdict, verdict);
}

#[test]
fn naive_and_original_crash_with_both_consumers_and_nobody_is_left() {
    for history in [sample::story_naive(), sample::story_original()] {
        story(&history, [Outcome::Crash; 2], Aftermath::Dead, Verdict::Unsafe);
    }
}

#[test]
fn checked_on_3_5_5_returns_an_error_and_leaves_the_first_consumer_deaf() {
    let outcomes = [Outcome::Healthy, Outcome::Error];
    let deaf = Aftermath::Deaf(vec!["1".to_owned()]);
    story(&sample::story_checked_on_3_5_5(), outcomes, deaf, Verdict::Unsafe);
}

#[test]
fn checked_on_3_5_16_returns_an_error_and_leaves_nobody_deaf() {
    let outcomes = [Outcome::Healthy, Outcome::Error];
    story(&sample::story_checked_on_3_5_16(), outcomes, Aftermath::Healthy, Verdict::FailsSafely);
}

#[test]
fn resilient_survives() {
    story(&sample::story_resilient(), [Outcome::Healthy; 2], Aftermath::Healthy, Verdict::Survives);
}

#[test]
fn checked_that_calls_again_at_once_spins_and_leaves_the_first_consumer_deaf() {
    let outcomes = [Outcome::Healthy, Outcome::Spin];
    let deaf = Aftermath::Deaf(vec!["1".to_owned()]);
    story(&sample::story_retry(), outcomes, deaf, Verdict::Unsafe);
}

#[test]
fn each_explanation_is_one_sentence_of_the_facts() {
    let sentences: Vec<_> = [
        sample::story_naive(),
        sample::story_checked_on_3_5_5(),
        sample::story_checked_on_3_5_16(),
        sample::story_resilient(),
        sample::story_retry(),
    ]
    .iter()
    .map(|history| judge(history).explanation.to_string())
    .collect();
    insta::assert_snapshot!(sentences.join("\n\n"));
}
