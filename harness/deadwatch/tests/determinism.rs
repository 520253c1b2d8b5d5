//! One seed, one run: in virtual time a seed settles everything, and nothing else has a say.
//!
//! A transcript is the whole history, all times included; and beside it every byte that passed on every connection,
//! and when. `DEADWATCH_ALL=1` makes it 1,000 runs and 20 processes.

#![allow(clippy::unwrap_used, clippy::expect_used)]

#[path = "determinism/tape.rs"]
mod tape;

use std::{
    collections::BTreeSet,
    process::{Command, ExitCode},
    time::Duration,
};

use deadwatch::{
    etcd::{Backend, Choice, Source},
    history::History,
    run::{self, Order},
    scenario::{Library, Scenario},
    subject::Subject,
    verdict::Outcome,
};
use etcd_model::time::{Phases, Seed};
use libtest_mimic::{Arguments, Failed, Trial};

/// The subjects that live in this process, and so in virtual time.
const SUBJECTS: [Subject; 3] = [Subject::Naive, Subject::Checked, Subject::Resilient];

/// How many seeds are compared.
const SEEDS: u64 = 20;

/// As the first argument: print one transcript, and end. This is how another process is asked for it.
const TRANSCRIPT: &str = "transcript";

fn main() -> ExitCode {
    if std::env::args().nth(1).as_deref() == Some(TRANSCRIPT) {
        print!("{}", transcript(&story(Subject::Resilient, 7)));
        return ExitCode::SUCCESS;
    }
    let trials = vec![
        Trial::test("one_seed_gives_one_history_every_time", one_history),
        Trial::test("every_scenario_and_subject_repeats_itself", everything_repeats),
        Trial::test("one_seed_gives_the_same_bytes_on_every_connection", one_tape),
        Trial::test("other_processes_give_the_same_history", other_processes),
        Trial::test("every_seed_has_phases_of_its_own", own_phases),
        Trial::test("whether_a_token_is_dead_at_the_edge_is_the_seed_s_choice", edge),
    ];
    libtest_mimic::run(&Arguments::from_args(), trials).exit_code()
}

/// So many in `cargo test`, or so many if everything is asked for.
fn count(usually: usize, in_full: usize) -> usize {
    if std::env::var_os("DEADWATCH_ALL").is_some_and(|value| value == "1") { in_full } else { usually }
}

fn library() -> Vec<Scenario> {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/../../scenarios");
    let library = Library::at(folder.as_ref()).unwrap();
    library.names().iter().map(|name| library.load(name).unwrap().scenario).collect()
}

fn story(subject: Subject, seed: u64) -> Order {
    let story = library().into_iter().find(|scenario| scenario.name == "auth/story").expect("the story");
    order(&story, subject, seed)
}

fn order(scenario: &Scenario, subject: Subject, seed: u64) -> Order {
    let choice = Choice { source: Source::Embedded, reasons: Vec::new() };
    Order { scenario: scenario.clone(), subject, choice, seed }
}

fn transcript(order: &Order) -> String {
    told(&run::perform(order).unwrap().history)
}

fn told(history: &History) -> String {
    serde_json::to_string_pretty(history).unwrap()
}

/// The transcripts of these runs, made side by side.
fn transcripts(orders: &[Order]) -> Vec<String> {
    let mut transcripts = Vec::new();
    run::perform_all(orders, |_| {}, |finished| transcripts.push(told(&finished.run.unwrap().history)));
    transcripts
}

/// Fails with the first line that differs.
fn same(of: &Order, first: &str, other: &str) -> Result<(), Failed> {
    if first == other {
        return Ok(());
    }
    let lines = || first.lines().map(Some).chain([None]).zip(other.lines().map(Some).chain([None]));
    let number = lines().take_while(|(a, b)| a == b).count();
    let (a, b) = lines().nth(number).unwrap_or_default();
    let Order { scenario, subject, seed, .. } = of;
    Err(format!(
        "two runs of {}, {subject}, seed {seed} differ first in line {}:\n{a:?}\n{b:?}",
        scenario.name,
        number + 1
    )
    .into())
}

fn one_history() -> Result<(), Failed> {
    for subject in SUBJECTS {
        let orders = vec![story(subject, 0); count(100, 1_000)];
        let transcripts = transcripts(&orders);
        transcripts.iter().try_for_each(|other| same(&orders[0], &transcripts[0], other))?;
    }
    Ok(())
}

fn everything_repeats() -> Result<(), Failed> {
    let mut scenarios = library();
    scenarios.retain(|scenario| Backend::Embedded.why_not(&scenario.not_on).is_none());
    // What is much work is as much as all the rest together.
    scenarios.retain(|scenario| count(0, 1) == 1 || !is_much_work(scenario));
    let orders: Vec<_> =
        scenarios.iter().flat_map(|scenario| SUBJECTS.map(|subject| order(scenario, subject, 3))).collect();
    let first = transcripts(&orders);
    for _ in 0..count(1, 30) {
        for ((order, first), other) in orders.iter().zip(&first).zip(transcripts(&orders)) {
            same(order, first, &other)?;
        }
    }
    Ok(())
}

/// Whether it has hundreds of items, or dozens of consumers.
fn is_much_work(scenario: &Scenario) -> bool {
    scenario.name.starts_with("load/") || scenario.consumers.len() > 20
}

fn one_tape() -> Result<(), Failed> {
    let mut tapes = BTreeSet::new();
    for subject in SUBJECTS {
        let order = story(subject, 0);
        let first = tape::record(&order);
        for _ in 0..count(10, 1_000) {
            same(&order, &first, &tape::record(&order))?;
        }
        tapes.insert(first);
    }
    // Tokens have other letters with another seed, so that a tape which held no bytes would be found out here.
    tapes.extend((1..SEEDS).map(|seed| tape::record(&story(Subject::Naive, seed))));
    let expected = SUBJECTS.len() + usize::try_from(SEEDS)? - 1;
    if tapes.len() == expected {
        Ok(())
    } else {
        Err(format!("expected {expected} different tapes, found {}", tapes.len()).into())
    }
}

fn other_processes() -> Result<(), Failed> {
    let order = story(Subject::Resilient, 7);
    let here = transcript(&order);
    for _ in 0..count(3, 20) {
        let output = Command::new(std::env::current_exe()?).arg(TRANSCRIPT).output()?;
        same(&order, &here, &String::from_utf8(output.stdout)?)?;
    }
    Ok(())
}

fn own_phases() -> Result<(), Failed> {
    let phases: Vec<_> = (0..SEEDS).map(|seed| Phases::drawn(Seed(seed))).collect();
    let sweeps: BTreeSet<_> = phases.iter().map(|phases| phases.token_sweep).collect();
    if sweeps.len() == phases.len() {
        Ok(())
    } else {
        Err(format!("expected {SEEDS} different phases, found {}: {sweeps:?}", sweeps.len()).into())
    }
}

/// A token of 5 s dies when etcd first sweeps after its life has ended, which is within the next second: half a second
/// after, some seeds' sweeps have been and others' have not.
fn edge() -> Result<(), Failed> {
    let mut scenario = story(Subject::Naive, 0).scenario;
    scenario.consumers[1].start = Duration::from_millis(5_500);
    let orders: Vec<_> = (0..SEEDS).map(|seed| order(&scenario, Subject::Naive, seed)).collect();
    let mut outcomes = Vec::new();
    run::perform_all(&orders, |_| {}, |finished| outcomes.extend(finished.run.unwrap().judgement.outcome));
    for outcome in [Outcome::Crash, Outcome::Healthy] {
        if !outcomes.contains(&outcome) {
            return Err(format!("expected {outcome:?} with some seed, found {outcomes:?}").into());
        }
    }
    Ok(())
}
