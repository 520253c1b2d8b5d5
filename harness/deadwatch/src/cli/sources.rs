//! The files that the scenarios of an invocation were read from, for the reports that show or name them.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    path::PathBuf,
};

use super::plan;
use crate::{
    report::Source,
    scenario::{Library, Scenario},
};

/// The files of these scenarios, which were loaded by those names, by what the scenarios are called; none of a scenario that is built into this program, nor of two files that go by
/// one name.
pub(super) fn of(library: &Library, named: &[String], scenarios: &[Scenario]) -> BTreeMap<String, Source> {
    let mut sources = BTreeMap::new();
    let mut twice = BTreeSet::new();
    let known = library.names();
    for (name, scenario) in plan::named(library, named).into_iter().zip(scenarios) {
        let path = match library.folder() {
            Some(folder) if known.contains(&name) => folder.join(format!("{name}.toml")),
            // Built in.
            None if known.contains(&name) => continue,
            Some(_) | None => PathBuf::from(&name),
        };
        let Ok(text) = fs::read_to_string(&path) else { continue };
        let source = Source { path: path.display().to_string(), text };
        let scenario = scenario.name.clone();
        match sources.insert(scenario.clone(), source.clone()) {
            Some(other) if other != source => {
                twice.insert(scenario);
            }
            Some(_) | None => {}
        }
    }
    sources.retain(|scenario, _| !twice.contains(scenario));
    sources
}
