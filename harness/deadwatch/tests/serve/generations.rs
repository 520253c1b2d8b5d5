//! The untouched recipe built against the newest clientv3, on the embedded etcd: every scenario.
//!
//! The tests of the scenarios run it as each scenario names it, which is 3.5.11 for most. Here only the words of errors
//! may differ, which are not the same in all releases of gRPC. The recipe's siblings are left out: `Barrier.Wait` does
//! something else from 3.6 on.

use std::time::Duration;

use deadwatch::{
    etcd::{self, Backend, On, Pull, Search},
    history::Inconclusive,
    report::{
        snapshot::{self, Snapshots},
        terminal::{Paint, timeline},
    },
    run::{self, Order},
    scenario::{Library, Scenario, Version},
    subject::{self, Subject},
};
use libtest_mimic::{Completion, Failed, Trial};

use crate::stand::{self, Require, Requirement};

const NEWEST: Version = Version::new(3, 7, 3);

/// A program has the wall's time, in which a long scenario takes long.
const LONGEST: Duration = Duration::from_secs(20);

/// Where the newest client does something else than the one that a scenario names, and which scenario tells what.
const OTHERWISE: [(&str, &str); 1] = [
    // Only clientv3 3.5.6 (and 3.4.22 to 3.4.24) takes a refused watch to a new stream. Without that it is the story.
    ("auth/retrying-client", "auth/quick"),
];

/// The folder of the recipe's siblings.
const SIBLINGS: &str = "recipes/";

/// Every scenario that is short enough.
pub fn trials(require: &Require) -> Vec<Trial> {
    let library = Library::at(&stand::repository().join("scenarios")).expect("the scenarios can be read");
    let scenarios = library.names().into_iter().map(|name| library.load(&name).expect("it parses").scenario);
    let staged = |scenario: &Scenario| Backend::Embedded.why_not(&scenario.not_on).is_none();
    let meant = |scenario: &Scenario| scenario.length <= LONGEST && !scenario.name.starts_with(SIBLINGS);
    scenarios
        .filter(|scenario| staged(scenario) && meant(scenario))
        .map(|scenario| trial(scenario, require))
        .collect()
}

fn trial(mut scenario: Scenario, require: &Require) -> Trial {
    scenario.client_version = NEWEST;
    let name = format!("generations::{}::original-{NEWEST}", scenario.name);
    let absent = subject::find(&Subject::Original, NEWEST).err().map(|absent| absent.to_string());
    stand::trial(name, Requirement::Go, require, absent, move || play(scenario))
}

fn play(scenario: Scenario) -> Result<Completion, Failed> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let embedded = On::Only(Backend::Embedded);
    let search = Search::here(None, Pull::Never);
    let choice = runtime.block_on(etcd::choose(embedded, scenario.etcd.version, &search))?;
    let told_by = OTHERWISE.iter().find(|(name, _)| *name == scenario.name);
    let told_by = told_by.map_or_else(|| scenario.name.clone(), |(_, instead)| (*instead).to_owned());
    let run = run::perform(&Order { scenario, subject: Subject::Original, choice, seed: 0 })?;
    if let Some(Inconclusive::Unsupported(call)) = &run.judgement.inconclusive {
        return Ok(Completion::ignored_with(format!("the original does not offer {call}")));
    }
    if let Some(why) = &run.judgement.inconclusive {
        return Err(format!("inconclusive: {why}\n{}\n{}", run.subject_log, run.etcd_log).into());
    }
    let snapshots = Snapshots::at(stand::repository().join("snapshots"));
    let text = snapshot::text(&run.judgement);
    let Some(expected) = snapshots.text(&told_by, &Subject::Original.to_string())? else {
        return Err(format!("{told_by} has no snapshot").into());
    };
    if stand::without_texts(&expected) == stand::without_texts(&text) {
        return Ok(Completion::Completed);
    }
    let picture = timeline(&run.history, &run.judgement, Paint::Plain);
    Err(format!("expected, by {told_by}:\n{expected}\nfound:\n{text}\n{picture}").into())
}
