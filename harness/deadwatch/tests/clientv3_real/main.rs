//! The client layer and the recipe on it, against real etcds, and beside the recipe itself.
//!
//! Ignored where the binary of a release is missing (`target/etcd/VERSION/etcd`), unless `DEADWATCH_REQUIRE` holds
//! `process`: then it fails.
#![allow(clippy::unwrap_used, clippy::expect_used)]

mod duel;
mod etcd;
mod subject;
mod watch;

use std::process::ExitCode;

use libtest_mimic::{Arguments, Failed, Trial};

fn main() -> ExitCode {
    let trials = [watch::trials(), subject::trials(), duel::trials()].into_iter().flatten().collect();
    let mut arguments = Arguments::from_args();
    // They mostly wait for tokens to die.
    arguments.test_threads.get_or_insert(10);
    libtest_mimic::run(&arguments, trials).exit_code()
}

/// A test on one release of etcd.
fn trial<F>(name: &str, version: &'static str, body: impl FnOnce(&'static str) -> F + Send + 'static) -> Trial
where
    F: Future<Output = ()>,
{
    runs(format!("{name}::{version}"), etcd::lacks(version), move || body(version))
}

/// A test that is ignored where it lacks something, and fails where `DEADWATCH_REQUIRE` holds the word for that.
fn runs<F>(
    name: String,
    lacks: Option<(&'static str, String)>,
    body: impl FnOnce() -> F + Send + 'static,
) -> Trial
where
    F: Future<Output = ()>,
{
    let requires = std::env::var("DEADWATCH_REQUIRE").unwrap_or_default();
    let required = |word: &str| requires.split(',').any(|required| required.trim() == word);
    let ignored = lacks.as_ref().is_some_and(|(word, _)| !required(word));
    let name = match &lacks {
        Some((_, what)) => format!("{name} ({what})"),
        None => name,
    };
    Trial::test(name, move || {
        if let Some((_, what)) = lacks {
            return Err(Failed::from(what));
        }
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        runtime.block_on(body());
        Ok(())
    })
    .with_ignored_flag(ignored)
}
