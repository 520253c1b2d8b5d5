//! The client layer and the recipe on it, against real etcds.
//!
//! Ignored where the binary of a release is missing (`target/etcd/VERSION/etcd`), unless `DEADWATCH_REQUIRE` holds
//! `process`: then it fails.
#![allow(clippy::unwrap_used, clippy::expect_used)]

mod etcd;
mod subject;
mod watch;

use std::process::ExitCode;

use libtest_mimic::{Arguments, Failed, Trial};

fn main() -> ExitCode {
    let trials = watch::trials().into_iter().chain(subject::trials()).collect();
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
    let there = etcd::binary(version).is_file();
    let required =
        std::env::var("DEADWATCH_REQUIRE").is_ok_and(|list| list.split(',').any(|it| it == "process"));
    let name = if there {
        format!("{name}::{version}")
    } else {
        format!("{name}::{version} (no etcd {version} built)")
    };
    Trial::test(name, move || {
        if !there {
            return Err(Failed::from(format!("expected an etcd at {}", etcd::binary(version).display())));
        }
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        runtime.block_on(body(version));
        Ok(())
    })
    .with_ignored_flag(!there && !required)
}
