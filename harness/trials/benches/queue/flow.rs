//! Storing and taking at the same time: how soon each item arrives, and how much gets through.

use std::{
    pin::pin,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use etcd_client::{Client, Compare, CompareOp, EventType, KeyValue, Txn, TxnOp, WatchOptions, WatchStream};
use etcd_queue::Queue;
use futures::{StreamExt, TryStreamExt, stream::FuturesUnordered};
use tokio::{
    task::JoinSet,
    time::{Instant, sleep_until},
};

use crate::{
    Outcome,
    child::Child,
    ground::{Done, Ground, Measured, keys, number, stored, value},
};

/// Who stores and takes.
#[derive(Clone, Copy, Debug)]
pub enum By {
    /// The recipe.
    Recipe,
    /// One watch, and claims of up to 126 items, up to four of them under way.
    Raw,
    /// Two queues, one that stores and one that takes.
    Queue,
}

/// What goes through.
#[derive(Clone, Copy, Debug)]
pub struct Flow {
    pub items: usize,
    /// How many store at the same time.
    pub producers: usize,
    /// How many items a producer stores at once.
    pub each: usize,
    /// The time from one item of a producer to its next; none for as fast as it goes.
    pub every: Duration,
    /// How many a consumer takes at once.
    pub takes: usize,
}

/// When each item was stored.
struct Calls {
    began: Instant,
    at_ns: Vec<AtomicU64>,
}

impl Calls {
    fn mark(&self, item: usize) {
        let now = u64::try_from(self.began.elapsed().as_nanos()).unwrap_or(u64::MAX);
        self.at_ns[item].store(now, Ordering::Relaxed);
    }

    fn latency_ms(&self, item: usize) -> f64 {
        self.began.elapsed().as_secs_f64() * 1e3 - self.at_ns[item].load(Ordering::Relaxed) as f64 / 1e6
    }

    fn done(&self, latencies_ms: Vec<f64>) -> Done {
        Done { items: latencies_ms.len(), wall: self.began.elapsed(), latencies_ms, peak_bytes: None }
    }
}

/// Lets it flow under a fresh prefix.
pub async fn run(ground: &Ground, flow: Flow, by: By) -> Outcome<Measured> {
    let prefix = ground.prefix();
    match by {
        By::Recipe => recipe(ground, &prefix, flow).await,
        By::Raw => raw(ground, &prefix, flow).await,
        By::Queue => queue(ground, &prefix, flow).await,
    }
}

async fn recipe(ground: &Ground, prefix: &str, flow: Flow) -> Outcome<Measured> {
    let (items, callers) = (flow.items.to_string(), flow.producers.to_string());
    let every = format!("{}us", flow.every.as_micros());
    let words = ["flow", "-endpoint", ground.server.endpoint(), "-prefix", prefix];
    let more = ["-items", &items, "-callers", &callers, "-every", &every];
    let words: Vec<String> = words.iter().chain(&more).map(|word| (*word).to_owned()).collect();
    let mut child = Child::start(&ground.recipe, &words).await?;
    let measured = ground.measure(child.measured()).await?;
    child.end().await?;
    Ok(measured)
}

async fn queue(ground: &Ground, prefix: &str, flow: Flow) -> Outcome<Measured> {
    let open = |client| Queue::builder(client, prefix).open();
    let (from, to) = (open(ground.client().await?)?, open(ground.client().await?)?);
    let measured = ground
        .measure(async {
            let storing = from.clone();
            let store = move |items: Vec<usize>| {
                let queue = storing.clone();
                async move { Ok(queue.enqueue_all(items.into_iter().map(value)).await?) }
            };
            let (calls, mut producers) = produce(flow, store);
            let taking = async {
                let mut latencies_ms = Vec::with_capacity(flow.items);
                while latencies_ms.len() < calls.at_ns.len() {
                    let left = calls.at_ns.len() - latencies_ms.len();
                    for item in to.next_batch(flow.takes.min(left)).await? {
                        latencies_ms.push(calls.latency_ms(number(item.value())?));
                    }
                }
                Ok(calls.done(latencies_ms))
            };
            meanwhile(&mut producers, taking).await
        })
        .await?;
    from.close().await?;
    to.close().await?;
    Ok(measured)
}

async fn raw(ground: &Ground, prefix: &str, flow: Flow) -> Outcome<Measured> {
    let (from, mut to) = (ground.client().await?, ground.client().await?);
    let under = WatchOptions::new().with_range(format!("{prefix}0"));
    let mut watch = to.watch(format!("{prefix}/"), Some(under)).await?;
    let keys: Arc<Vec<String>> = Arc::new(keys(prefix, flow.items)?.collect());
    ground
        .measure(async {
            let store = move |items: Vec<usize>| {
                let (mut kv, keys) = (from.kv_client(), keys.clone());
                async move {
                    let keyed = || items.iter().map(|item| (keys[*item].as_str(), *item));
                    let absent = keyed().map(|(key, _)| Compare::version(key, CompareOp::Equal, 0));
                    let puts = keyed().map(|(key, item)| TxnOp::put(key, value(item), None));
                    let txn = Txn::new().when(absent.collect::<Vec<_>>()).and_then(puts.collect::<Vec<_>>());
                    stored(kv.txn(txn).await?.succeeded())
                }
            };
            let (calls, mut producers) = produce(flow, store);
            let taking = async { Ok(calls.done(take(&to, &mut watch, &calls).await?)) };
            meanwhile(&mut producers, taking).await
        })
        .await
}

/// What is taken while the producers store; it would wait for ever for what one of them could not store.
async fn meanwhile(
    producers: &mut JoinSet<Outcome<()>>,
    taking: impl Future<Output = Outcome<Done>>,
) -> Outcome<Done> {
    let mut taking = pin!(taking);
    loop {
        tokio::select! {
            done = &mut taking => return done,
            Some(producer) = producers.join_next() => producer??,
        }
    }
}

/// Claims what the watch shows, until all is claimed.
async fn take(client: &Client, watch: &mut WatchStream, calls: &Calls) -> Outcome<Vec<f64>> {
    let (mut known, mut latencies_ms) = (Vec::<KeyValue>::new(), Vec::new());
    let mut under_way = FuturesUnordered::new();
    while latencies_ms.len() < calls.at_ns.len() {
        while under_way.len() < 4 && !known.is_empty() {
            let some: Vec<KeyValue> = known.drain(..known.len().min(126)).collect();
            let mut kv = client.kv_client();
            under_way.push(async move {
                let unchanged = some
                    .iter()
                    .map(|kv| Compare::mod_revision(kv.key(), CompareOp::Equal, kv.mod_revision()));
                let deletes = some.iter().map(|kv| TxnOp::delete(kv.key(), None));
                let claim =
                    Txn::new().when(unchanged.collect::<Vec<_>>()).and_then(deletes.collect::<Vec<_>>());
                stored(kv.txn(claim).await?.succeeded())?;
                Outcome::Ok(some)
            });
        }
        tokio::select! {
            Some(taken) = under_way.next(), if !under_way.is_empty() => {
                for kv in taken? {
                    latencies_ms.push(calls.latency_ms(number(kv.value())?));
                }
            }
            shown = watch.try_next() => {
                let shown = shown?.ok_or("go on watching: the watch has ended")?;
                let puts = shown.events().iter().filter(|event| event.event_type() == EventType::Put);
                known.extend(puts.filter_map(|event| event.kv().cloned()));
            }
        }
    }
    Ok(latencies_ms)
}

/// Starts the producers. Each stores its share in order, and is late for the next if the last one took too long.
fn produce<F>(
    flow: Flow,
    store: impl Fn(Vec<usize>) -> F + Clone + Send + 'static,
) -> (Arc<Calls>, JoinSet<Outcome<()>>)
where
    F: Future<Output = Outcome<()>> + Send,
{
    let share = flow.items / flow.producers;
    let at_ns = (0..share * flow.producers).map(|_| AtomicU64::new(0)).collect();
    let calls = Arc::new(Calls { began: Instant::now(), at_ns });
    let mut producers = JoinSet::new();
    for producer in 0..flow.producers {
        let (calls, store) = (calls.clone(), store.clone());
        let mine: Vec<usize> = (producer * share..(producer + 1) * share).collect();
        producers.spawn(async move {
            for (turn, items) in mine.chunks(flow.each).enumerate() {
                if !flow.every.is_zero() {
                    sleep_until(calls.began + flow.every * (turn as u32 + 1)).await;
                }
                for item in items {
                    calls.mark(*item);
                }
                store(items.to_vec()).await?;
            }
            Ok(())
        });
    }
    (calls, producers)
}
