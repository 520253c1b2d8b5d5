//! Nothing is left of a run, however it ends: no etcd, no program under test, no container, no folder.
//!
//! The program is run with a temporary folder of its own, in which all that it starts lies or works: what is left is
//! seen there, and in the command lines and environments of processes that name it.

#![allow(clippy::unwrap_used, clippy::expect_used)]

mod containers;
mod crashes;
mod ends;
mod interrupted;
#[cfg(target_os = "linux")]
mod keeper;
mod leftovers;
#[cfg(target_os = "linux")]
mod library;
mod panics;

#[path = "../desk/mod.rs"]
mod desk;
#[path = "../stand/mod.rs"]
mod stand;

use std::process::ExitCode;

use deadwatch::{
    etcd::{Backend, Choice, On, Pull, Search, choose},
    scenario::Version,
};
use libtest_mimic::Arguments;

/// The story's server.
const STORY: Version = Version::new(3, 5, 5);

/// A run mostly waits.
const TEST_THREADS: usize = 8;

fn main() -> ExitCode {
    // This very program, started by a test below to fail.
    if std::env::var_os(panics::TASK).is_some() {
        return panics::run();
    }
    #[cfg(target_os = "linux")]
    if std::env::var_os(library::TASK).is_some() {
        return library::run();
    }
    let mut arguments = Arguments::from_args();
    arguments.test_threads.get_or_insert(TEST_THREADS);
    let trials = [
        interrupted::trials(),
        ends::trials(),
        crashes::trials(),
        panics::trials(),
        containers::trials(),
        #[cfg(target_os = "linux")]
        keeper::trials(),
        #[cfg(target_os = "linux")]
        library::trials(),
    ];
    libtest_mimic::run(&arguments, trials.into_iter().flatten().collect()).exit_code()
}

/// The story's etcd on a backend, or why it is not here.
fn etcd(backend: Backend, image: Option<&str>) -> Result<Choice, String> {
    let search = Search::here(image.map(str::to_owned), Pull::Never);
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(choose(On::Only(backend), STORY, &search)).map_err(|error| format!("could not {error}"))
}
