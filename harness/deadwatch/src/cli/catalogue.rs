//! `deadwatch list`: the scenarios there are, or the releases that they name.

use std::collections::BTreeSet;

use super::{
    Exit,
    arguments::{Arguments, List},
    complain,
};
use crate::scenario::{Library, Scenario};

/// Prints a line for each scenario or release.
pub(super) fn list(arguments: &Arguments, options: &List) -> Exit {
    let library = match Library::find(arguments.scenarios.as_deref()) {
        Ok(library) => library,
        Err(error) => {
            complain(error);
            return Exit::Usage;
        }
    };
    let mut scenarios: Vec<Scenario> = Vec::new();
    let chosen = |name: &String| {
        options.prefixes.is_empty() || options.prefixes.iter().any(|prefix| name.starts_with(prefix.as_str()))
    };
    for name in library.names().iter().filter(|name| chosen(name)) {
        match library.load(name) {
            Ok(parsed) => scenarios.push(parsed.scenario),
            Err(error) => {
                complain(error);
                return Exit::Usage;
            }
        }
    }
    for line in lines(&scenarios, options) {
        anstream::println!("{line}");
    }
    Exit::Success
}

fn lines(scenarios: &[Scenario], options: &List) -> Vec<String> {
    let releases: BTreeSet<_> = if options.etcds {
        scenarios.iter().map(|scenario| scenario.etcd.version).collect()
    } else if options.clients {
        scenarios.iter().map(|scenario| scenario.client_version).collect()
    } else {
        let width = scenarios.iter().map(|scenario| scenario.name.len()).max().unwrap_or(0);
        return scenarios.iter().map(|one| format!("{:width$}  {}", one.name, one.title)).collect();
    };
    releases.iter().map(ToString::to_string).collect()
}
