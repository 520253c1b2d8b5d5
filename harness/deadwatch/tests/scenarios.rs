//! Every scenario, on every backend it can run on, with every built-in subject: SCENARIO::BACKEND::SUBJECT.
//!
//! A run's snapshot is the same on every backend. What cannot run here is listed as ignored with the reason;
//! `DEADWATCH_REQUIRE=docker,process,go` makes a missing one a failure.

#![allow(clippy::unwrap_used, clippy::expect_used)]

mod stand;

use std::{collections::BTreeMap, process::ExitCode, time::Duration};

use deadwatch::{
    etcd::{self, Backend, Choice, On, Pull, Search},
    history::Inconclusive,
    report::{
        snapshot::{self, SnapshotState, Snapshots, Update},
        terminal::{Paint, timeline},
    },
    run::{self, Order},
    scenario::{Library, Scenario, Version},
    subject::{self, Subject},
};
use libtest_mimic::{Arguments, Completion, Failed, Trial};
use stand::{Require, Requirement};

/// More threads than cores: real runs mostly wait, and the harness itself limits how many go on at once.
const TEST_THREADS: usize = 20;

/// Where everything runs; what takes longest first.
const BACKENDS: [Backend; 3] = [Backend::Docker, Backend::Process, Backend::Embedded];

/// Programs meet the embedded etcd in scenarios of at most this length.
const LONGEST_FOR_PROGRAMS: Duration = Duration::from_secs(20);

/// Docker runs these folders unless everything is asked for.
const DOCKER_FOLDERS: [&str; 2] = ["auth/", "control/"];

fn main() -> ExitCode {
    deadwatch::reaper::on_signals();
    // As the program does, which is what is tested.
    deadwatch::reaper::supervise_with(env!("CARGO_BIN_EXE_deadwatch"));
    let mut arguments = Arguments::from_args();
    arguments.test_threads.get_or_insert(TEST_THREADS);
    let library = Library::at(&stand::repository().join("scenarios")).expect("the scenarios can be read");
    let mut scenarios: Vec<Scenario> =
        library.names().iter().map(|name| library.load(name).expect("a scenario parses").scenario).collect();
    // What takes longest starts first.
    scenarios.sort_by_key(|scenario| std::cmp::Reverse(scenario.length));
    let require = Require::from_environment();
    let etcds = Etcds::look(&scenarios);
    let mut trials = Vec::new();
    for scenario in &scenarios {
        for backend in BACKENDS {
            let subjects =
                Subject::BUILT_IN.into_iter().filter(|subject| runs_on(scenario, backend, subject));
            trials.extend(subjects.map(|subject| trial(scenario, backend, subject, &etcds, &require)));
        }
    }
    let names = library.names();
    let owners = names.clone();
    trials.push(Trial::test("snapshots::each_belongs_to_a_scenario_and_a_subject", move || orphans(&owners)));
    trials.push(Trial::test("snapshots::the_original_agrees_with_its_retelling", move || agree(&names)));
    libtest_mimic::run(&arguments, trials).exit_code()
}

/// Which of all that could run does so unless everything is asked for.
fn runs_on(scenario: &Scenario, backend: Backend, subject: &Subject) -> bool {
    let everything = std::env::var_os("DEADWATCH_ALL").is_some_and(|value| value == "1");
    // What is not meant where no subject is named is not run anywhere.
    subject.suits(scenario.queue.delivery)
        && (everything
            || match backend {
                Backend::Docker => DOCKER_FOLDERS.iter().any(|folder| scenario.name.starts_with(folder)),
                Backend::Process => true,
                // A program has the wall's time, in which a long scenario takes long.
                Backend::Embedded => *subject != Subject::Original || scenario.length <= LONGEST_FOR_PROGRAMS,
            })
}

/// Which etcd serves which release on which backend; a test never pulls an image.
struct Etcds(BTreeMap<(Backend, Version), Result<Choice, String>>);

impl Etcds {
    fn look(scenarios: &[Scenario]) -> Self {
        let search = Search::here(None, Pull::Never);
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
        let mut found = BTreeMap::new();
        for version in scenarios.iter().map(|scenario| scenario.etcd.version) {
            for backend in BACKENDS {
                found.entry((backend, version)).or_insert_with(|| {
                    let choice = runtime.block_on(etcd::choose(On::Only(backend), version, &search));
                    choice.map_err(|error| format!("could not {error}"))
                });
            }
        }
        Self(found)
    }

    fn get(&self, backend: Backend, version: Version) -> Result<Choice, String> {
        self.0.get(&(backend, version)).cloned().expect("every release was looked for")
    }
}

fn trial(scenario: &Scenario, backend: Backend, subject: Subject, etcds: &Etcds, require: &Require) -> Trial {
    let name = format!("{}::{backend}::{subject}", scenario.name);
    // What its file rules out is nothing that a machine could be required to have.
    if let Some(why) = backend.why_not(&scenario.not_on) {
        let why = format!("not on {backend}: {why}");
        return Trial::ignorable_test(name, move || Ok(Completion::ignored_with(why)));
    }
    let absent = subject::find(&subject, scenario.client_version).map_err(|absent| absent.to_string());
    let needed = if absent.is_err() { Requirement::Go } else { Requirement::of(backend) };
    match absent.and_then(|()| etcds.get(backend, scenario.etcd.version)) {
        Ok(choice) => {
            let order = Order { scenario: scenario.clone(), subject, choice, seed: 0 };
            stand::trial(name, needed, require, None, move || play(&order))
        }
        Err(why) => stand::trial(name, needed, require, Some(why), || Ok(Completion::Completed)),
    }
}

fn play(order: &Order) -> Result<Completion, Failed> {
    let run = run::perform(order)?;
    if let Some(Inconclusive::Unsupported(call)) = &run.judgement.inconclusive {
        return Ok(Completion::ignored_with(format!("{} does not offer {call}", order.subject)));
    }
    if let Some(why) = &run.judgement.inconclusive {
        return Err(format!(
            "inconclusive: {why}\n--- the subject's log:\n{}\n--- the etcd's log:\n{}",
            run.subject_log, run.etcd_log
        )
        .into());
    }
    let snapshots = Snapshots::at(stand::repository().join("snapshots"));
    let (scenario, subject) = (&run.history.scenario.name, &run.history.subject);
    let text = snapshot::text(&run.judgement);
    let state = snapshots.compare(scenario, subject, &text)?;
    let variable = |name| std::env::var(name).ok();
    let update = Update::from_variables(variable("INSTA_UPDATE").as_deref(), variable("CI").as_deref())?;
    if let Some(write_as) = update.writes(&state) {
        snapshots.write(scenario, subject, &text, write_as)?;
    }
    let picture = || timeline(&run.history, &run.judgement, Paint::Plain);
    match state {
        SnapshotState::Match => Ok(Completion::Completed),
        SnapshotState::Differs { expected } => {
            Err(format!("expected, by its snapshot:\n{expected}\nfound:\n{text}\n{}", picture()).into())
        }
        SnapshotState::None => Err(format!("there is no snapshot yet; found:\n{text}\n{}", picture()).into()),
    }
}

/// A snapshot that no scenario owns is a leftover.
fn orphans(names: &[String]) -> Result<(), Failed> {
    let subjects = Subject::BUILT_IN.map(|subject| subject.to_string());
    let owners = Snapshots::at(stand::repository().join("snapshots")).owners()?;
    let owned =
        |owner: &snapshot::Owner| names.contains(&owner.scenario) && subjects.contains(&owner.subject);
    let orphans: Vec<_> = owners.iter().filter(|owner| !owned(owner)).map(ToString::to_string).collect();
    if orphans.is_empty() { Ok(()) } else { Err(format!("no scenario owns {}", orphans.join(", ")).into()) }
}

/// The untouched recipe and its retelling come to the same in every scenario that both can run: outcomes, aftermath,
/// verdict, and items. Only how their calls' texts read may differ, as two languages word a crash differently. Both
/// snapshots are held to real etcds by the trials above.
fn agree(names: &[String]) -> Result<(), Failed> {
    let snapshots = Snapshots::at(stand::repository().join("snapshots"));
    let mut compared = 0;
    let mut disagreements = Vec::new();
    for name in names {
        let of = |subject: Subject| snapshots.text(name, &subject.to_string());
        let (Some(original), Some(naive)) = (of(Subject::Original)?, of(Subject::Naive)?) else { continue };
        compared += 1;
        let (original, naive) = (stand::without_texts(&original), stand::without_texts(&naive));
        if original != naive {
            disagreements.push(format!("{name}: the original\n{original}\nits retelling\n{naive}"));
        }
    }
    match (compared, disagreements.as_slice()) {
        (0, _) => Err("no scenario has a snapshot of both".into()),
        (_, []) => Ok(()),
        (_, some) => Err(some.join("\n").into()),
    }
}
