//! What the tests that need something real stand on: a name for what they need, and what it means where it is missing.

#![allow(dead_code)]

use std::{collections::BTreeSet, path::PathBuf};

use deadwatch::etcd::Backend;
use libtest_mimic::{Completion, Failed, Trial};

/// The repository's root.
pub fn repository() -> PathBuf {
    let root = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../..");
    root.canonicalize().unwrap_or(root)
}

/// What a test needs, as `DEADWATCH_REQUIRE` names it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Requirement {
    /// A Docker engine and an image.
    Docker,
    /// A real etcd binary.
    Process,
    /// A program built with Go.
    Go,
    /// Somebody else's client of etcd.
    Clients,
}

impl Requirement {
    /// What a backend needs.
    pub fn of(backend: Backend) -> Self {
        match backend {
            Backend::Docker => Self::Docker,
            Backend::Process | Backend::Embedded => Self::Process,
        }
    }
}

/// What must not be missing here: a missing one is a failure, not an ignored test.
#[derive(Clone, Debug)]
pub struct Require(BTreeSet<Requirement>);

impl Require {
    /// What `DEADWATCH_REQUIRE` names.
    ///
    /// # Panics
    /// At a name that is not known, which would else require nothing in silence.
    pub fn from_environment() -> Self {
        let text = std::env::var("DEADWATCH_REQUIRE").unwrap_or_default();
        let names = text.split(',').map(str::trim).filter(|name| !name.is_empty());
        Self(
            names
                .map(|name| match name {
                    "docker" => Requirement::Docker,
                    "process" => Requirement::Process,
                    "go" => Requirement::Go,
                    "clients" => Requirement::Clients,
                    other => {
                        panic!("DEADWATCH_REQUIRE: expected docker, process, go or clients, found {other:?}")
                    }
                })
                .collect(),
        )
    }
}

/// A test that needs something: ignored with the reason where it is missing, a failure where it is required.
pub fn trial(
    name: impl Into<String>,
    requirement: Requirement,
    require: &Require,
    missing: Option<String>,
    test: impl FnOnce() -> Result<Completion, Failed> + Send + 'static,
) -> Trial {
    match missing {
        None => Trial::ignorable_test(name, test),
        Some(why) if require.0.contains(&requirement) => {
            Trial::test(name, move || Err(format!("required, and missing: {why}").into()))
        }
        // nextest counts a test that says so itself as passed, and has no place for a reason.
        Some(_) if std::env::var_os("NEXTEST").is_some() => {
            Trial::ignorable_test(name, test).with_ignored_flag(true)
        }
        Some(why) => Trial::ignorable_test(name, move || Ok(Completion::ignored_with(why))),
    }
}

/// A snapshot's text without the lines that tell how a call's death or error reads.
pub fn without_texts(snapshot: &str) -> String {
    let told = |line: &&str| !["  died: ", "  error: "].iter().any(|text| line.starts_with(text));
    snapshot.lines().filter(told).collect::<Vec<_>>().join("\n")
}
