//! The words in which every report says what ran where, and what it came to.

use crate::{
    scenario::Scenario,
    verdict::{Aftermath, Judgement, Outcome},
};

/// What ran where: `auth/story on etcd 3.5.5 (process), clientv3 3.5.11, a token lives 5 s`.
pub(super) fn setting(scenario: &Scenario, subject: Option<&str>, backend: &str) -> String {
    let what =
        subject.map_or_else(|| scenario.name.clone(), |subject| format!("{}: {subject}", scenario.name));
    format!("{what} on {}", circumstances(scenario, backend))
}

/// On what a run was made: `etcd 3.5.5 (process), clientv3 3.5.11, a token lives 5 s`.
pub(super) fn circumstances(scenario: &Scenario, backend: &str) -> String {
    let token = match scenario.etcd.token_ttl {
        Some(ttl) => format!("a token lives {} s", ttl.as_secs()),
        None => "no authentication".to_owned(),
    };
    format!("{}, clientv3 {}, {token}", etcd_of(scenario, backend), scenario.client_version)
}

/// The etcd of a run, so that nobody takes a model for the real thing.
fn etcd_of(scenario: &Scenario, backend: &str) -> String {
    let release = scenario.etcd.version;
    match backend {
        "embedded" => format!("the embedded etcd, as {release}"),
        real => format!("etcd {release} ({real})"),
    }
}

/// `error`, `error, then deaf (1)`, `-`: outcome and aftermath in short.
pub(super) fn in_short(judgement: &Judgement) -> String {
    match (judgement.outcome, &judgement.aftermath) {
        (Some(outcome), Some(aftermath @ Aftermath::Deaf(_))) => format!("{outcome}, then {aftermath}"),
        (Some(Outcome::Error), Some(aftermath @ Aftermath::Dead)) => format!("error, then {aftermath}"),
        (Some(outcome), _) => outcome.to_string(),
        (None, _) => "-".to_owned(),
    }
}
