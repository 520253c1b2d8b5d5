//! What everybody who works in a run has in common: the phase of the run, and what becomes of their calls.

use std::sync::{
    Arc,
    atomic::{AtomicU64, Ordering},
};

use etcd_queue::Queue;
use tokio::sync::{Barrier, Notify, watch};

use super::record::Record;

/// How far the run is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Phase {
    /// Items are enqueued and taken, and things go wrong.
    Work,
    /// Each consumer takes one probe.
    Probe,
    /// Nobody calls any more.
    Over,
}

/// One of those who work with a queue of this repository.
pub struct Worker {
    /// Its own, on a client of its own.
    pub queue: Queue,
    /// The queue's prefix.
    pub prefix: String,
    /// Where it writes down what happens.
    pub record: Arc<Record>,
    /// Told of each transaction of its client.
    pub sent: Arc<Notify>,
    /// How far the run is.
    pub phase: watch::Receiver<Phase>,
    /// Where the consumers meet when none of them has a call of the work open any more.
    pub probing: Arc<Barrier>,
    /// How many calls were given up, by all.
    pub drops: Arc<AtomicU64>,
}

impl Worker {
    /// A call was given up.
    pub fn dropped_one(&self) {
        self.drops.fetch_add(1, Ordering::Relaxed);
    }
}
