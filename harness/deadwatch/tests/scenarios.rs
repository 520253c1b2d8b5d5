//! Every scenario, on every backend it can run on, with every built-in subject: SCENARIO::BACKEND::SUBJECT.
//!
//! A run's snapshot is the same on every backend. What cannot run here is listed as ignored with the reason;
//! `DEADWATCH_REQUIRE=docker,process,go` makes a missing one a failure.

#![allow(clippy::unwrap_used, clippy::expect_used)]

mod stand;

use std::{path::PathBuf, process::ExitCode};

use deadwatch::{
    etcd::Backend,
    report::snapshot,
    run::{self, Order, Place},
    scenario::{Library, Scenario},
    subject::Subject,
};
use libtest_mimic::{Arguments, Completion, Failed, Trial};
use stand::{Require, Requirement};

/// More threads than cores: real runs mostly wait, and the harness itself limits how many go on at once.
const TEST_THREADS: usize = 20;

/// Docker runs these folders unless everything is asked for.
const DOCKER_FOLDERS: [&str; 2] = ["auth/", "control/"];

fn main() -> ExitCode {
    deadwatch::reaper::on_signals();
    let mut arguments = Arguments::from_args();
    arguments.test_threads.get_or_insert(TEST_THREADS);
    let library = Library::at(&stand::repository().join("scenarios")).expect("the scenarios can be read");
    let mut scenarios: Vec<Scenario> =
        library.names().iter().map(|name| library.load(name).expect("a scenario parses").scenario).collect();
    // What takes longest starts first.
    scenarios.sort_by_key(|scenario| std::cmp::Reverse(scenario.length));
    let require = Require::from_environment();
    let mut trials = Vec::new();
    for backend in [Backend::Docker, Backend::Process] {
        for scenario in scenarios.iter().filter(|scenario| runs_on(scenario, backend)) {
            trials.extend(Subject::BUILT_IN.map(|subject| trial(scenario, backend, subject, &require)));
        }
    }
    trials
        .push(Trial::test("snapshots::each_belongs_to_a_scenario_and_a_subject", move || orphans(&library)));
    libtest_mimic::run(&arguments, trials).exit_code()
}

fn runs_on(scenario: &Scenario, backend: Backend) -> bool {
    let everything = std::env::var_os("DEADWATCH_ALL").is_some_and(|value| value == "1");
    backend != Backend::Docker
        || everything
        || DOCKER_FOLDERS.iter().any(|folder| scenario.name.starts_with(folder))
}

fn trial(scenario: &Scenario, backend: Backend, subject: Subject, require: &Require) -> Trial {
    let name = format!("{}::{backend}::{subject}", scenario.name);
    let requirement = match (&subject, backend) {
        (_, Backend::Docker) => Requirement::Docker,
        (Subject::Original, _) => Requirement::Go,
        _ => Requirement::Process,
    };
    let order = Order { scenario: scenario.clone(), subject, backend, seed: 0 };
    stand::trial(name, requirement, require, missing(&order), move || play(&order))
}

/// Why this cannot run here, if so.
fn missing(order: &Order) -> Option<String> {
    run::missing(order, &Place::local()).map(|missing| missing.to_string())
}

fn play(order: &Order) -> Result<Completion, Failed> {
    let played = match run::perform(order, &Place::local()) {
        Ok(played) => played,
        Err(missing) => return Ok(Completion::ignored_with(missing.to_string())),
    };
    if let Some(why) = &played.judgement.inconclusive {
        let log = &played.etcd_log;
        return Err(format!("inconclusive: {why}\n{}\n--- the etcd's log:\n{log}", played.subject_log).into());
    }
    let folder = stand::repository().join("snapshots").join(&order.scenario.name);
    let mut settings = insta::Settings::new();
    settings.set_snapshot_path(folder);
    settings.set_prepend_module_to_snapshot(false);
    settings.set_omit_expression(true);
    settings.set_input_file(
        PathBuf::from("../../..").join("scenarios").join(format!("{}.toml", order.scenario.name)),
    );
    let text = snapshot::text(&played.judgement);
    let compared = std::panic::catch_unwind(|| {
        settings.bind(|| insta::assert_snapshot!(order.subject.to_string(), text));
    });
    match compared {
        Ok(()) => Ok(Completion::Completed),
        Err(_) => Err(format!("differs from its snapshot; what happened:\n{}", played.timeline()).into()),
    }
}

/// A snapshot that no scenario owns is a leftover.
fn orphans(library: &Library) -> Result<(), Failed> {
    let snapshots =
        snapshot::Snapshots::at(&stand::repository().join("snapshots")).map_err(|error| error.to_string())?;
    let subjects = Subject::BUILT_IN.map(|subject| subject.to_string());
    let names = library.names();
    let orphans: Vec<_> = snapshots
        .owners()
        .filter(|(scenario, subject)| !names.contains(scenario) || !subjects.contains(subject))
        .map(|(scenario, subject)| format!("{scenario}/{subject}.snap"))
        .collect();
    if orphans.is_empty() { Ok(()) } else { Err(format!("no scenario owns {}", orphans.join(", ")).into()) }
}
