//! The served etcd, met by clients that know nothing of it: etcdctl of two generations, a client of Node's registry, and
//! the untouched recipe on the newest clientv3.
//!
//! What a client says on the served etcd is compared with a recorded transcript, and so is what it says on a real
//! etcd of that release: one file, two arms. What is missing here is listed as ignored with the reason;
//! `DEADWATCH_REQUIRE=clients,process,go` makes that a failure. `just clients` builds what can be missing.

#![allow(clippy::unwrap_used, clippy::expect_used)]

#[path = "../stand/mod.rs"]
mod stand;

mod etcdctl;
mod generations;
mod manners;
mod node;
mod real;
mod served;
mod transcript;

use std::{future::Future, pin::Pin, process::ExitCode};

use libtest_mimic::{Arguments, Completion, Failed, Trial};
use stand::{Require, Requirement};

/// They mostly wait for processes.
const TEST_THREADS: usize = 8;

fn main() -> ExitCode {
    deadwatch::reaper::on_signals();
    let mut arguments = Arguments::from_args();
    arguments.test_threads.get_or_insert(TEST_THREADS);
    let require = Require::from_environment();
    let mut trials = manners::trials();
    trials.extend(etcdctl::trials(&require));
    trials.extend(node::trials(&require));
    trials.extend(generations::trials(&require));
    libtest_mimic::run(&arguments, trials).exit_code()
}

/// What a client says in a session.
type Said = Pin<Box<dyn Future<Output = String>>>;

/// One session, on the served etcd and on a real one of the same release: both say what is recorded under `name`.
fn arms(
    client: &str,
    release: &'static str,
    missing: Option<&String>,
    require: &Require,
    session: impl Fn(&str) -> Said + Clone + Send + 'static,
) -> [Trial; 2] {
    let name = format!("{client}-on-{release}");
    let (recorded, hold) = (name.clone(), session.clone());
    let served = stand::trial(
        format!("{client}::served::{release}"),
        Requirement::Clients,
        require,
        missing.cloned(),
        move || {
            block_on(async {
                let served = served::Served::start(["--as", release]).await;
                let said = hold(&served.address).await;
                transcript::compare(&recorded, &said);
                served.stop().await;
            })
        },
    );
    let (needed, missing) = match missing {
        Some(why) => (Requirement::Clients, Some(why.clone())),
        None => (Requirement::Process, real::missing(release)),
    };
    let real = stand::trial(format!("{client}::real::{release}"), needed, require, missing, move || {
        block_on(async {
            let etcd = real::RealEtcd::start(release).await;
            let said = session(&etcd.address).await;
            transcript::compare(&name, &said);
        })
    });
    [served, real]
}

fn block_on(test: impl Future<Output = ()>) -> Result<Completion, Failed> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(test);
    Ok(Completion::Completed)
}
