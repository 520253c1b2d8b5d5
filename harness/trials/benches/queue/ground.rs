//! Where contests are held: one etcd, a fresh prefix each time, and what etcd spends meanwhile.

use std::{
    path::{Path, PathBuf},
    sync::atomic::{AtomicUsize, Ordering},
    time::{Duration, SystemTime, UNIX_EPOCH},
};

use etcd_client::{Client, Compare, CompareOp, GetOptions, KeyValue, KvClient, Txn, TxnOp};
use etcd_queue::connect_options;
use futures::{TryStreamExt, future::join_all, stream};
use tokio::{sync::OnceCell, time::Instant};

use crate::{Outcome, server::Server};

/// How long a value is, as in a small job's description.
pub const VALUE_BYTES: usize = 128;

/// An etcd, and the program that drives the recipe.
pub struct Ground {
    pub server: Server,
    pub etcd: PathBuf,
    /// Where data may lie.
    pub target: PathBuf,
    pub recipe: PathBuf,
    pub million: OnceCell<String>,
    prefixes: AtomicUsize,
}

/// What was done, in how long.
#[derive(Debug, Default)]
pub struct Done {
    pub items: usize,
    pub wall: Duration,
    /// Item by item, where it was looked at.
    pub latencies_ms: Vec<f64>,
    /// The most memory of the process that did it, if it was its own.
    pub peak_bytes: Option<u64>,
}

/// What was done, and what etcd spent on it.
#[derive(Debug)]
pub struct Measured {
    pub done: Done,
    pub requests: f64,
    pub etcd_cpu: Duration,
}

impl Ground {
    /// Starts the etcd; says what to run if something is not built yet.
    pub async fn prepare(etcd: &str, client: &str) -> Outcome<Self> {
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
        let target = root.join("target").canonicalize()?;
        let built = |path: PathBuf, with: String| {
            if path.exists() {
                Ok(path)
            } else {
                Err(format!("find {}: build it with `{with}`", path.display()))
            }
        };
        let binary =
            built(target.join(format!("etcd/{etcd}/etcd")), format!("harness/tools/etcd/build {etcd}"))?;
        let recipe = built(
            target.join(format!("original/{client}/bench")),
            format!("harness/original/build {client}"),
        )?;
        let server = Server::start(&binary, &target).await?;
        let (million, prefixes) = (OnceCell::new(), AtomicUsize::new(0));
        Ok(Self { server, etcd: binary, target, recipe, million, prefixes })
    }

    /// A prefix that nobody has used. All are of one length: none begins with another, which the recipe would mind.
    pub fn prefix(&self) -> String {
        format!("/bench-{:04}", self.prefixes.fetch_add(1, Ordering::Relaxed))
    }

    /// A client with a connection of its own, on which etcd has answered.
    pub async fn client(&self) -> Outcome<Client> {
        connect(self.server.endpoint()).await
    }

    /// Does something, and says what etcd spent meanwhile.
    pub async fn measure(&self, doing: impl Future<Output = Outcome<Done>>) -> Outcome<Measured> {
        // Asking for the count costs etcd more than a little: outside of what its time is taken of.
        let requests = self.server.requests().await?;
        let cpu = self.server.cpu()?;
        let done = doing.await?;
        let etcd_cpu = self.server.cpu()?.saturating_sub(cpu);
        let requests = self.server.requests().await? - requests;
        Ok(Measured { done, requests, etcd_cpu })
    }

    /// Does something with so many items, takes its time, and says what etcd spent meanwhile.
    pub async fn timed(&self, items: usize, doing: impl Future<Output = Outcome<()>>) -> Outcome<Measured> {
        let timed = async {
            let began = Instant::now();
            doing.await?;
            Ok(Done { items, wall: began.elapsed(), ..Done::default() })
        };
        self.measure(timed).await
    }

    /// A backlog under a fresh prefix: one item a transaction, as the recipe's producers store them.
    pub async fn backlog(&self, items: usize) -> Outcome<String> {
        let (prefix, kv) = (self.prefix(), self.client().await?.kv_client());
        let keys = keys(&prefix, items)?;
        stream::iter(keys.map(Ok))
            .try_for_each_concurrent(64, |key| {
                let mut kv = kv.clone();
                async move { stored(kv.txn(create(&[key])).await?.succeeded()) }
            })
            .await?;
        Ok(prefix)
    }

    /// A backlog of a million, made when it is first asked for, many items a transaction.
    pub async fn million(&self) -> Outcome<&str> {
        let made = async {
            eprintln!("storing a million items");
            let (prefix, kv) = (self.prefix(), self.client().await?.kv_client());
            let keys: Vec<String> = keys(&prefix, 1_000_000)?.collect();
            stream::iter(keys.chunks(126).map(Ok))
                .try_for_each_concurrent(4, |keys| {
                    let mut kv = kv.clone();
                    async move { stored(kv.txn(create(keys)).await?.succeeded()) }
                })
                .await?;
            Ok(prefix)
        };
        self.million.get_or_try_init(|| made).await.map(String::as_str)
    }
}

/// A client with a connection of its own, on which etcd has answered.
pub async fn connect(endpoint: &str) -> Outcome<Client> {
    let mut client = Client::connect([endpoint], Some(connect_options())).await?;
    client.get("ready?", None).await?;
    Ok(client)
}

/// Keys as the recipe makes them, from now on.
pub fn keys(prefix: &str, items: usize) -> Outcome<impl Iterator<Item = String> + use<>> {
    let (prefix, now) = (prefix.to_owned(), SystemTime::now().duration_since(UNIX_EPOCH)?.as_nanos());
    Ok((0..items as u128).map(move |n| format!("{prefix}/{}", now + n)))
}

/// What the recipe's producers send, for any number of items.
pub fn create(keys: &[String]) -> Txn {
    let absent = keys.iter().map(|key| Compare::version(key.as_str(), CompareOp::Equal, 0));
    let puts = keys.iter().map(|key| TxnOp::put(key.as_str(), value(0), None));
    Txn::new().when(absent.collect::<Vec<_>>()).and_then(puts.collect::<Vec<_>>())
}

/// All items of a backlog, read at once.
pub async fn list(kv: &mut KvClient, prefix: &str, items: usize) -> Outcome<Vec<KeyValue>> {
    let all = GetOptions::new().with_range(format!("{prefix}0"));
    let all = kv.get(format!("{prefix}/"), Some(all)).await?.take_kvs();
    if all.len() == items { Ok(all) } else { Err(format!("list {items} items: got {}", all.len()).into()) }
}

/// How many items each of so many callers gets.
pub fn shares(items: usize, callers: usize) -> impl Iterator<Item = usize> {
    (0..callers).map(move |caller| items / callers + usize::from(caller < items % callers))
}

/// Lets all go on at the same time, each in a task of its own, to their ends.
pub async fn together<F>(calls: impl Iterator<Item = F>) -> Outcome<()>
where
    F: Future<Output = Outcome<()>> + Send + 'static,
{
    for call in join_all(calls.map(tokio::spawn)).await {
        call??;
    }
    Ok(())
}

/// What became of a transaction that nothing stands in the way of.
pub fn stored(succeeded: bool) -> Outcome<()> {
    if succeeded {
        Ok(())
    } else {
        Err("store or take what nobody else touches: etcd says that it has changed".into())
    }
}

/// A value that begins with its number.
pub fn value(number: usize) -> Vec<u8> {
    let mut value = format!("{number} ").into_bytes();
    value.resize(VALUE_BYTES, b'x');
    value
}

/// The number that a value begins with.
pub fn number(value: &[u8]) -> Outcome<usize> {
    let digits = value.split(|byte| *byte == b' ').next().unwrap_or_default();
    std::str::from_utf8(digits)?.parse().map_err(|error| format!("read an item's number: {error}").into())
}
