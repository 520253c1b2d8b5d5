//! The canaries: each with the scenario in which it shows its flaw, and with what must be said of it.

use std::fmt::Write;

use deadwatch::{
    Trial,
    subject::Subject,
    verdict::{
        Judgement,
        Outcome::{self, Crash, Duplicated, Error, FalseSuccess, Healthy, Lost, Reordered, Spin},
        Verdict::{self, FailsSafely, Inconclusive, Survives, Unsafe},
    },
};

use crate::{
    flaws::{
        ClearsTheQueue, DeletesBlindly, GivesUpForGood, MakesItUp, NeverWaits, TakesNothing,
        TakesTheNeighbours, TakesTheNewest, TellsItsCaller, TellsOneOfTwo, UsesWhatIsNotThere, WaitsForEver,
    },
    gate, lease, queue, stage,
};

/// A queue that is wrong in one way, and what must be said of it.
pub struct Canary {
    /// What is wrong with it.
    pub name: &'static str,
    /// The queue.
    pub subject: fn() -> Subject,
    /// The same without its flaw.
    pub honest: fn() -> Subject,
    /// The consumers and steps of its scenario.
    pub scenario: &'static str,
    /// The consumers' outcomes; none where the run must prove nothing.
    pub outcomes: &'static [Outcome],
    /// The aftermath; `none` where the run must prove nothing.
    pub aftermath: &'static str,
    /// The verdict.
    pub verdict: Verdict,
    /// How the explanation begins.
    pub says: &'static str,
}

impl Canary {
    /// What is said of a subject in this canary's scenario.
    pub fn judgement(&self, subject: &Subject) -> Judgement {
        let text = stage::scenario(self.name, self.scenario);
        let trial = Trial::toml(&text).unwrap_or_else(|error| panic!("{}: {error:?}", self.name));
        trial.run(subject).unwrap_or_else(|error| panic!("{}: could not {error}", self.name)).judgement
    }

    /// Whether a subject is seen for what this canary is; if not, what was expected and what was seen.
    pub fn look(&self, subject: &Subject) -> Result<(), String> {
        let Self { name, outcomes, aftermath, verdict, says, .. } = self;
        let judgement = self.judgement(subject);
        let seen: Vec<Outcome> = match judgement.outcome {
            Some(_) => judgement.consumers.iter().map(|consumer| consumer.outcome).collect(),
            None => Vec::new(),
        };
        let seen_aftermath = judgement.aftermath.as_ref().map_or("none".to_owned(), ToString::to_string);
        let said = judgement.explanation.to_string();
        let mut wrong = String::new();
        if judgement.verdict == Survives {
            let _ = write!(wrong, "\n  it survives, and nobody would ever have noticed");
        }
        if seen != *outcomes {
            let _ = write!(wrong, "\n  expected {outcomes:?}, found {seen:?}");
        }
        if seen_aftermath != *aftermath {
            let _ = write!(wrong, "\n  expected the aftermath {aftermath}, found {seen_aftermath}");
        }
        if judgement.verdict != *verdict {
            let _ = write!(wrong, "\n  expected {verdict}, found {}", judgement.verdict);
        }
        if !said.starts_with(says) {
            let _ = write!(wrong, "\n  expected an explanation that begins {says:?}");
        }
        if wrong.is_empty() { Ok(()) } else { Err(format!("{name}, as {subject}:{wrong}\n  {said}")) }
    }
}

/// All of them.
pub fn canaries() -> Vec<Canary> {
    [of_the_process(), of_items(), of_calls(), of_gates(), of_leases()].into_iter().flatten().collect()
}

fn of_the_process() -> Vec<Canary> {
    vec![
        Canary {
            name: "it uses the event that its watch did not bring",
            subject: || queue::subject("uses what is not there", UsesWhatIsNotThere),
            honest: queue::honest,
            scenario: stage::CUT_OFF,
            outcomes: &[Crash],
            aftermath: "dead",
            verdict: Unsafe,
            says: "At 3.0 s the connections of all clients were cut; the process died, and its consumer with it, at \
                   flaws.rs: `the watch ended without an event`.",
        },
        Canary {
            name: "it takes nothing at all",
            subject: || queue::subject("takes nothing", TakesNothing),
            honest: queue::honest,
            scenario: stage::ALONE,
            outcomes: &[],
            aftermath: "none",
            verdict: Inconclusive,
            says: "The run proves nothing: the subject could not take one item before the timeline: not \
                   implemented.",
        },
    ]
}

fn of_items() -> Vec<Canary> {
    let queue = Canary {
        name: "",
        subject: queue::honest,
        honest: queue::honest,
        scenario: stage::ALONE,
        outcomes: &[],
        aftermath: "healthy",
        verdict: Unsafe,
        says: "",
    };
    vec![
        Canary {
            name: "it clears the whole queue when it takes an item",
            subject: || queue::subject("clears the queue", ClearsTheQueue),
            scenario: stage::BACKLOG,
            outcomes: &[Lost],
            says: "Item a.2 was acknowledged to its producer at 1.0 s, but nobody got it and it is gone.",
            ..queue
        },
        Canary {
            name: "it clears the whole queue, and only the aftermath shows it",
            subject: || queue::subject("clears the queue", ClearsTheQueue),
            scenario: stage::IDLE,
            outcomes: &[Lost, Lost],
            aftermath: "deaf (1)",
            says: "In the aftermath one item was stored that nobody got and that is gone; consumer 2 has gone \
                   deaf",
            ..queue
        },
        Canary {
            name: "it does not ask whether the item was still there",
            subject: || queue::subject("deletes blindly", DeletesBlindly),
            scenario: stage::RACE,
            outcomes: &[Duplicated, Duplicated],
            says: "Item a was handed out twice, to consumers 1 and 2",
            ..queue
        },
        Canary {
            name: "it does not ask whether the item was still there, and only the aftermath shows it",
            subject: || queue::subject("deletes blindly", DeletesBlindly),
            scenario: stage::IDLE,
            outcomes: &[Duplicated, Duplicated],
            says: "Item deadwatch.probe.1 was handed out twice, to consumers 1 and 2",
            ..queue
        },
        Canary {
            name: "it takes the newest item first",
            subject: || queue::subject("takes the newest", TakesTheNewest),
            scenario: stage::BACKLOG,
            outcomes: &[Reordered],
            says: "Consumer 1 got item a.2 before item a.1, which was committed first.",
            ..queue
        },
        Canary {
            name: "it takes what belongs to another queue",
            subject: || queue::subject("takes the neighbours'", TakesTheNeighbours),
            scenario: stage::NEIGHBOUR,
            outcomes: &[FalseSuccess],
            says: "Consumer 1 got item theirs, which belongs to the queue /test2.",
            ..queue
        },
        Canary {
            name: "it makes an item up",
            subject: || queue::subject("makes it up", MakesItUp),
            scenario: stage::CUT_OFF,
            outcomes: &[FalseSuccess],
            says: "At 3.0 s the connections of all clients were cut; consumer 1 got item nil, which nobody had \
                   enqueued",
            ..queue
        },
    ]
}

fn of_calls() -> Vec<Canary> {
    let queue = Canary {
        name: "",
        subject: queue::honest,
        honest: queue::honest,
        scenario: stage::CUT_OFF,
        outcomes: &[],
        aftermath: "healthy",
        verdict: Unsafe,
        says: "",
    };
    vec![
        Canary {
            name: "its calls fail for good",
            subject: || queue::subject("gives up for good", GivesUpForGood::default()),
            scenario: stage::RETRYING_CUT_OFF,
            outcomes: &[Spin],
            says: "At 3.0 s the connections of all clients were cut; consumer 1 called again after every error \
                   (`the watch has ended`), more than 100 times within a second.",
            ..queue
        },
        Canary {
            name: "it looks again and again instead of waiting",
            subject: || queue::subject("never waits", NeverWaits),
            scenario: stage::ALONE,
            outcomes: &[Spin],
            says: "Consumer 1 kept the server busy with 101 requests within a second, and no call returned.",
            ..queue
        },
        Canary {
            name: "it tells its caller what happened to its watch",
            subject: || queue::subject("tells its caller", TellsItsCaller),
            outcomes: &[Error],
            aftermath: "dead",
            verdict: FailsSafely,
            says: "At 3.0 s the connections of all clients were cut; consumer 1 got the error `the watch has ended`.",
            ..queue
        },
        Canary {
            name: "it tells its caller, and another goes on",
            subject: || queue::subject("tells its caller", TellsItsCaller),
            scenario: stage::ONE_OF_TWO_CUT_OFF,
            outcomes: &[Error, Healthy],
            verdict: FailsSafely,
            says: "At 3.0 s the connections of client own were cut; consumer 1 got the error `the watch has ended`.",
            ..queue
        },
        Canary {
            name: "it waits for ever",
            subject: || queue::subject("waits for ever", WaitsForEver),
            outcomes: &[Healthy],
            aftermath: "deaf (1)",
            says: "At 3.0 s the connections of all clients were cut; no call failed, but consumer 1 has gone deaf",
            ..queue
        },
        Canary {
            name: "both of them wait for ever",
            subject: || queue::subject("waits for ever", WaitsForEver),
            scenario: stage::BOTH_CUT_OFF,
            outcomes: &[Healthy, Healthy],
            aftermath: "deaf (2)",
            says: "At 3.0 s the connections of all clients were cut; no call failed, but consumers 1 and 2 have gone \
                   deaf",
            ..queue
        },
        Canary {
            name: "it tells the first of its callers and leaves the other waiting",
            subject: || queue::subject("tells one of two", TellsOneOfTwo::default()),
            scenario: stage::BOTH_CUT_OFF,
            outcomes: &[Error, Healthy],
            aftermath: "deaf (1)",
            says: "At 3.0 s the connections of all clients were cut; consumer 1 got the error `the watch has ended`; \
                   consumer 2 has gone deaf",
            ..queue
        },
    ]
}

fn of_gates() -> Vec<Canary> {
    let keeper = Canary {
        name: "",
        subject: || gate::subject(gate::Manner::Careless),
        honest: gate::honest,
        scenario: stage::BARRIER,
        outcomes: &[FalseSuccess],
        aftermath: "healthy",
        verdict: Unsafe,
        says: "At 2.0 s consumer 1 passed /gate as if it were open, and it was not.",
    };
    vec![
        Canary { name: "it passes a barrier that is held", ..keeper },
        Canary { name: "it has a lock that another has", scenario: stage::LOCK, ..keeper },
        Canary {
            name: "it passes a barrier of two alone",
            scenario: stage::ALONE_AT_A_BARRIER_OF_TWO,
            ..keeper
        },
        Canary {
            name: "it is done without an item",
            subject: || gate::subject(gate::Manner::CarelessWithItems),
            scenario: stage::ALONE,
            aftermath: "dead",
            says: "At 0.0 s a call of consumer 1 was done without an item.",
            ..keeper
        },
    ]
}

fn of_leases() -> Vec<Canary> {
    let leasing = Canary {
        name: "",
        subject: lease::honest,
        honest: lease::honest,
        scenario: stage::LEASED_RACE,
        outcomes: &[],
        aftermath: "healthy",
        verdict: Unsafe,
        says: "",
    };
    vec![
        Canary {
            name: "it hands an item out again while its holder lives",
            subject: || lease::subject(lease::Manner::Forgets),
            outcomes: &[Duplicated, Duplicated],
            says: "Item a was handed out twice, to consumers 1 and 2",
            ..leasing
        },
        Canary {
            name: "it hands an item out again after its holder has failed, which is no duplicate",
            subject: || lease::subject(lease::Manner::OffersAgain),
            outcomes: &[Error, Healthy],
            verdict: FailsSafely,
            says: "At 3.0 s consumer 1 got the error `the session has ended`.",
            ..leasing
        },
    ]
}
