//! The command line as its user runs it on a real etcd: what is printed of runs, their exit, and what they keep.

#![allow(clippy::unwrap_used, clippy::expect_used)]

mod json;
mod programs;
mod recording;
mod snapshots;
mod terminal;

#[path = "../desk/mod.rs"]
mod desk;
#[path = "../stand/mod.rs"]
mod stand;

use std::{path::PathBuf, process::ExitCode};

use deadwatch::{
    etcd::{Backend, On, Pull, Search, Source, choose},
    scenario::Version,
};
use desk::Desk;
use libtest_mimic::{Arguments, Completion, Trial};
use stand::{Require, Requirement};

/// The release of `auth/quick`, which all these runs are on.
const RELEASE: Version = Version::new(3, 5, 5);

/// A run mostly waits.
const TEST_THREADS: usize = 12;

/// A scenario of half a second in which nothing happens.
const CALM: &str = r#"title = "Calm"
[etcd]
version = "3.5.5"
[[consumer]]
[run]
length = "500ms"
"#;

fn main() -> ExitCode {
    let mut arguments = Arguments::from_args();
    arguments.test_threads.get_or_insert(TEST_THREADS);
    let trials =
        [json::trials(), programs::trials(), recording::trials(), snapshots::trials(), terminal::trials()];
    libtest_mimic::run(&arguments, trials.into_iter().flatten().collect()).exit_code()
}

/// A test at a desk with a real etcd.
fn trial(name: &str, test: impl FnOnce(&Desk) + Send + 'static) -> Trial {
    let binary = etcd();
    let missing = binary.as_ref().err().cloned();
    stand::trial(
        format!("process::{name}"),
        Requirement::Process,
        &Require::from_environment(),
        missing,
        || {
            let desk = Desk::empty();
            desk.place_etcd(&RELEASE.to_string(), &binary.map_err(libtest_mimic::Failed::from)?);
            test(&desk);
            Ok(Completion::Completed)
        },
    )
}

fn etcd() -> Result<PathBuf, String> {
    let search = Search::here(None, Pull::Never);
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    match runtime.block_on(choose(On::Only(Backend::Process), RELEASE, &search)) {
        Ok(choice) => match choice.source {
            Source::Binary(path) => Ok(path.canonicalize().unwrap()),
            other => Err(format!("found {other}")),
        },
        Err(error) => Err(format!("could not {error}")),
    }
}
