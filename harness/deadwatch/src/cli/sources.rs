//! The files that the scenarios of an invocation were read from, for the reports that show or name them.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    path::PathBuf,
};

use super::plan;
use crate::{report::Source, scenario::Library};

/// The files by the scenarios' names; none of a scenario that is built into this program, nor of two files that go by
/// one name.
pub(super) fn of(library: &Library, named: &[String]) -> BTreeMap<String, Source> {
    let mut sources = BTreeMap::new();
    let mut twice = BTreeSet::new();
    for name in plan::named(library, named) {
        let Ok(parsed) = library.load(&name) else { continue };
        let path = match library.folder() {
            Some(folder) if library.names().contains(&name) => folder.join(format!("{name}.toml")),
            // Built in.
            None if library.names().contains(&name) => continue,
            Some(_) | None => PathBuf::from(&name),
        };
        let Ok(text) = fs::read_to_string(&path) else { continue };
        let source = Source { path: path.display().to_string(), text };
        let scenario = parsed.scenario.name;
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
