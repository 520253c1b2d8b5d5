//! What the queues of this process count, by queue and label: the recorder behind the `metrics` facade.

use std::{
    collections::BTreeMap,
    ops::{Add, Sub},
    sync::{
        Arc, Mutex, OnceLock, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
};

use metrics::{
    Counter, Gauge, Histogram, Key, KeyName, Metadata, Recorder, SetRecorderError, SharedString, Unit,
};

const LOST_REPLIES: &str = "etcd_queue_lost_replies_total";

/// Every counter of this process.
#[derive(Clone, Debug, Default)]
pub struct Tally(Arc<Mutex<BTreeMap<Key, Arc<AtomicU64>>>>);

/// How the lost replies of one queue were settled: those of claims and of enqueues, of all its clients in this process.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct LostReplies {
    /// The transaction had been carried out: an ambiguous commit.
    pub applied: u64,
    /// It had not, and never will be.
    pub void: u64,
    /// Nobody can tell.
    pub unknown: u64,
}

impl Add for LostReplies {
    type Output = Self;

    fn add(self, more: Self) -> Self {
        Self {
            applied: self.applied + more.applied,
            void: self.void + more.void,
            unknown: self.unknown + more.unknown,
        }
    }
}

impl Sub for LostReplies {
    type Output = Self;

    fn sub(self, before: Self) -> Self {
        Self {
            applied: self.applied.saturating_sub(before.applied),
            void: self.void.saturating_sub(before.void),
            unknown: self.unknown.saturating_sub(before.unknown),
        }
    }
}

impl Tally {
    /// The one of this process, in force from the first call on: queues that are opened before it count nothing.
    ///
    /// # Errors
    /// Somebody else's recorder is in force.
    pub fn of_this_process() -> Result<&'static Self, SetRecorderError<Self>> {
        static TALLY: OnceLock<Tally> = OnceLock::new();
        static INSTALLING: Mutex<()> = Mutex::new(());
        let _alone = INSTALLING.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(tally) = TALLY.get() {
            return Ok(tally);
        }
        let tally = Self::default();
        metrics::set_global_recorder(tally.clone())?;
        Ok(TALLY.get_or_init(|| tally))
    }

    /// The lost replies of this queue so far.
    pub fn lost_replies(&self, queue: &str) -> LostReplies {
        let counters = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let sum = |ending: &str| {
            let is = |key: &Key, label: &str, value: &str| {
                key.labels().any(|pair| pair.key() == label && pair.value() == value)
            };
            let fit = counters.iter().filter(|(key, _)| {
                key.name() == LOST_REPLIES && is(key, "queue", queue) && is(key, "ending", ending)
            });
            fit.map(|(_, count)| count.load(Ordering::Relaxed)).sum()
        };
        LostReplies { applied: sum("applied"), void: sum("void"), unknown: sum("unknown") }
    }
}

impl Recorder for Tally {
    fn describe_counter(&self, _: KeyName, _: Option<Unit>, _: SharedString) {}

    fn describe_gauge(&self, _: KeyName, _: Option<Unit>, _: SharedString) {}

    fn describe_histogram(&self, _: KeyName, _: Option<Unit>, _: SharedString) {}

    fn register_counter(&self, key: &Key, _: &Metadata<'_>) -> Counter {
        let mut counters = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        Counter::from_arc(Arc::clone(counters.entry(key.clone()).or_default()))
    }

    fn register_gauge(&self, _: &Key, _: &Metadata<'_>) -> Gauge {
        Gauge::noop()
    }

    fn register_histogram(&self, _: &Key, _: &Metadata<'_>) -> Histogram {
        Histogram::noop()
    }
}

#[cfg(test)]
mod tests {
    use metrics::{counter, with_local_recorder};

    use super::*;

    #[test]
    fn lost_replies_are_told_apart_by_queue_and_ending_and_summed_over_kinds() {
        let tally = Tally::default();
        with_local_recorder(&tally, || {
            for (queue, kind, ending) in [
                ("/a", "claim", "applied"),
                ("/a", "enqueue", "applied"),
                ("/a", "claim", "void"),
                ("/b", "claim", "applied"),
            ] {
                counter!(LOST_REPLIES, "queue" => queue, "kind" => kind, "ending" => ending).increment(1);
            }
            counter!("etcd_queue_claimed_total", "queue" => "/a").increment(7);
        });
        let lost = tally.lost_replies("/a");
        assert_eq!(lost, LostReplies { applied: 2, void: 1, unknown: 0 });
        assert_eq!(tally.lost_replies("/b") - LostReplies { applied: 1, ..lost }, LostReplies::default());
    }
}
