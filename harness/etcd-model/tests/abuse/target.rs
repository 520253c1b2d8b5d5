//! The server under abuse, and whether it is well.

use std::{
    net::SocketAddr,
    sync::{
        Once,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use etcd_model::{
    member::Settings,
    proto::{PutRequest, RangeRequest, kv_client::KvClient},
    server::Model,
};
use tokio::{
    runtime::Handle,
    time::{sleep, timeout},
};
use tonic::transport::{Channel, Endpoint};

use crate::conversation::State;

/// How soon what has ended must be gone, and what was begun must be there.
const SETTLED_WITHIN: Duration = Duration::from_secs(10);

/// A task of the server that panics takes its connection with it, and tokio keeps quiet about it.
static PANICS: AtomicUsize = AtomicUsize::new(0);

/// A model on a port.
pub struct Target {
    pub address: SocketAddr,
    model: Model,
    /// The tasks that run while nobody is connected.
    tasks: usize,
}

impl Target {
    pub async fn start(release: &str) -> Self {
        static COUNT_PANICS: Once = Once::new();
        COUNT_PANICS.call_once(|| {
            let usual = std::panic::take_hook();
            std::panic::set_hook(Box::new(move |panic| {
                // The tests' own threads have their tests' names.
                if std::thread::current().name().is_some_and(|name| name.starts_with("tokio")) {
                    PANICS.fetch_add(1, Ordering::SeqCst);
                }
                usual(panic);
            }));
        });
        let model = Model::start(Settings::of(release.parse().unwrap()));
        let address = model.listen("127.0.0.1:0".parse().unwrap()).await.unwrap();
        let tasks = Handle::current().metrics().num_alive_tasks();
        Self { address, model, tasks }
    }

    /// A connection to it.
    pub async fn channel(&self) -> Channel {
        Endpoint::from_shared(format!("http://{}", self.address)).unwrap().connect().await.unwrap()
    }

    /// Waits until so many connections are where they were brought.
    pub async fn reaches(&self, state: State, count: usize) {
        let (streams, watches) = match state {
            State::Watching => (count, count),
            State::HalfClosedWatch | State::StreamWithoutWatch => (count, 0),
            _ => return,
        };
        let there = || {
            let (open, alive) = self.model.member().with(|member, _| member.watches());
            open == streams && (watches == 0 || alive == watches)
        };
        self.becomes(there, || format!("{count} x {state:?}")).await;
    }

    /// Whether it answers as ever, nothing panicked, and nothing of those who have gone is left.
    ///
    /// # Panics
    /// If not.
    pub async fn is_unharmed(&self, after: &str) {
        self.answers(after).await;
        let left = || {
            let watches = self.model.member().with(|member, _| member.watches());
            (watches, Handle::current().metrics().num_alive_tasks())
        };
        let gone = || {
            let (watches, tasks) = left();
            watches == (0, 0) && tasks <= self.tasks
        };
        let what = || {
            format!(
                "after {after}: ((streams, watches), tasks) back to ((0, 0), {}), found {:?}",
                self.tasks,
                left()
            )
        };
        self.becomes(gone, what).await;
        assert_eq!(PANICS.load(Ordering::SeqCst), 0, "something panicked, after {after}");
    }

    /// A normal request gets a normal answer.
    async fn answers(&self, after: &str) {
        let answer = async {
            let mut kv = KvClient::new(self.channel().await);
            let put =
                PutRequest { key: "probe".into(), value: after.to_owned().into(), ..PutRequest::default() };
            kv.put(put).await.unwrap();
            let range = RangeRequest { key: "probe".into(), ..RangeRequest::default() };
            kv.range(range).await.unwrap().into_inner()
        };
        let answer = timeout(SETTLED_WITHIN, answer).await;
        let answer = answer.unwrap_or_else(|_| panic!("expected an answer, after {after}"));
        assert_eq!(answer.kvs[0].value, after, "after {after}");
    }

    async fn becomes(&self, condition: impl Fn() -> bool, what: impl Fn() -> String) {
        let waiting = async {
            while !condition() {
                sleep(Duration::from_millis(2)).await;
            }
        };
        if timeout(SETTLED_WITHIN, waiting).await.is_err() {
            panic!("expected, within {SETTLED_WITHIN:?}, {}", what());
        }
    }
}
