//! What the queue counts, through the `metrics` facade. A recorder must be installed before the queue is
//! opened; without one, nothing is counted.

use metrics::{Counter, Gauge, Unit, counter, describe_counter, describe_gauge, gauge};

use crate::watch::End;

const CLAIMED: &str = "etcd_queue_claimed_total";
const ENQUEUED: &str = "etcd_queue_enqueued_total";
const PUT_BACK: &str = "etcd_queue_put_back_total";
const LOST_RACES: &str = "etcd_queue_lost_races_total";
const TRANSACTIONS: &str = "etcd_queue_transactions_total";
const LOST_REPLIES: &str = "etcd_queue_lost_replies_total";
const RECOVERIES: &str = "etcd_queue_recoveries_total";
const DEGRADED: &str = "etcd_queue_degraded";
const UNREADABLE: &str = "etcd_queue_unreadable_items";
const KNOWN: &str = "etcd_queue_known_items";

/// The counters of one queue, labelled with its prefix as `queue`.
#[derive(Clone)]
pub(crate) struct Meter {
    queue: String,
    pub(crate) claimed: Counter,
    pub(crate) enqueued: Counter,
    pub(crate) put_back: Counter,
    pub(crate) lost_races: Counter,
    pub(crate) claims: Counter,
    pub(crate) stores: Counter,
    pub(crate) degraded: Gauge,
    pub(crate) unreadable: Gauge,
    pub(crate) known: Gauge,
}

/// How a lost reply was settled.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Ending {
    /// The transaction had been carried out.
    Applied,
    /// It had not, and never will be.
    Void,
    /// Nobody can tell.
    Unknown,
}

impl Meter {
    pub(crate) fn of(queue: &str) -> Self {
        describe();
        let count = |name: &'static str| counter!(name, "queue" => queue.to_owned());
        let transactions =
            |kind: &'static str| counter!(TRANSACTIONS, "queue" => queue.to_owned(), "kind" => kind);
        Self {
            queue: queue.to_owned(),
            claimed: count(CLAIMED),
            enqueued: count(ENQUEUED),
            put_back: count(PUT_BACK),
            lost_races: count(LOST_RACES),
            claims: transactions("claim"),
            stores: transactions("enqueue"),
            degraded: gauge!(DEGRADED, "queue" => queue.to_owned()),
            unreadable: gauge!(UNREADABLE, "queue" => queue.to_owned()),
            known: gauge!(KNOWN, "queue" => queue.to_owned()),
        }
    }

    pub(crate) fn settled(&self, kind: &'static str, ending: Ending) {
        let ending = match ending {
            Ending::Applied => "applied",
            Ending::Void => "void",
            Ending::Unknown => "unknown",
        };
        counter!(LOST_REPLIES, "queue" => self.queue.clone(), "kind" => kind, "ending" => ending)
            .increment(1);
    }

    pub(crate) fn recovered(&self, cause: &'static str) {
        counter!(RECOVERIES, "queue" => self.queue.clone(), "cause" => cause).increment(1);
    }
}

/// The watch's end as a label.
pub(crate) const fn cause(end: &End) -> &'static str {
    match end {
        End::Login(_) => "login",
        End::Compacted { .. } => "compacted",
        End::Cancelled(_) => "cancelled",
        End::Broken(_) => "broken",
        End::Silent => "silent",
    }
}

fn describe() {
    describe_counter!(CLAIMED, Unit::Count, "items taken out of the queue");
    describe_counter!(ENQUEUED, Unit::Count, "items stored");
    describe_counter!(PUT_BACK, Unit::Count, "items claimed, handed to nobody and stored again");
    describe_counter!(LOST_RACES, Unit::Count, "items that another consumer was quicker to claim");
    describe_counter!(TRANSACTIONS, Unit::Count, "transactions sent, by kind");
    describe_counter!(LOST_REPLIES, Unit::Count, "lost replies, by how they were settled");
    describe_counter!(RECOVERIES, Unit::Count, "watches and listings made anew, by cause");
    describe_gauge!(DEGRADED, Unit::Count, "1 while the queue may not keep its records");
    describe_gauge!(UNREADABLE, Unit::Count, "items larger than the client takes, left where they are");
    describe_gauge!(KNOWN, Unit::Count, "items known to be stored");
}
