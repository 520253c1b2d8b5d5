//! `deadwatch list`: the scenarios there are, or the releases that they name.

use std::collections::BTreeSet;

use super::{
    Exit,
    arguments::{Arguments, List},
    output::{complain, print},
    plan,
};
use crate::scenario::Scenario;

/// Prints a line for each scenario or release. A file that is no scenario is told of, and the others are listed.
pub(super) fn list(arguments: &Arguments, options: &List) -> Exit {
    let library = match plan::library(arguments) {
        Ok(library) => library,
        Err(exit) => return exit,
    };
    let names = library.names();
    let mut exit = Exit::Success;
    for prefix in &options.prefixes {
        if !names.iter().any(|name| name.starts_with(prefix.as_str())) {
            complain(miette::miette!(
                help = "`deadwatch list` names them all",
                "there is no scenario whose name begins with {prefix:?}"
            ));
            exit = Exit::Usage;
        }
    }
    let mut scenarios: Vec<Scenario> = Vec::new();
    for name in names.iter().filter(|name| chosen(name, &options.prefixes)) {
        match library.load(name) {
            Ok(parsed) => scenarios.push(parsed.scenario),
            Err(error) => {
                complain(error);
                exit = Exit::Usage;
            }
        }
    }
    let lines: String = lines(&scenarios, options).into_iter().map(|line| line + "\n").collect();
    exit.min(print(&lines))
}

fn chosen(name: &str, prefixes: &[String]) -> bool {
    prefixes.is_empty() || prefixes.iter().any(|prefix| name.starts_with(prefix.as_str()))
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
