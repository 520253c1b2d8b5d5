//! What an invocation asks for, turned into runs: which scenarios, which subjects, which etcd for each.

use std::collections::BTreeMap;

use super::{
    Exit,
    arguments::{Arguments, Place},
    complain,
};
use crate::{
    etcd::{self, Choice, Pull, Search},
    run::Order,
    scenario::{Library, Scenario, Version},
    subject::{self, Subject},
};

/// The runs to be made, and those that can't be.
#[derive(Debug, Default)]
pub(super) struct Plan {
    /// What runs.
    pub(super) orders: Vec<Order>,
    /// What does not.
    pub(super) ignored: Vec<Ignored>,
    /// Why `auto` took what it took, a line for each release.
    pub(super) taken: Vec<String>,
}

/// A run that can't be made here.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Ignored {
    /// Its scenario's name.
    pub(super) scenario: String,
    /// Its subject's name.
    pub(super) subject: String,
    /// Why, and what to do.
    pub(super) why: String,
}

/// The scenarios that are meant; none named: all there are.
///
/// # Errors
/// A name is unknown, or a file is no scenario; that has been said.
pub(super) fn scenarios(arguments: &Arguments, named: &[String]) -> Result<Vec<Scenario>, Exit> {
    let library = Library::find(arguments.scenarios.as_deref()).map_err(usage)?;
    let names = if named.is_empty() { library.names() } else { named.to_vec() };
    let mut scenarios = Vec::new();
    for name in names {
        let parsed = library.load(&name).map_err(usage)?;
        for warning in parsed.warnings {
            complain(warning);
        }
        scenarios.push(parsed.scenario);
    }
    Ok(scenarios)
}

/// The subjects that are meant; none named: those built in.
///
/// # Errors
/// A value names nothing; that has been said.
pub(super) fn subjects(values: &[String]) -> Result<Vec<Subject>, Exit> {
    if values.is_empty() {
        return Ok(Subject::BUILT_IN.to_vec());
    }
    let mut subjects = Vec::new();
    for value in values {
        subjects
            .extend(Subject::parse_list(value).map_err(|error| usage(miette::miette!("could not {error}")))?);
    }
    Ok(subjects)
}

/// Says what is wrong with the usage.
fn usage(error: impl Into<miette::Report>) -> Exit {
    complain(error);
    Exit::Usage
}

/// Chooses an etcd for each scenario, and pairs each with each subject.
///
/// # Errors
/// The operating system gave no runtime.
pub(super) fn plan(
    scenarios: &[Scenario],
    subjects: &[Subject],
    place: &Place,
    seed: u64,
) -> Result<Plan, Exit> {
    let search = Search::here(place.image.clone(), Pull::Allowed);
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().map_err(|error| {
        anstream::eprintln!("deadwatch: could not make a runtime: {error}");
        Exit::Internal
    })?;
    let mut choices: BTreeMap<Version, Result<Choice, String>> = BTreeMap::new();
    for scenario in scenarios {
        let version = scenario.etcd.version;
        choices.entry(version).or_insert_with(|| {
            let choice = runtime.block_on(etcd::choose(place.on, version, &search));
            choice.map_err(|error| format!("could not {error}"))
        });
    }
    let mut plan = Plan::default();
    for (version, choice) in &choices {
        if let Ok(choice) = choice {
            plan.taken.push(format!("{} {version}: {}", choice.backend(), choice.source));
            plan.taken.extend(choice.reasons.iter().map(|reason| format!("  {reason}")));
        }
    }
    for scenario in scenarios {
        for subject in subjects {
            match order(scenario, subject, choices.get(&scenario.etcd.version), seed) {
                Ok(order) => plan.orders.push(order),
                Err(why) => plan.ignored.push(Ignored {
                    scenario: scenario.name.clone(),
                    subject: subject.to_string(),
                    why,
                }),
            }
        }
    }
    Ok(plan)
}

fn order(
    scenario: &Scenario,
    subject: &Subject,
    choice: Option<&Result<Choice, String>>,
    seed: u64,
) -> Result<Order, String> {
    subject::find(subject, scenario.client_version).map_err(|missing| missing.to_string())?;
    let choice = choice.cloned().unwrap_or_else(|| Err("no etcd was looked for".to_owned()))?;
    Ok(Order { scenario: scenario.clone(), subject: subject.clone(), choice, seed })
}

impl Plan {
    /// Says on stderr what does not run, each reason once.
    pub(super) fn say_ignored(&self) {
        let mut by_reason: BTreeMap<&str, Vec<String>> = BTreeMap::new();
        for ignored in &self.ignored {
            by_reason
                .entry(&ignored.why)
                .or_default()
                .push(format!("{}::{}", ignored.scenario, ignored.subject));
        }
        for (why, runs) in by_reason {
            let more = runs.len().saturating_sub(1);
            let others = if more == 0 { String::new() } else { format!(" and {more} more") };
            anstream::eprintln!("ignored {}{others}: {why}", runs.first().map_or("", String::as_str));
        }
    }
}
