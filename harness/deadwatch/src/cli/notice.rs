//! What is told of a plan on stderr: which etcd was taken and why not another, and what can't run, and why.

use std::{collections::BTreeMap, io::stderr};

use super::{
    alike::alike,
    output::{width, wrapped},
    plan::{Ignored, Plan},
};
use crate::{
    etcd::{Choice, Source},
    history::Inconclusive,
    run::Run,
    scenario::Version,
};

/// So many runs are named one by one.
const NAMED: usize = 4;

/// So many lines of a log are shown.
const LOG_LINES: usize = 10;

/// Which etcd serves each release, and why the backends that `auto` would rather have taken do not.
pub(super) fn taken(choices: &BTreeMap<Version, Choice>) -> Vec<String> {
    let mut lines: Vec<_> = choices
        .iter()
        .map(|(release, choice)| match &choice.source {
            Source::Embedded => format!("embedded etcd, as {release}"),
            source => format!("etcd {release}: {}, {source}", choice.backend()),
        })
        .collect();
    let reasons = choices.iter().flat_map(|(release, choice)| {
        choice.reasons.iter().map(|reason| (*release, *release, reason.clone()))
    });
    for group in alike(reasons) {
        lines.extend(wrapped(&group.text, width(&stderr()), "  ", "    "));
    }
    lines
}

/// What does not run here, each reason once.
pub(super) fn ignored(plan: &Plan) -> Vec<String> {
    let mut lines = Vec::new();
    let said = plan.ignored.iter().map(|ignored| (ignored, ignored.etcd, ignored.why.clone()));
    for group in alike(said) {
        lines.extend(wrapped(&named(&group.of), width(&stderr()), "ignored: ", "    "));
        let about = match group.releases.as_slice() {
            [] | [_] => String::new(),
            _ => format!("for etcd {}: ", group.of_releases()),
        };
        lines.extend(wrapped(&format!("{about}{}", group.text), width(&stderr()), "  ", "    "));
    }
    lines
}

fn named(runs: &[&Ignored]) -> String {
    let names: Vec<_> =
        runs.iter().take(NAMED).map(|run| format!("{}::{}", run.scenario, run.subject)).collect();
    match runs.len().saturating_sub(NAMED) {
        0 => names.join(", "),
        more => format!("{} and {more} more", names.join(", ")),
    }
}

/// A run that the subject does not offer, in one line.
pub(super) fn not_offered(run: &Run, why: &Inconclusive) -> String {
    format!("ignored: {}: {why}", name(run))
}

/// What a run is called: `SCENARIO::BACKEND::SUBJECT`.
pub(super) fn name(run: &Run) -> String {
    let history = &run.history;
    format!("{}::{}::{}", history.scenario.name, history.backend, history.subject)
}

/// The ends of the logs that may tell why a run went as it did.
pub(super) fn logs(run: &Run) -> Vec<String> {
    let etcds = match &run.judgement.inconclusive {
        Some(Inconclusive::Control(_) | Inconclusive::Backend(_)) => {
            end_of("the etcd's log", run, &run.etcd_log)
        }
        _ => Vec::new(),
    };
    [end_of("the subject's standard error", run, &run.subject_log), etcds].concat()
}

fn end_of(what: &str, run: &Run, log: &str) -> Vec<String> {
    let lines: Vec<_> = log.lines().collect();
    if lines.is_empty() {
        return Vec::new();
    }
    let end = lines.get(lines.len().saturating_sub(LOG_LINES)..).unwrap_or_default();
    let head = format!("{}: {what} ends with:", name(run));
    std::iter::once(head).chain(end.iter().map(|line| format!("  | {line}"))).collect()
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used)]
mod tests {
    use super::*;
    use crate::etcd::Source;

    fn ignored_run(scenario: &str, etcd: Version) -> Ignored {
        let why = format!("could not find an etcd {etcd}; build one with `just etcd {etcd}`");
        let backend = "process".to_owned();
        let (subject, client) = ("naive".to_owned(), Version::new(3, 5, 11));
        Ignored { scenario: scenario.to_owned(), subject, backend, etcd, client, why }
    }

    #[test]
    fn a_reason_that_holds_for_several_releases_is_told_once() {
        let ignored_runs = vec![
            ignored_run("auth/quick", Version::new(3, 5, 5)),
            ignored_run("auth/newest-server", Version::new(3, 7, 3)),
        ];
        let plan = Plan { ignored: ignored_runs, ..Plan::default() };
        assert_eq!(
            ignored(&plan),
            [
                "ignored: auth/quick::naive, auth/newest-server::naive",
                "  for etcd 3.5.5, 3.7.3: could not find an etcd VERSION; build one with `just etcd VERSION`",
            ]
        );
    }

    #[test]
    fn of_many_runs_only_some_are_named() {
        let release = Version::new(3, 5, 5);
        let runs: Vec<_> = ["a", "b", "c", "d", "e", "f"].map(|name| ignored_run(name, release)).into();
        let plan = Plan { ignored: runs, ..Plan::default() };
        assert_eq!(ignored(&plan)[0], "ignored: a::naive, b::naive, c::naive, d::naive and 2 more");
    }

    #[test]
    fn what_was_taken_is_told_with_why_not_the_others() {
        let choice = |path: &str| Choice {
            source: Source::Binary(path.into()),
            reasons: vec!["not docker: no daemon; start one".to_owned()],
        };
        let choices = BTreeMap::from([
            (Version::new(3, 5, 5), choice("/x/3.5.5/etcd")),
            (Version::new(3, 7, 3), choice("/x/3.7.3/etcd")),
        ]);
        assert_eq!(
            taken(&choices),
            [
                "etcd 3.5.5: process, /x/3.5.5/etcd",
                "etcd 3.7.3: process, /x/3.7.3/etcd",
                "  not docker: no daemon; start one",
            ]
        );
    }
}
