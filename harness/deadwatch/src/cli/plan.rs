//! What an invocation asks for, turned into runs: which scenarios, which subjects, which etcd for each.

use std::collections::BTreeMap;

use super::{
    Exit,
    arguments::{Arguments, Place},
    output::{complain, tell},
};
use crate::{
    etcd::{self, Backend, Choice, On, Pull, Search},
    report::{Case, Unmade},
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
    /// Which etcd serves which release.
    pub(super) choices: BTreeMap<Version, Choice>,
}

/// A run that can't be made here.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Ignored {
    /// Its scenario's name.
    pub(super) scenario: String,
    /// Its subject's name.
    pub(super) subject: String,
    /// The backend that was taken, or asked for where none could be.
    pub(super) backend: String,
    /// Its scenario's etcd.
    pub(super) etcd: Version,
    /// Its scenario's client generation.
    pub(super) client: Version,
    /// Why, and what to do.
    pub(super) why: String,
}

impl Ignored {
    /// It as a report has it.
    pub(super) fn case(&self) -> Case<'_> {
        let Self { scenario, subject, backend, why, .. } = self;
        Case::Ignored(Unmade { scenario, backend, subject, reason: why })
    }
}

/// The scenarios to choose from.
///
/// # Errors
/// The folder can't be read or holds none; that has been said.
pub(super) fn library(arguments: &Arguments) -> Result<Library, Exit> {
    Library::find(arguments.scenarios.as_deref()).map_err(usage)
}

/// The names of the scenarios that are meant; none named: all there are.
pub(super) fn named(library: &Library, named: &[String]) -> Vec<String> {
    if named.is_empty() { library.names() } else { named.to_vec() }
}

/// The scenarios that are meant; none named: all there are.
///
/// # Errors
/// A name is unknown, or a file is no scenario; that has been said of each.
pub(super) fn scenarios(library: &Library, named: &[String]) -> Result<Vec<Scenario>, Exit> {
    let names = self::named(library, named);
    let mut scenarios = Vec::new();
    let mut bad = None;
    for name in names {
        match library.load(&name) {
            Ok(parsed) => {
                parsed.warnings.into_iter().for_each(complain);
                scenarios.push(parsed.scenario);
            }
            Err(error) => bad = Some(usage(error)),
        }
    }
    bad.map_or(Ok(scenarios), Err)
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
        let meant =
            Subject::parse_list(value).map_err(|error| usage(miette::miette!("could not {error}")))?;
        if let [Subject::Command(_)] = meant.as_slice()
            && let Some(name) = nearest_built_in(value)
        {
            tell(format_args!(
                "note: `{value}` is taken for a command, as it is no list of built-in names; did you mean {name}?"
            ));
        }
        subjects.extend(meant);
    }
    Ok(subjects)
}

/// The built-in name that is misspelt in a list of names, if one is.
fn nearest_built_in(value: &str) -> Option<String> {
    let built_in = Subject::BUILT_IN.map(|subject| subject.to_string());
    value.split(',').map(str::trim).find_map(|word| {
        let near = |name: &&String| (1..=2).contains(&strsim::damerau_levenshtein(word, name));
        built_in.iter().find(near).cloned()
    })
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
        tell(format_args!("deadwatch: could not make a runtime: {error}"));
        Exit::Internal
    })?;
    let mut looked_for: BTreeMap<(String, Version), Result<Choice, String>> = BTreeMap::new();
    let mut choose = |on: On, version: Version| {
        let choice = looked_for.entry((on.to_string(), version)).or_insert_with(|| {
            let choice = runtime.block_on(etcd::choose(on, version, &search));
            choice.map_err(|error| format!("could not {error}"))
        });
        choice.clone()
    };
    let mut plan = Plan::default();
    for scenario in scenarios {
        let choice = choice(scenario, place.on, &mut choose);
        if let Ok(choice) = &choice {
            plan.choices.entry(scenario.etcd.version).or_insert_with(|| choice.clone());
        }
        // Who names none means those that suit.
        let is_meant =
            |subject: &&Subject| subjects != Subject::BUILT_IN || subject.suits(scenario.queue.delivery);
        for subject in subjects.iter().filter(is_meant) {
            match order(scenario, subject, choice.clone(), seed) {
                Ok(order) => plan.orders.push(order),
                Err(why) => plan.ignored.push(Ignored {
                    scenario: scenario.name.clone(),
                    subject: subject.to_string(),
                    backend: match &choice {
                        Ok(choice) => choice.backend().to_string(),
                        Err(_) => place.on.to_string(),
                    },
                    etcd: scenario.etcd.version,
                    client: scenario.client_version,
                    why,
                }),
            }
        }
    }
    Ok(plan)
}

/// The etcd for a scenario: none on a backend on which its file says that it can't be staged.
fn choice(
    scenario: &Scenario,
    on: On,
    choose: &mut impl FnMut(On, Version) -> Result<Choice, String>,
) -> Result<Choice, String> {
    let version = scenario.etcd.version;
    let why_not =
        |backend: &Backend| backend.why_not(&scenario.not_on).map(|why| format!("not {backend}: {why}"));
    match on {
        On::Only(backend) => match why_not(&backend) {
            Some(why) => Err(why),
            None => choose(on, version),
        },
        On::Auto if Backend::AUTO.iter().all(|backend| why_not(backend).is_none()) => choose(on, version),
        On::Auto => {
            let mut reasons = Vec::new();
            for backend in Backend::AUTO {
                let found = why_not(&backend).map_or_else(|| choose(On::Only(backend), version), Err);
                match found {
                    Ok(choice) => return Ok(Choice { reasons, ..choice }),
                    Err(why) => reasons.push(why),
                }
            }
            Err(reasons.join("\n"))
        }
    }
}

/// Without an etcd nothing runs, whatever the subject: that is said first.
fn order(
    scenario: &Scenario,
    subject: &Subject,
    choice: Result<Choice, String>,
    seed: u64,
) -> Result<Order, String> {
    let choice = choice?;
    subject::find(subject, scenario.client_version).map_err(|missing| missing.to_string())?;
    Ok(Order { scenario: scenario.clone(), subject: subject.clone(), choice, seed })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_misspelt_built_in_name_is_noticed() {
        assert_eq!(nearest_built_in("nave").as_deref(), Some("naive"));
        assert_eq!(nearest_built_in("naive, orignal").as_deref(), Some("original"));
        assert_eq!(nearest_built_in("./my-consumer --fast"), None);
        assert_eq!(nearest_built_in("python3"), None);
    }
}
