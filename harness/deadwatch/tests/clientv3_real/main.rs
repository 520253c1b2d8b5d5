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
    let lacks = (!etcd::binary(version).is_file()).then(|| format!("no etcd {version} built"));
    runs(format!("{name}::{version}"), lacks, &["process"], move || body(version))
}

/// A test that is ignored where it lacks something, and fails where `DEADWATCH_REQUIRE` holds one of these words.
fn runs<F>(
    name: String,
    lacks: Option<String>,
    required_as: &[&str],
    body: impl FnOnce() -> F + Send + 'static,
) -> Trial
where
    F: Future<Output = ()>,
{
    let required = std::env::var("DEADWATCH_REQUIRE")
        .is_ok_and(|list| list.split(',').any(|word| required_as.contains(&word.trim())));
    let ignored = lacks.is_some() && !required;
    let name = match &lacks {
        Some(what) => format!("{name} ({what})"),
        None => name,
    };
    Trial::test(name, move || {
        if let Some(what) = lacks {
            return Err(Failed::from(what));
        }
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        runtime.block_on(body());
        Ok(())
    })
    .with_ignored_flag(ignored)
}
