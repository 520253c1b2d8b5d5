//! What everybody who works with a queue of this repository in a run has in hand.

use std::sync::{
    Arc,
    atomic::{AtomicU64, Ordering},
};

use etcd_queue::Queue;
use tokio::sync::Notify;

use super::{phase::Phases, record::Record};

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
    pub phases: Arc<Phases>,
    /// How many calls were given up by all while items were enqueued or waited for: in an empty queue nothing can be
    /// lost, and giving up is cheap.
    pub drops: Arc<AtomicU64>,
}

impl Worker {
    /// An enqueue was given up.
    pub fn dropped_an_enqueue(&self) {
        self.drops.fetch_add(1, Ordering::Relaxed);
    }

    /// A call for items was given up.
    pub fn dropped_a_wait(&self) {
        if self.record.standing().awaited > 0 {
            self.drops.fetch_add(1, Ordering::Relaxed);
        }
    }
}
