//! Which etcd serves a run, why not another, and what can be had here at all.

use futures::future::join_all;

#[cfg(feature = "docker")]
use super::docker;
use super::{Availability, Backend, EtcdError, Missing, On, Search, Source, binary, embedded};
use crate::scenario::{EtcdSpec, Version};

/// The etcd that serves a run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Choice {
    /// Where it comes from.
    pub source: Source,
    /// Why the backends that `auto` would rather have taken were not, in words, one line each.
    pub reasons: Vec<String>,
}

impl Choice {
    /// What runs it.
    pub fn backend(&self) -> Backend {
        self.source.backend()
    }
}

/// Whether one version can be had on one backend.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fact {
    /// The release.
    pub version: Version,
    /// The backend.
    pub backend: Backend,
    /// From where, or why not.
    pub availability: Availability,
}

/// Chooses an etcd of that version with one member: the backend that was asked for, or the first of [`Backend::AUTO`].
///
/// # Errors
/// When the version cannot be had; with what was looked for and what to do.
pub async fn choose(on: On, version: Version, search: &Search) -> Result<Choice, EtcdError> {
    choose_for(on, &EtcdSpec::of(version), search).await
}

/// Chooses an etcd that can be what a scenario asks for: the backend that was asked for, or the first of
/// [`Backend::AUTO`].
///
/// # Errors
/// When there is none; with what was looked for and what to do.
pub async fn choose_for(on: On, spec: &EtcdSpec, search: &Search) -> Result<Choice, EtcdError> {
    let version = spec.version;
    let candidates: &[Backend] = match &on {
        On::Auto => &Backend::AUTO,
        On::Only(backend) => std::slice::from_ref(backend),
    };
    let mut missing = Vec::new();
    for &backend in candidates {
        let seen = match lacking(backend, spec) {
            Some(missing) => Availability::Missing(missing),
            None => look(backend, version, search).await,
        };
        match seen {
            Availability::Available(source) => return Ok(chosen(source, &missing)),
            Availability::Missing(reason) => missing.push((backend, reason)),
        }
    }
    Err(refused(on, version, missing))
}

/// What can be had here, for each of these versions and every backend; for `deadwatch doctor`.
pub async fn survey(versions: &[Version], search: &Search) -> Vec<Fact> {
    let pairs = versions.iter().flat_map(|&version| Backend::ALL.map(|backend| (version, backend)));
    join_all(pairs.map(|(version, backend)| async move {
        Fact { version, backend, availability: look(backend, version, search).await }
    }))
    .await
}

async fn look(backend: Backend, version: Version, search: &Search) -> Availability {
    match backend {
        Backend::Embedded => embedded::look(version),
        Backend::Process => binary::look(version, search).await,
        #[cfg(feature = "docker")]
        Backend::Docker => docker::look(version, search).await,
        #[cfg(not(feature = "docker"))]
        Backend::Docker => Availability::Missing(Missing {
            why: "this deadwatch was built without Docker support".to_owned(),
            remedy: "build it with `--features docker`".to_owned(),
        }),
    }
}

/// Why a backend can't be what a scenario asks for, if so.
pub(super) fn lacking(backend: Backend, spec: &EtcdSpec) -> Option<Missing> {
    let flags = match backend {
        Backend::Embedded => embedded::lacking(spec),
        Backend::Process | Backend::Docker => None,
    };
    members_missing(backend, spec.members).or(flags)
}

/// Why a backend cannot have so many members.
fn members_missing(backend: Backend, members: usize) -> Option<Missing> {
    let only = match backend {
        Backend::Process => return None,
        Backend::Embedded => "the embedded etcd is always alone",
        Backend::Docker => "a container has one etcd",
    };
    (members > 1).then(|| Missing {
        why: format!("expected an etcd of {members} members, but {only}"),
        remedy: "run it with `--on process`".to_owned(),
    })
}

fn chosen(source: Source, missing: &[(Backend, Missing)]) -> Choice {
    Choice { source, reasons: reasons(missing) }
}

fn refused(on: On, version: Version, mut missing: Vec<(Backend, Missing)>) -> EtcdError {
    match (on, missing.pop()) {
        (On::Only(_), Some((backend, missing))) => EtcdError::Missing { version, backend, missing },
        (On::Auto | On::Only(_), last) => {
            missing.extend(last);
            EtcdError::NoneAtAll { version, reasons: reasons(&missing) }
        }
    }
}

fn reasons(missing: &[(Backend, Missing)]) -> Vec<String> {
    missing.iter().map(|(backend, missing)| format!("not {backend}: {missing}")).collect()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used)]

    use super::*;

    const VERSION: Version = Version::new(3, 5, 5);

    fn missing(why: &str) -> Missing {
        Missing { why: why.to_owned(), remedy: format!("mend {why}") }
    }

    #[test]
    fn a_choice_says_why_the_backends_before_it_were_not_taken() {
        let source = Source::Binary("/x/etcd".into());
        let choice = chosen(source, &[(Backend::Docker, missing("no daemon"))]);
        assert_eq!(choice.backend(), Backend::Process);
        assert_eq!(choice.reasons, ["not docker: no daemon; mend no daemon"]);
    }

    #[test]
    fn a_backend_that_was_asked_for_and_is_missing_is_an_error_of_its_own() {
        let error =
            refused(On::Only(Backend::Docker), VERSION, vec![(Backend::Docker, missing("no daemon"))]);
        assert_eq!(error.to_string(), "find an etcd 3.5.5 for the backend docker: no daemon; mend no daemon");
    }

    #[test]
    fn when_nothing_is_there_every_backend_has_its_reason() {
        let all = vec![(Backend::Docker, missing("a")), (Backend::Process, missing("b"))];
        assert_eq!(
            refused(On::Auto, VERSION, all).to_string(),
            "find an etcd 3.5.5 for any backend:\nnot docker: a; mend a\nnot process: b; mend b"
        );
    }

    #[tokio::test]
    async fn several_members_are_for_processes_only() {
        let search = Search {
            image: None,
            pull: super::super::Pull::Never,
            folders: vec![],
            built: None,
            path: "".into(),
        };
        let spec = EtcdSpec { members: 3, ..EtcdSpec::of(VERSION) };
        let error = choose_for(On::Only(Backend::Embedded), &spec, &search).await.unwrap_err().to_string();
        assert_eq!(
            error,
            "find an etcd 3.5.5 for the backend embedded: expected an etcd of 3 members, but the embedded etcd is \
             always alone; run it with `--on process`"
        );
        let error = choose_for(On::Auto, &spec, &search).await.unwrap_err().to_string();
        assert!(
            error.contains("not docker: expected an etcd of 3 members, but a container has one"),
            "{error}"
        );
        assert!(error.contains("not process: expected an etcd binary of exactly 3.5.5"), "{error}");
    }

    #[tokio::test]
    async fn the_embedded_etcd_takes_the_flags_that_it_knows() {
        let search = Search {
            image: None,
            pull: super::super::Pull::Never,
            folders: vec![],
            built: None,
            path: "".into(),
        };
        let with = |flag: &str| EtcdSpec { flags: vec![flag.to_owned()], ..EtcdSpec::of(VERSION) };
        for flag in ["--max-txn-ops=16", "--max-request-bytes=9", "--quota-backend-bytes=-1"] {
            assert!(choose_for(On::Only(Backend::Embedded), &with(flag), &search).await.is_ok(), "{flag}");
        }
        let error = choose_for(On::Only(Backend::Embedded), &with("--pre-vote"), &search).await.unwrap_err();
        assert_eq!(
            error.to_string(),
            "find an etcd 3.5.5 for the backend embedded: expected an etcd that takes --pre-vote, but the \
             embedded one takes --max-txn-ops, --max-request-bytes, --quota-backend-bytes; run it with \
             `--on process`"
        );
    }

    #[tokio::test]
    async fn the_embedded_etcd_is_no_release_of_a_line_that_it_does_not_know() {
        let search = Search {
            image: None,
            pull: super::super::Pull::Never,
            folders: vec![],
            built: None,
            path: "".into(),
        };
        let error = choose(On::Only(Backend::Embedded), Version::new(9, 9, 9), &search).await.unwrap_err();
        assert!(error.to_string().contains("expected a release of the lines 3.4 to 3.7"), "{error}");
    }

    #[tokio::test]
    async fn embedded_is_always_there_and_auto_falls_back_to_it_with_reasons() {
        let search = Search {
            image: None,
            pull: super::super::Pull::Never,
            folders: vec![],
            built: None,
            path: "".into(),
        };
        let choice = choose(On::Auto, VERSION, &search).await.unwrap();
        assert_eq!(choice.backend(), Backend::Embedded);
        assert_eq!(choice.reasons.len(), 2, "{:?}", choice.reasons);
    }
}
