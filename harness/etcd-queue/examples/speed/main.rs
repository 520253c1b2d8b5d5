//! How fast a queue is on an etcd that is given to it, beside a raw loop of the same transactions.
//!
//! `cargo run --release --example speed -- 127.0.0.1:2379 10000`: it uses a queue `/speed`, and leaves it
//! empty, and others `/speed-…`. Run it on an etcd that nobody needs. A third argument chooses a part:
//! `enqueue`, `drain`, `next`, `open`, `crowd`, `wait` or `flow`.

mod duel;

use std::error::Error;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use duel::{Way, duel, raw_batches};
use etcd_client::{Client, Compare, CompareOp, Txn, TxnOp};
use etcd_queue::{Queue, connect_options};
use futures::future::{join_all, try_join_all};
use tokio::time::{Instant, sleep};

type Outcome<T> = Result<T, Box<dyn Error + Send + Sync>>;

#[tokio::main]
async fn main() -> Outcome<()> {
    tracing_subscriber::fmt()
        .with_writer(std::io::stderr)
        .with_env_filter(tracing_subscriber::EnvFilter::from_default_env())
        .init();
    let mut arguments = std::env::args().skip(1);
    let endpoint = arguments.next().unwrap_or_else(|| "127.0.0.1:2379".to_owned());
    let items: usize = arguments.next().unwrap_or_else(|| "10000".to_owned()).parse()?;
    let chosen = arguments.next();
    let is_chosen = |part: &str| chosen.as_deref().is_none_or(|chosen| chosen == part);
    let connect = || Client::connect([endpoint.clone()], Some(connect_options()));
    let client = connect().await?;
    if is_chosen("enqueue") {
        let few = items.min(3_000);
        show("enqueue, 1 caller", few, enqueue(&client, few, 1).await?);
        show("raw enqueue with a slot, 1 caller", few, raw_enqueue(&client, few).await?);
        show("enqueue, 64 callers", items, enqueue(&client, items, 64).await?);
        show("enqueue_all", items, fill(&client, items).await?);
        drain_all(&client).await?;
    }
    if is_chosen("drain") {
        fill(&client, items).await?;
        show("drain, next_batch(126)", items, drain(&client, items, 1, 126, 0).await?);
        fill(&client, items).await?;
        show("raw batched claims, 1 under way", items, raw_drain(&client).await?);
        fill(&client, items).await?;
        show("drain, next_batch(126), 4 callers", items, drain(&client, items, 4, 126, 0).await?);
        fill(&client, items).await?;
        show("drain, next_batch(126), read ahead 500", items, drain(&client, items, 1, 126, 500).await?);
    }
    if is_chosen("next") {
        let some = items.min(10_000);
        let ways = [Way::RawClaims, Way::RawClaimsWithSlot, Way::Next { ahead: 0 }, Way::Next { ahead: 32 }];
        duel(&client, 500, some.div_ceil(500).max(5), &ways).await?;
        fill(&client, some).await?;
        show("drain, next(), 64 callers", some, drain(&client, some, 64, 1, 0).await?);
    }
    if is_chosen("open") {
        for (few, rounds) in [(100, 20), (1_000, 20), (items, 5)] {
            duel(&client, few, rounds, &[Way::RawBatches, Way::OpenAndBatch]).await?;
        }
    }
    if is_chosen("crowd") {
        for each in [1, 16, 126] {
            let clients = try_join_all((0..4).map(|_| connect())).await?;
            let took = crowd(&client, &clients, items, each).await?;
            show(&format!("drain, 4 consumers, next_batch({each})"), items, took);
        }
    }
    if is_chosen("wait") {
        for every_ms in [5, 20] {
            latency(&client, &connect().await?, Duration::from_millis(every_ms)).await?;
        }
    }
    if is_chosen("flow") {
        for (producers, each) in [(64, 1), (4, 128)] {
            let took = end_to_end(&client, &connect().await?, 10 * items, producers, each).await?;
            show(&format!("end to end, {producers} producers x {each}"), 10 * items, took);
        }
    }
    Ok(())
}

async fn crowd(producer: &Client, consumers: &[Client], items: usize, each: usize) -> Outcome<Took> {
    fill(producer, items).await?;
    let (began, left) = (Stopwatch::start(), Arc::new(AtomicUsize::new(items)));
    try_join_all(consumers.iter().map(|client| {
        let (client, left) = (client.clone(), left.clone());
        async move { tokio::spawn(drain_together(client, each, left)).await? }
    }))
    .await?;
    Ok(began.stop())
}

/// What something took, on the wall and of this process's CPU time.
struct Took {
    wall: Duration,
    cpu: Duration,
}

struct Stopwatch {
    began: Instant,
    cpu: Duration,
}

impl Stopwatch {
    fn start() -> Self {
        Self { began: Instant::now(), cpu: cpu_time() }
    }

    fn stop(&self) -> Took {
        Took { wall: self.began.elapsed(), cpu: cpu_time() - self.cpu }
    }
}

fn cpu_time() -> Duration {
    let time = rustix::time::clock_gettime(rustix::time::ClockId::ProcessCPUTime);
    Duration::new(time.tv_sec.unsigned_abs(), u32::try_from(time.tv_nsec).unwrap_or(0))
}

fn show(what: &str, items: usize, took: Took) {
    let (rate, cpu_us) =
        (items as f64 / took.wall.as_secs_f64(), took.cpu.as_secs_f64() * 1e6 / items as f64);
    println!("{what:45} {rate:>9.0} items/s {cpu_us:>8.1} us of CPU an item");
}

fn open(client: &Client) -> Outcome<Queue> {
    Ok(Queue::builder(client.clone(), "/speed").open()?)
}

fn value() -> Vec<u8> {
    vec![b'x'; 128]
}

async fn fill(client: &Client, items: usize) -> Outcome<Took> {
    let (queue, began) = (open(client)?, Stopwatch::start());
    queue.enqueue_all(vec![value(); items]).await?;
    Ok(began.stop())
}

async fn enqueue(client: &Client, items: usize, callers: usize) -> Outcome<Took> {
    let queue = open(client)?;
    queue.enqueue(value()).await?;
    let began = Stopwatch::start();
    let calls = (0..callers).map(|_| {
        let queue = queue.clone();
        tokio::spawn(async move {
            for _ in 0..items / callers {
                queue.enqueue(value()).await?;
            }
            Ok::<_, etcd_queue::Error>(())
        })
    });
    for call in join_all(calls).await {
        call??;
    }
    let took = began.stop();
    drain_all(client).await?;
    Ok(took)
}

async fn raw_enqueue(client: &Client, items: usize) -> Outcome<Took> {
    let (mut kv, mut slot) = (client.kv_client(), 0);
    kv.delete("speed-slot", None).await?;
    let began = Stopwatch::start();
    for n in 0..items {
        let key = format!("/speed/{}", 1_700_000_000_000_000_000 + n);
        let txn = Txn::new()
            .when([
                Compare::version(key.clone(), CompareOp::Equal, 0),
                Compare::mod_revision("speed-slot", CompareOp::Equal, slot),
            ])
            .and_then([TxnOp::put(key, value(), None), TxnOp::put("speed-slot", "1700000000 1", None)])
            .or_else([TxnOp::get("speed-slot", None)]);
        let answer = kv.txn(txn).await?;
        slot = answer.header().map_or(0, etcd_client::ResponseHeader::revision);
    }
    let took = began.stop();
    drain_all(client).await?;
    Ok(took)
}

async fn drain_all(client: &Client) -> Outcome<()> {
    let queue = open(client)?;
    while queue.len().await? > 0 {
        queue.next_batch(126).await?;
    }
    Ok(queue.close().await?)
}

/// Lists and claims, the opening of the queue included.
async fn drain(client: &Client, items: usize, callers: usize, each: usize, ahead: usize) -> Outcome<Took> {
    let began = Stopwatch::start();
    let queue = Queue::builder(client.clone(), "/speed").read_ahead(ahead).open()?;
    let calls = (0..callers).map(|_| {
        let queue = queue.clone();
        tokio::spawn(async move {
            let mut left = items / callers;
            while left > 0 {
                left -= queue.next_batch(each.min(left)).await?.len();
            }
            Ok::<_, etcd_queue::Error>(())
        })
    });
    for call in join_all(calls).await {
        call??;
    }
    let took = began.stop();
    drain_all(client).await?;
    queue.close().await?;
    Ok(took)
}

/// Takes items until all consumers together have taken all.
async fn drain_together(client: Client, each: usize, left: Arc<AtomicUsize>) -> Outcome<()> {
    let queue = open(&client)?;
    while left.load(Ordering::Relaxed) > 0 {
        tokio::select! {
            biased;
            items = queue.next_batch(each) => drop(left.fetch_sub(items?.len(), Ordering::Relaxed)),
            () = sleep(Duration::from_millis(2)) => {}
        }
    }
    queue.close().await?;
    Ok(())
}

/// Keys and revisions are known.
async fn raw_drain(client: &Client) -> Outcome<Took> {
    let mut kv = client.kv_client().max_decoding_message_size(usize::MAX);
    let all = etcd_client::GetOptions::new().with_range("/speed0").with_keys_only();
    let all = kv.get("/speed/", Some(all)).await?;
    let began = Stopwatch::start();
    raw_batches(client, all.kvs()).await?;
    Ok(began.stop())
}

/// From the call of `enqueue` to the return of `next`, which waits.
async fn latency(producer: &Client, consumer: &Client, every: Duration) -> Outcome<()> {
    const ITEMS: usize = 300;
    let (producer, consumer) = (open(producer)?, open(consumer)?);
    let (sent, mut received) = tokio::sync::mpsc::unbounded_channel();
    let waiting = consumer.clone();
    tokio::spawn(async move {
        while let Ok(_item) = waiting.next().await {
            if sent.send(Instant::now()).is_err() {
                return;
            }
        }
    });
    producer.enqueue(value()).await?;
    received.recv().await;
    let mut took = Vec::new();
    for _ in 0..ITEMS {
        sleep(every).await;
        let began = Instant::now();
        producer.enqueue(value()).await?;
        if let Some(at) = received.recv().await {
            took.push(at.duration_since(began));
        }
    }
    took.sort();
    consumer.close().await?;
    println!("wait, an item each {every:?}: p50 {:?}, p99 {:?}", took[ITEMS / 2], took[ITEMS * 99 / 100]);
    Ok(())
}

async fn end_to_end(
    producer: &Client,
    consumer: &Client,
    items: usize,
    producers: usize,
    each: usize,
) -> Outcome<Took> {
    let (producer, consumer) = (open(producer)?, open(consumer)?);
    let began = Stopwatch::start();
    for _ in 0..producers {
        let queue = producer.clone();
        tokio::spawn(async move {
            for _ in 0..items / producers / each {
                queue.enqueue_all(vec![value(); each]).await?;
            }
            Ok::<_, etcd_queue::Error>(())
        });
    }
    let mut left = items / producers / each * producers * each;
    while left > 0 {
        left -= consumer.next_batch(504.min(left)).await?.len();
    }
    let took = began.stop();
    consumer.close().await?;
    Ok(took)
}
