//! A worker: a process of its own that enqueues or takes items until it is told to close its queue, or is killed.

use std::{io, process::ExitCode, thread, time::Duration};

use etcd_queue::{Clock, Cluster, ClusterOptions, Error, LeaseQueue, Queue, WallClock};
use fastrand::Rng;
use tokio::{sync::watch, time::sleep};

use super::{
    acknowledge, consume,
    journal::{Entry, Journal},
    produce,
    settings::{Job, Kind, Order, Settings},
};

/// An item is handed out so often that none is ever put aside.
const MAX_DELIVERIES: u32 = 1_000_000;
/// The exit code of a worker whose campaign is gone.
const ALONE: i32 = 3;

/// Why a worker ended otherwise than it was told to; reads on after "could not".
#[derive(Debug, thiserror::Error)]
enum WorkerError {
    #[error("read its settings: {0}")]
    Settings(#[from] serde_json::Error),
    #[error("make a runtime, or write its journal: {0}")]
    System(#[from] io::Error),
    #[error("open its queue: {0}")]
    Open(#[from] Error),
}

/// Does the work of these settings, which are JSON.
pub fn main(settings: &str) -> ExitCode {
    match work(settings) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("a worker could not {error}");
            ExitCode::FAILURE
        }
    }
}

fn work(settings: &str) -> Result<(), WorkerError> {
    let settings: Settings = serde_json::from_str(settings)?;
    let journal = Journal::open(&settings.journal)?;
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(async {
        let desk = Desk { orders: listen(), journal, settings };
        let line = Line::open(&desk.settings)?;
        match (&line, desk.settings.job) {
            (_, Job::Produce) => produce::produce(&desk, &line).await?,
            (Line::Taken(queue), Job::Consume) => consume::consume(&desk, queue).await?,
            (Line::Leased(queue), Job::Consume) => acknowledge::consume(&desk, queue).await?,
        }
        Ok(())
    })
}

/// What a worker has in hand, apart from its queue.
pub struct Desk {
    orders: watch::Receiver<Order>,
    journal: Journal,
    /// What it was told when it began.
    pub settings: Settings,
}

impl Desk {
    /// Writes down what happens.
    ///
    /// # Errors
    /// It can't be written.
    pub fn write(&self, entries: &[Entry]) -> io::Result<()> {
        self.journal.write(entries)
    }

    /// Whether it is told to close its queue.
    pub fn is_closing(&self) -> bool {
        *self.orders.borrow() == Order::Close
    }

    /// Waits until it is told to close its queue.
    ///
    /// # Cancel safety
    /// Dropping the future has no effect.
    pub async fn closing(&self) {
        self.until(|order| order == Order::Close).await;
    }

    /// Waits while it shall rest.
    ///
    /// # Cancel safety
    /// Dropping the future has no effect.
    pub async fn rested(&self) {
        self.until(|order| order != Order::Rest).await;
    }

    async fn until(&self, is_so: impl Fn(Order) -> bool) {
        // The sender lives as long as the process.
        let _ = self.orders.clone().wait_for(|order| is_so(*order)).await;
    }

    /// The rest after a call.
    pub async fn rest(&self, rng: &mut Rng) {
        let rest = Duration::from_millis(rng.u64(self.settings.rest_ms.clone()));
        if !rest.is_zero() {
            sleep(rest).await;
        }
    }
}

/// The orders that come on standard input; with its end, so does this process.
fn listen() -> watch::Receiver<Order> {
    let (told, orders) = watch::channel(Order::Go);
    thread::spawn(move || {
        for line in io::stdin().lines() {
            let Ok(line) = line else { break };
            if let Some(order) = Order::of(&line) {
                told.send_replace(order);
            }
        }
        std::process::exit(ALONE);
    });
    orders
}

/// The queue that it works on.
pub enum Line {
    /// One whose items are gone when they are handed out.
    Taken(Queue),
    /// One whose items are acknowledged.
    Leased(LeaseQueue),
}

impl Line {
    fn open(settings: &Settings) -> Result<Self, Error> {
        let members = Cluster::connect(&settings.endpoints, ClusterOptions::new().seed(settings.seed))?;
        let clock = SkewedClock { off_s: settings.clock_off_s };
        let request = Duration::from_millis(settings.request_timeout_ms);
        let prefix = settings.prefix.as_str();
        Ok(match settings.kind {
            Kind::Taken => {
                let builder = Queue::builder(members, prefix).clock(clock).jitter_seed(settings.seed);
                Self::Taken(builder.request_timeout(request).open()?)
            }
            Kind::Leased => {
                let builder = LeaseQueue::builder(members, prefix).clock(clock).jitter_seed(settings.seed);
                let builder = builder.session_ttl(Duration::from_secs(settings.session_ttl_s));
                Self::Leased(builder.max_deliveries(MAX_DELIVERIES).request_timeout(request).open()?)
            }
        })
    }

    /// Stores an item.
    pub async fn enqueue(&self, value: String) -> Result<(), Error> {
        match self {
            Self::Taken(queue) => queue.enqueue(value).await,
            Self::Leased(queue) => queue.enqueue(value).await,
        }
    }

    /// Stores items.
    pub async fn enqueue_all(&self, values: Vec<String>) -> Result<(), Error> {
        match self {
            Self::Taken(queue) => queue.enqueue_all(values).await,
            Self::Leased(queue) => queue.enqueue_all(values).await,
        }
    }

    /// Closes the queue; what came of it.
    pub async fn close(&self) -> Vec<Entry> {
        match self {
            Self::Taken(queue) => consume::closed(queue.close().await),
            Self::Leased(queue) => {
                queue.close().await;
                vec![Entry::Closed]
            }
        }
    }
}

/// A clock that is off.
#[derive(Clone, Copy, Debug)]
struct SkewedClock {
    off_s: i64,
}

impl Clock for SkewedClock {
    fn unix_ns(&self) -> u64 {
        let off_ns = i128::from(self.off_s) * 1_000_000_000;
        u64::try_from(i128::from(WallClock.unix_ns()) + off_ns).unwrap_or_default()
    }
}
