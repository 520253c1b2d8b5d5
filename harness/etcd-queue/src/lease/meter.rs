//! What a queue with acknowledgements counts beyond what every queue does.

use metrics::{Counter, Unit, counter, describe_counter};

const ACKED: &str = "etcd_queue_acked_total";
const REDELIVERED: &str = "etcd_queue_redelivered_total";
const RELEASED: &str = "etcd_queue_released_total";
const FENCED: &str = "etcd_queue_fenced_total";
const DEAD_LETTERS: &str = "etcd_queue_dead_letters_total";
const SESSIONS: &str = "etcd_queue_sessions_total";

/// The counters of one queue, labelled with its prefix as `queue`.
#[derive(Clone)]
pub(crate) struct LeaseMeter {
    pub(crate) acked: Counter,
    pub(crate) redelivered: Counter,
    pub(crate) released: Counter,
    pub(crate) fenced: Counter,
    pub(crate) dead_letters: Counter,
    pub(crate) sessions: Counter,
}

impl LeaseMeter {
    pub(crate) fn of(queue: &str) -> Self {
        describe_counter!(ACKED, Unit::Count, "items acknowledged");
        describe_counter!(REDELIVERED, Unit::Count, "items claimed that were handed out before");
        describe_counter!(RELEASED, Unit::Count, "items given back");
        describe_counter!(FENCED, Unit::Count, "endings refused because the item was in other hands");
        describe_counter!(DEAD_LETTERS, Unit::Count, "items put aside after too many deliveries");
        describe_counter!(SESSIONS, Unit::Count, "sessions begun, the first included");
        let count = |name: &'static str| counter!(name, "queue" => queue.to_owned());
        Self {
            acked: count(ACKED),
            redelivered: count(REDELIVERED),
            released: count(RELEASED),
            fenced: count(FENCED),
            dead_letters: count(DEAD_LETTERS),
            sessions: count(SESSIONS),
        }
    }
}
