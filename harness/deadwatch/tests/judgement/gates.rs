//! Barriers, locks and queues of a consumer's own: who passes when he may, who takes what is his.

use deadwatch::{
    history::{Happening, History},
    scenario::{Action, ConsumerCall, Delete},
    subject::Returned,
    verdict::{Aftermath, CallResult, Evidence, Outcome, Verdict, judge},
};

use crate::sample::Sample;

const KEY: &str = "/gate";

/// Consumers that make this call at the gate, at 2 s.
fn at_the_gate(call: ConsumerCall, consumers: &[f64]) -> Sample {
    Sample::with(consumers).scenario(|scenario| {
        for consumer in &mut scenario.consumers {
            (consumer.call, consumer.prefix) = (call, KEY.to_owned());
        }
    })
}

fn held(sample: Sample, at: f64) -> Sample {
    sample.at(at, Happening::Held { key: KEY.to_owned() })
}

fn released(sample: Sample, at: f64) -> Sample {
    sample.at(at, Happening::Released { key: KEY.to_owned() })
}

fn passes(sample: Sample, at: f64, consumer: &str) -> Sample {
    sample.returns(at, consumer, Returned::Done)
}

fn outcomes(history: &History) -> Vec<Outcome> {
    judge(history).consumers.iter().map(|consumer| consumer.outcome).collect()
}

fn ends(sample: Sample) -> History {
    sample.aftermath(16.0, &[]).ends(16.1, &[])
}

#[test]
fn who_passes_what_is_held_passes_too_early_and_who_passes_what_was_released_does_not() {
    for call in [ConsumerCall::BarrierWait, ConsumerCall::Lock, ConsumerCall::ReadLock] {
        let waiting = held(at_the_gate(call, &[2.0]), 1.0).calls(2.0, "1");
        let too_early = judge(&ends(passes(waiting.clone(), 3.0, "1")));
        assert_eq!(too_early.outcome, Some(Outcome::FalseSuccess), "{call:?}");
        assert_eq!(too_early.findings[0].evidence, Evidence::PassedTooEarly(KEY.to_owned()));
        assert_eq!(too_early.verdict, Verdict::Unsafe);
        let in_time = judge(&ends(passes(released(waiting, 3.0), 3.1, "1")));
        assert_eq!(in_time.outcome, Some(Outcome::Healthy), "{call:?}");
        assert_eq!(in_time.verdict, Verdict::Survives);
    }
}

#[test]
fn what_is_released_and_held_again_holds() {
    let sample = held(released(held(at_the_gate(ConsumerCall::Lock, &[2.0]), 0.5), 1.0), 1.5);
    let again = passes(sample.calls(2.0, "1"), 3.0, "1");
    assert_eq!(outcomes(&ends(again)), [Outcome::FalseSuccess]);
}

#[test]
fn what_is_open_while_the_call_is_may_be_passed_even_if_it_is_held_by_then() {
    // It looked when the barrier was open; the answer came when it was not.
    let called = at_the_gate(ConsumerCall::BarrierWait, &[1.0]).calls(1.0, "1");
    assert_eq!(outcomes(&ends(passes(held(called, 1.001), 1.002, "1"))), [Outcome::Healthy]);
}

#[test]
fn another_gate_that_is_held_is_nobodys_affair() {
    let other = Happening::Held { key: "/other".to_owned() };
    let sample = at_the_gate(ConsumerCall::BarrierWait, &[2.0]).at(1.0, other).calls(2.0, "1");
    assert_eq!(outcomes(&ends(passes(sample, 3.0, "1"))), [Outcome::Healthy]);
}

#[test]
fn a_step_that_deletes_a_barriers_key_opens_it() {
    let deleted = |delete| {
        let sample = held(at_the_gate(ConsumerCall::BarrierWait, &[2.0]), 1.0).calls(2.0, "1");
        outcomes(&ends(passes(sample.step(3.0, Action::Delete(delete)), 3.1, "1")))
    };
    assert_eq!(deleted(Delete::Key(KEY.to_owned())), [Outcome::Healthy]);
    assert_eq!(deleted(Delete::Prefix("/ga".to_owned())), [Outcome::Healthy]);
    assert_eq!(deleted(Delete::Key("/elsewhere".to_owned())), [Outcome::FalseSuccess]);
}

#[test]
fn a_double_barrier_is_entered_by_two_or_when_the_harness_lets_one_pass() {
    let alone = at_the_gate(ConsumerCall::DoubleBarrierEnter, &[2.0]).calls(2.0, "1");
    assert_eq!(outcomes(&ends(passes(alone.clone(), 3.0, "1"))), [Outcome::FalseSuccess]);
    assert_eq!(outcomes(&ends(passes(released(alone, 3.0), 3.1, "1"))), [Outcome::Healthy]);
    let two = at_the_gate(ConsumerCall::DoubleBarrierEnter, &[2.0, 3.0]).calls(2.0, "1").calls(3.0, "2");
    assert_eq!(outcomes(&ends(passes(passes(two, 3.1, "1"), 3.1, "2"))), [Outcome::Healthy; 2]);
    let before_the_second = at_the_gate(ConsumerCall::DoubleBarrierEnter, &[2.0, 3.0]).calls(2.0, "1");
    let early = passes(passes(before_the_second, 2.5, "1").calls(3.0, "2"), 3.1, "2");
    assert_eq!(outcomes(&ends(early)), [Outcome::FalseSuccess, Outcome::Healthy]);
}

#[test]
fn who_leaves_a_double_barrier_enters_it_first_and_is_one_of_two_who_enter() {
    let mixed = at_the_gate(ConsumerCall::DoubleBarrierEnter, &[2.0, 3.0]).scenario(|scenario| {
        scenario.consumers[1].call = ConsumerCall::DoubleBarrierLeave;
    });
    let both = passes(mixed.calls(2.0, "1").calls(3.0, "2"), 3.1, "1");
    assert_eq!(outcomes(&ends(both))[0], Outcome::Healthy);
}

#[test]
fn a_double_barrier_is_left_by_two_at_once_or_when_the_harness_has_left() {
    let two = || at_the_gate(ConsumerCall::DoubleBarrierLeave, &[2.0, 3.0]).calls(2.0, "1");
    let together = passes(passes(two().calls(3.0, "2"), 3.1, "1"), 3.1, "2");
    assert_eq!(outcomes(&ends(together)), [Outcome::Healthy; 2]);
    let early = passes(passes(two(), 2.5, "1").calls(3.0, "2"), 3.1, "2");
    assert_eq!(outcomes(&ends(early)), [Outcome::FalseSuccess, Outcome::Healthy]);
    let with_the_harness = held(at_the_gate(ConsumerCall::DoubleBarrierLeave, &[2.0]), 1.0).calls(2.0, "1");
    assert_eq!(outcomes(&ends(passes(with_the_harness.clone(), 3.0, "1"))), [Outcome::FalseSuccess]);
    assert_eq!(outcomes(&ends(passes(released(with_the_harness, 3.0), 3.1, "1"))), [Outcome::Healthy]);
}

#[test]
fn who_has_passed_is_content_and_nobody_is_left() {
    let passed = judge(&ends(passes(at_the_gate(ConsumerCall::Lock, &[2.0]).calls(2.0, "1"), 2.1, "1")));
    assert_eq!(passed.aftermath, Some(Aftermath::Healthy));
    assert_eq!(passed.consumers[0].results, [CallResult::Passed].into());
    assert_eq!(
        passed.explanation.to_string(),
        "No watch was refused, no call failed, and nobody was left waiting."
    );
}

#[test]
fn who_is_let_pass_in_the_aftermath_and_does_not_is_deaf() {
    let waiting = || held(at_the_gate(ConsumerCall::BarrierWait, &[2.0]), 1.0).calls(2.0, "1");
    let aftermath = |sample: Sample| released(sample, 16.0).aftermath(16.001, &["1"]);
    let passed = judge(&passes(aftermath(waiting()), 16.1, "1").ends(16.2, &[]));
    assert_eq!((passed.verdict, passed.aftermath), (Verdict::Survives, Some(Aftermath::Healthy)));
    assert!(passed.explanation.to_string().ends_with("had what it waited for in the aftermath."));
    let deaf = judge(&aftermath(waiting()).bound(19.0).ends(19.1, &[]));
    assert_eq!(deaf.aftermath, Some(Aftermath::Deaf(vec!["1".to_owned()])));
    assert_eq!(deaf.outcome, Some(Outcome::Healthy));
}

#[test]
fn who_waits_at_a_gate_has_no_probe_that_could_be_lost() {
    let stored = |probes: &[&str]| {
        let probes = probes.iter().map(|probe| (*probe).to_owned()).collect();
        let sample = Sample::with(&[0.0, 2.0]).scenario(|scenario| {
            scenario.consumers[1].call = ConsumerCall::BarrierWait;
            scenario.consumers[1].prefix = KEY.to_owned();
        });
        let sample = sample.calls(0.0, "1").calls(2.0, "2").aftermath(16.0, &["1", "2"]);
        let sample = passes(released(sample.bound(19.0), 16.0), 19.0, "2");
        outcomes(&sample.at(19.1, Happening::ProbesStored { probes }).ends(19.1, &[]))
    };
    assert_eq!(stored(&["deadwatch.probe.1"]), [Outcome::Healthy; 2]);
    assert_eq!(stored(&[]), [Outcome::Lost; 2]);
}

#[test]
fn a_call_that_its_owner_gave_up_is_no_harm_and_its_consumer_no_loss() {
    let given_up = Happening::Cancelled { consumer: "1".to_owned(), call: 1 };
    let sample = Sample::with(&[0.0]).calls(0.0, "1").step(3.0, Action::CancelCall("1".to_owned()));
    let judgement = judge(&ends(sample.at(3.002, given_up)));
    assert_eq!((judgement.outcome, judgement.verdict), (Some(Outcome::Healthy), Verdict::Survives));
    assert_eq!(judgement.consumers[0].results, [CallResult::GivenUp].into());
    assert_eq!(
        judgement.explanation.to_string(),
        "At 3.0 s the call of consumer 1 was given up by its owner; no call failed, and nobody was left waiting."
    );
}

#[test]
fn an_item_that_a_given_up_call_took_with_it_is_lost() {
    let given_up = Happening::Cancelled { consumer: "1".to_owned(), call: 1 };
    let sample = Sample::with(&[0.0, 5.0]).calls(0.0, "1").enqueued(3.0, "a").at(3.002, given_up);
    let judgement =
        judge(&sample.calls(5.0, "2").aftermath(16.0, &["2"]).probe_taken(16.1, "2", 1).ends(16.2, &[]));
    assert_eq!(judgement.outcome, Some(Outcome::Lost));
    assert_eq!(
        judgement.explanation.to_string(),
        "At 3.0 s the call of consumer 1 was given up by its owner; item a was acknowledged to its producer at \
         3.0 s, but nobody got it and it is gone."
    );
}

#[test]
fn a_consumer_with_a_queue_of_its_own_takes_its_own_items_and_no_others() {
    let own = |item_of: &str| {
        let sample = Sample::with(&[0.0, 0.0]).scenario(|scenario| {
            scenario.consumers[1].prefix = "/test2".to_owned();
        });
        let sample = sample.calls(0.0, "1").calls(0.0, "2");
        let sample = sample.enqueue_began(3.0, "a", item_of).enqueue_ended(3.1, "a").gets(3.2, "2", "a");
        outcomes(&ends(sample))
    };
    assert_eq!(own("/test2"), [Outcome::Healthy; 2]);
    assert_eq!(own("/test"), [Outcome::Healthy, Outcome::FalseSuccess]);
}

#[test]
fn an_item_that_only_its_consumers_queue_could_yield_is_among_that_consumers_results() {
    let results = |prefix: &str| {
        let sample = Sample::with(&[0.0, 0.0])
            .scenario(|scenario| scenario.consumers[1].prefix = prefix.to_owned())
            .calls(0.0, "1")
            .calls(0.0, "2");
        let judgement = judge(&ends(sample.enqueued(3.0, "a").gets(3.1, "1", "a")));
        judgement.consumers[0].results.clone()
    };
    assert_eq!(results("/elsewhere"), [CallResult::Item("a".to_owned())].into());
    assert_eq!(results("/test"), [].into());
    // The recipe's range reaches from /te over /test.
    assert_eq!(results("/te"), [].into());
}
