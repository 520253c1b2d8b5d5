//! Who still takes an item when all is over.

use deadwatch::{
    history::{Happening, History},
    scenario::OnError,
    verdict::{Aftermath, Outcome, Verdict, judge},
};

use crate::sample::Sample;

fn waiting() -> Sample {
    Sample::with(&[0.0, 1.0]).calls(0.0, "1").calls(1.0, "2")
}

fn retrying(sample: Sample) -> Sample {
    sample.scenario(|scenario| scenario.consumers[1].on_error = OnError::Retry)
}

fn aftermath(history: &History) -> Aftermath {
    judge(history).aftermath.unwrap()
}

fn deaf(names: &[&str]) -> Aftermath {
    Aftermath::Deaf(names.iter().map(|name| (*name).to_owned()).collect())
}

#[test]
fn all_who_have_not_stopped_took_a_probe_and_that_is_healthy() {
    let both = waiting().aftermath(16.0, &["1", "2"]).probe_taken(16.1, "2", 1).probe_taken(16.2, "1", 2);
    assert_eq!(aftermath(&both.ends(16.3, &[])), Aftermath::Healthy);
    let one = waiting().fails(3.0, "2", "watch failed").aftermath(16.0, &["1"]).probe_taken(16.2, "1", 1);
    assert_eq!(aftermath(&one.ends(16.3, &[])), Aftermath::Healthy);
}

#[test]
fn who_took_no_probe_and_said_nothing_is_deaf_and_unsafe() {
    let one = waiting().aftermath(16.0, &["1", "2"]).probe_taken(16.1, "1", 1).bound(19.0).ends(19.1, &[]);
    assert_eq!(aftermath(&one), deaf(&["2"]));
    assert_eq!(judge(&one).verdict, Verdict::Unsafe);
    assert_eq!(judge(&one).aftermath.unwrap().to_string(), "deaf (1)");
    let both = waiting().aftermath(16.0, &["2", "1"]).bound(19.0).ends(19.1, &[]);
    assert_eq!(aftermath(&both), deaf(&["1", "2"]), "in file order");
}

#[test]
fn a_probe_that_comes_after_the_bound_comes_too_late_and_is_not_lost() {
    let history = waiting()
        .aftermath(16.0, &["1", "2"])
        .probe_taken(16.1, "1", 1)
        .bound(19.0)
        .probe_taken(19.2, "2", 2)
        .at(19.3, Happening::ProbesStored { probes: Vec::new() })
        .ends(19.3, &[]);
    assert_eq!(aftermath(&history), deaf(&["2"]));
    assert_eq!(judge(&history).outcome, Some(Outcome::Healthy));
}

#[test]
fn an_item_of_the_scenario_is_no_probe() {
    let history = waiting()
        .enqueued(15.9, "a")
        .aftermath(16.0, &["1", "2"])
        .probe_taken(16.1, "1", 1)
        .gets(16.2, "2", "a")
        .bound(19.0)
        .ends(19.1, &[]);
    assert_eq!(aftermath(&history), deaf(&["2"]));
}

#[test]
fn who_fails_in_the_aftermath_is_not_deaf() {
    let stops =
        waiting().aftermath(16.0, &["1", "2"]).probe_taken(16.1, "1", 1).fails(16.2, "2", "watch failed");
    assert_eq!(aftermath(&stops.clone().ends(16.3, &[])), Aftermath::Healthy);
    assert_eq!(judge(&stops.ends(16.3, &[])).verdict, Verdict::FailsSafely);
    let retries = retrying(waiting())
        .aftermath(16.0, &["1", "2"])
        .probe_taken(16.1, "1", 1)
        .fails(16.2, "2", "watch failed")
        .calls(16.2, "2")
        .bound(19.0);
    assert_eq!(aftermath(&retries.ends(19.1, &[])), Aftermath::Healthy);
}

#[test]
fn who_failed_only_before_the_aftermath_is_deaf_if_it_takes_nothing() {
    let history = retrying(waiting())
        .fails(3.0, "2", "watch failed")
        .calls(3.0, "2")
        .aftermath(16.0, &["1", "2"])
        .probe_taken(16.1, "1", 1)
        .bound(19.0)
        .ends(19.1, &[]);
    assert_eq!(aftermath(&history), deaf(&["2"]));
}

#[test]
fn failures_that_are_only_counted_tell_by_their_place_whether_the_consumer_is_deaf() {
    let omitted = Happening::FailuresOmitted { consumer: "2".to_owned(), count: 7 };
    let probed = |sample: Sample| sample.aftermath(16.0, &["1", "2"]).probe_taken(16.1, "1", 1).bound(19.0);
    let before = probed(retrying(waiting()).at(16.0, omitted.clone())).ends(19.1, &[]);
    assert_eq!(aftermath(&before), deaf(&["2"]));
    let after = probed(retrying(waiting())).at(19.0, omitted).ends(19.1, &[]);
    assert_eq!(aftermath(&after), Aftermath::Healthy);
}

#[test]
fn nobody_is_left_when_the_process_died_or_everybody_stopped_before_or_in_the_aftermath() {
    let died = waiting().aftermath(16.0, &["1", "2"]).probe_taken(16.1, "1", 1).dies(16.2, "signal 9", "?");
    assert_eq!(aftermath(&died.ends(16.3, &[])), Aftermath::Dead);
    let stopped =
        waiting().fails(3.0, "1", "watch failed").fails(3.0, "2", "watch failed").aftermath(16.0, &[]);
    assert_eq!(aftermath(&stopped.clone().ends(16.3, &[])), Aftermath::Dead);
    assert_eq!(judge(&stopped.ends(16.3, &[])).verdict, Verdict::FailsSafely);
    let last =
        waiting().fails(3.0, "1", "watch failed").aftermath(16.0, &["2"]).fails(16.1, "2", "watch failed");
    assert_eq!(aftermath(&last.ends(16.3, &[])), Aftermath::Dead);
}
