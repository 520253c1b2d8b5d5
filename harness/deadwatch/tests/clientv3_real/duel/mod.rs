//! The retelling and the recipe itself, side by side: the same happens to both, each with an etcd of its own, and both
//! must say what was foretold.
//!
//! Ignored where the original or the etcd has not been built, unless `DEADWATCH_REQUIRE` holds `go` or `process`.

mod credentials;
mod limits;
mod network;
mod relay;
mod server;
mod side;

use std::{panic, thread};

use deadwatch::{
    etcd::{Address, Credentials},
    scenario::Version,
    subject::{Opening, Original},
};
use libtest_mimic::Trial;
use tokio::sync::Semaphore;

use self::{
    relay::Relay,
    side::{Side, Who},
};
use crate::{
    etcd::{self, Auth, Etcd},
    runs,
};

/// The story's client.
const STORY: Version = Version::new(3, 5, 11);

/// The newest client.
const NEWEST: Version = Version::new(3, 7, 3);

/// Duels that are fought at once: each starts two etcds and a program, and is worth nothing where all of them starve.
static GROUNDS: Semaphore = Semaphore::const_new(4);

/// How many watches the server has.
const WATCHERS: &str = "etcd_debugging_mvcc_watcher_total";

pub fn trials() -> Vec<Trial> {
    let rooms = [server::trials(), limits::trials(), credentials::trials(), network::trials()];
    rooms.into_iter().flatten().collect()
}

/// Where a side stands: an etcd of its own, a port that leads there, and the side with no client open yet.
struct Arena {
    etcd: Etcd,
    relay: Relay,
    side: Side,
}

impl Arena {
    async fn new(who: Who, version: &'static str, client: Version, auth: Auth) -> Self {
        let etcd = Etcd::start(version, auth).await;
        let relay = Relay::to(etcd.socket()).await;
        Self { etcd, relay, side: Side::start(who, client) }
    }

    fn opening(&self) -> Opening {
        Opening { credentials: self.etcd.credentials(), ..Opening::at(Address::Tcp(self.relay.address)) }
    }

    /// Opens the client as root, or as nobody where the etcd asks for no login.
    async fn open(&mut self) {
        let opening = self.opening();
        self.side.open(opening).await;
    }

    /// Opens the client as the user `worker`, who is given `/test`.
    async fn open_as_worker(&mut self) {
        self.etcd.add_user("worker", "/test").await;
        let credentials = Some(Credentials { user: "worker".to_owned(), password: "worker".to_owned() });
        let opening = Opening { credentials, ..self.opening() };
        self.side.open(opening).await;
    }

    /// Lets a consumer wait in its watch, the so many-th of this server.
    async fn wait_in_dequeue(&self, id: u64, prefix: &str, watchers: u32) {
        self.side.dequeue(id, prefix);
        self.etcd.until_metric(WATCHERS, watchers.into()).await;
    }

    /// Writes an item as the recipe would.
    async fn item(&self, prefix: &str, value: &str) {
        let key = format!("{prefix}/{}", deadwatch::subject::KeyClock::wall().unix_ns());
        self.etcd.admin().await.put(key, value, None).await.unwrap();
    }
}

/// A duel on one release of etcd, with one of the client.
fn duel<F>(
    name: &str,
    version: &'static str,
    (client, auth): (Version, Auth),
    foretold: &[impl ToString],
    script: impl Fn(Arena) -> F + Send + Sync + 'static,
) -> Trial
where
    F: Future<Output = Vec<String>>,
{
    let foretold: Vec<_> = foretold.iter().map(ToString::to_string).collect();
    let lacks = match Original::find(client) {
        Original::Missing(words) => Some(("go", words)),
        Original::Found(_) => etcd::lacks(version),
    };
    runs(format!("duel::{name}::{version}::{client}"), lacks, move || async move {
        let _ground = GROUNDS.acquire().await.unwrap();
        let side = &|who| alone(async { script(Arena::new(who, version, client, auth).await).await });
        let (naive, original) = thread::scope(|scope| {
            let sides = [Who::Naive, Who::Original].map(|who| scope.spawn(move || side(who)));
            let [naive, original] = sides.map(thread::ScopedJoinHandle::join);
            (naive, original)
        });
        let said = |side: thread::Result<_>| side.unwrap_or_else(|panicked| panic::resume_unwind(panicked));
        let (naive, original) = (said(naive), said(original));
        assert_eq!(original, foretold, "the recipe itself (the retelling said {naive:?})");
        assert_eq!(naive, foretold, "the retelling (the recipe itself said as foretold)");
    })
}

/// Plays one side on a thread of its own: an etcd's end blocks the thread that waits for it, for up to 7 s on 3.7
/// (server/embed/etcd.go, stopServers), and what stands between the other side and its etcd must go on meanwhile.
fn alone(side: impl Future<Output = Vec<String>>) -> Vec<String> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(side)
}
