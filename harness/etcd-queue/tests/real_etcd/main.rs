//! The queue against real etcds of several versions.
//!
//! Each test is `VERSION::NAME`. A version whose binary is not below `target/etcd` is listed as ignored,
//! or fails where `DEADWATCH_REQUIRE` names `process`.

#![allow(clippy::unwrap_used, clippy::expect_used)]

mod abuse;
mod claims;
mod cluster;
mod full;
mod leader;
mod lease;
mod meddler;
mod members;
mod recovery;
mod relay;
mod rights;
mod server;
mod working;

use std::time::Duration;

use etcd_queue::{Error, Item, Queue};
use futures::FutureExt;
use libtest_mimic::{Arguments, Failed, Trial};
use tokio::task::JoinHandle;

const VERSIONS: [&str; 3] = ["3.5.5", "3.5.16", "3.7.3"];
/// Far more than anything here takes; a test that gets here hangs.
const LIMIT: Duration = Duration::from_secs(60);

fn main() {
    let mut trials = Vec::new();
    for version in VERSIONS {
        if !server::binary(version).exists() {
            eprintln!("ignored: no etcd {version} (expected as target/etcd/{version}/etcd)");
        }
        working::list(version, &mut trials);
        recovery::list(version, &mut trials);
        claims::list(version, &mut trials);
        rights::list(version, &mut trials);
        leader::list(version, &mut trials);
        members::list(version, &mut trials);
        lease::list(version, &mut trials);
        full::list(version, &mut trials);
        abuse::list(version, &mut trials);
    }
    let mut arguments = Arguments::from_args();
    // They mostly wait for tokens to die.
    arguments.test_threads.get_or_insert(10);
    libtest_mimic::run(&arguments, trials).exit();
}

/// One test of one version; ignored if the version is not here.
fn trial<F>(version: &'static str, name: &str, test: fn(&'static str) -> F) -> Trial
where
    F: Future<Output = ()> + 'static,
{
    let is_here = server::binary(version).exists();
    let required = std::env::var("DEADWATCH_REQUIRE").unwrap_or_default();
    let is_required = required.split(',').any(|word| word.trim() == "process");
    Trial::test(format!("{version}::{name}"), move || {
        if !is_here {
            return Err(Failed::from(format!(
                "etcd {version} is required, and target/etcd/{version}/etcd is not there"
            )));
        }
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build()?;
        runtime.block_on(async {
            tokio::time::timeout(LIMIT, test(version)).await.map_err(|_| Failed::from("the test hangs"))
        })
    })
    .with_ignored_flag(!is_here && !is_required)
}

/// Adds `module::test` for each named test.
#[macro_export]
macro_rules! trials {
    ($($test:ident),* $(,)?) => {
        /// The tests of this file, for one version.
        pub fn list(version: &'static str, trials: &mut Vec<libtest_mimic::Trial>) {
            $(trials.push($crate::trial(version, stringify!($test), $test));)*
        }
    };
}

fn open(client: &etcd_client::Client, prefix: &str) -> Queue {
    Queue::builder(client.clone(), prefix).open().unwrap()
}

fn text(item: &Item) -> String {
    String::from_utf8(item.value().to_vec()).unwrap()
}

async fn next_text(queue: &Queue) -> String {
    text(&queue.next().await.unwrap())
}

/// A call that waits: it is known to the queue before this returns.
fn waiting(queue: &Queue) -> JoinHandle<Result<Item, Error>> {
    let queue = queue.clone();
    let mut call = async move { queue.next().await }.boxed();
    assert!((&mut call).now_or_never().is_none());
    tokio::spawn(call)
}
