//! `deadwatch doctor`: which backends and subjects can run here, and what is missing for the others.

use std::collections::BTreeSet;

use super::{Exit, arguments::Arguments, plan};
use crate::{
    etcd::{self, Availability, Backend, Fact, Pull, Search},
    scenario::{Scenario, Version},
    subject::{self, Subject},
};

/// Says it. Runs nothing.
pub(super) fn doctor(arguments: &Arguments, image: Option<&str>) -> Exit {
    let scenarios = match plan::scenarios(arguments, &[]) {
        Ok(scenarios) => scenarios,
        Err(exit) => return exit,
    };
    let search = Search::here(image.map(str::to_owned), Pull::Allowed);
    let releases: Vec<_> = distinct(&scenarios, |scenario| scenario.etcd.version);
    let runtime = match tokio::runtime::Builder::new_current_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => {
            anstream::eprintln!("deadwatch: could not make a runtime: {error}");
            return Exit::Internal;
        }
    };
    let facts = runtime.block_on(etcd::survey(&releases, &search));
    anstream::println!("Backends, for the etcd releases that the scenarios name:");
    for backend in Backend::ALL {
        describe(backend, &facts);
    }
    anstream::println!("\nSubjects:");
    for release in distinct(&scenarios, |scenario| scenario.client_version) {
        for subject in [Subject::Original] {
            match subject::find(&subject, release) {
                Ok(()) => anstream::println!("  original  clientv3 {release}: can run"),
                Err(absent) => anstream::println!("  original  clientv3 {release}: missing: {absent}"),
            }
        }
    }
    anstream::println!("  naive, checked, resilient: part of this program, can always run");
    anstream::println!("  any command that speaks the line protocol: --subject './my-consumer'");
    Exit::Success
}

fn distinct(scenarios: &[Scenario], release: impl Fn(&Scenario) -> Version) -> Vec<Version> {
    scenarios.iter().map(release).collect::<BTreeSet<_>>().into_iter().collect()
}

fn describe(backend: Backend, facts: &[Fact]) {
    for fact in facts.iter().filter(|fact| fact.backend == backend) {
        let what = match &fact.availability {
            Availability::Available(source) => format!("can run: {source}"),
            Availability::Missing(missing) => format!("missing: {missing}"),
        };
        anstream::println!("  {backend:<9} etcd {:<7} {what}", fact.version.to_string());
    }
}
