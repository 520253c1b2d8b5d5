//! Real etcds: started, waited for, isolated from each other, and cleared away however it ends.
//!
//! A test whose etcd cannot be had here is listed as ignored with the reason. `DEADWATCH_REQUIRE=process,docker`
//! turns that into a failure.
#![allow(clippy::unwrap_used, clippy::expect_used)]

#[path = "etcd_real/containers.rs"]
mod containers;
#[path = "etcd_real/controls.rs"]
mod controls;
#[path = "etcd_real/interrupted.rs"]
mod interrupted;
#[path = "etcd_real/members.rs"]
mod members;
#[path = "etcd_real/processes.rs"]
mod processes;
#[path = "etcd_real/talk.rs"]
mod talk;
#[path = "etcd_real/traces.rs"]
mod traces;
#[path = "etcd_real/users.rs"]
mod users;

use std::{collections::BTreeSet, env, future::Future, process::ExitCode, time::Duration};

use deadwatch::{
    etcd::{Address, Backend, Choice, Credentials, Embedding, Etcd, On, Pull, Search, Source, Time, choose},
    scenario::{EtcdSpec, Version},
};
use etcd_client::{Client, ConnectOptions};
use libtest_mimic::{Arguments, Completion, Trial};

/// The story's server.
const STORY: Version = Version::new(3, 5, 5);

fn main() -> ExitCode {
    // As the program does, which is what is tested.
    deadwatch::reaper::supervise_with(env!("CARGO_BIN_EXE_deadwatch"));
    // This very program, started by a test below to be interrupted.
    if let Some(task) = env::var_os(interrupted::TASK) {
        return interrupted::run(&task.into_string().unwrap());
    }
    let mut arguments = Arguments::from_args();
    // Each test has servers of its own; more at once would only wait for each other.
    arguments.test_threads = arguments.test_threads.or(Some(4));
    let trials = [
        processes::trials(),
        controls::trials(),
        users::trials(),
        members::trials(),
        containers::trials(),
        interrupted::trials(),
    ];
    libtest_mimic::run(&arguments, trials.into_iter().flatten().collect()).exit_code()
}

/// What a test needs, or the reason why it cannot be had.
type Needed = Result<Source, String>;

/// A test that needs a backend: ignored with the reason where it is missing, failed where it is required.
fn trial(
    name: &str,
    backend: &'static str,
    needed: Needed,
    test: impl FnOnce(Source) + Send + 'static,
) -> Trial {
    let missing = needed.is_err();
    let require = env::var("DEADWATCH_REQUIRE").unwrap_or_default();
    let required = require.split(',').map(str::trim).collect::<BTreeSet<_>>().contains(backend);
    let trial = Trial::ignorable_test(name, move || match needed {
        Ok(source) => {
            test(source);
            Ok(Completion::Completed)
        }
        Err(reason) if required => Err(format!("DEADWATCH_REQUIRE asks for {backend}, but: {reason}").into()),
        Err(reason) => Ok(Completion::ignored_with(reason)),
    });
    // nextest counts what a test itself reports as ignored as passed; it takes the flag for an answer.
    trial.with_ignored_flag(missing && !required && env::var_os("NEXTEST").is_some())
}

/// The binary of this version that is here.
fn binary(version: Version) -> Needed {
    needed(On::Only(Backend::Process), version, None)
}

/// A place where an etcd runs, for tests that hold on each alike.
struct Arm {
    version: Version,
    name: String,
    backend: &'static str,
    needed: Needed,
}

/// Every release as a process, and as the embedded etcd, which must not be told apart; one in a container.
fn arms() -> Vec<Arm> {
    let of = |version, place, backend, needed| {
        let name = format!("{place}::{version}");
        Arm { version, name, backend, needed }
    };
    let image = format!("deadwatch/etcd:{STORY}");
    let container = needed(On::Only(Backend::Docker), STORY, Some(&image));
    let releases = [STORY, Version::new(3, 5, 16), Version::new(3, 7, 3)];
    releases
        .into_iter()
        .flat_map(|version| {
            let embedded = of(version, "embedded", "none", Ok(Source::Embedded));
            [of(version, "process", "process", binary(version)), embedded]
        })
        .chain([of(STORY, "docker", "docker", container)])
        .collect()
}

fn needed(on: On, version: Version, image: Option<&str>) -> Needed {
    let search = Search::here(image.map(str::to_owned), Pull::Never);
    wait(choose(on, version, &search))
        .map(|choice| choice.source)
        .map_err(|error| format!("could not {error}"))
}

/// Runs a future to its end on a runtime as the program has one.
fn wait<T>(future: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()
        .unwrap()
        .block_on(future)
}

async fn start(
    source: &Source,
    spec: &EtcdSpec,
) -> Result<std::sync::Arc<dyn Etcd>, deadwatch::etcd::EtcdError> {
    let embedding = Embedding { time: Time::Real, seed: 0 };
    deadwatch::etcd::start(&Choice { source: source.clone(), reasons: vec![] }, spec, embedding).await
}

fn with_tokens(version: Version) -> EtcdSpec {
    EtcdSpec::of(version).with_tokens(Duration::from_secs(5))
}

fn without_tokens(version: Version) -> EtcdSpec {
    EtcdSpec::of(version)
}

async fn client(etcd: &dyn Etcd) -> Client {
    client_as(etcd, etcd.credentials()).await.unwrap()
}

async fn client_as(etcd: &dyn Etcd, credentials: Option<Credentials>) -> Result<Client, etcd_client::Error> {
    let Address::Tcp(address) = etcd.address() else { panic!("no port") };
    let options = credentials.map(|who| ConnectOptions::new().with_user(who.user, who.password));
    Client::connect([address.to_string()], options).await
}
