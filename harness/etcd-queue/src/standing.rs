//! Whether the queue can keep every promise: shared by its tasks, asked by its callers.

use std::sync::{Arc, Mutex, PoisonError};

use crate::error::Error;
use crate::meter::Meter;

/// The queue works, but may not keep its records: where it cannot tell what became of a lost reply, it is as
/// uncertain as the recipe.
///
/// Then an item whose claim's reply was lost is handed out as
/// [`Certainty::Presumed`](crate::Certainty::Presumed), an enqueue may end as
/// [`Error::Unsettled`](crate::Error::Unsettled), one claim is under way at a time, and several consumers
/// contend for each item. Give the user of the queue read and write permission on [`range`](Self::range).
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Degraded {
    /// The range that the right is missing on, as `[first, behind the last)`.
    pub range: String,
    /// etcd's own words.
    pub reason: String,
}

/// The standing of one queue.
#[derive(Clone, Debug, Default)]
pub(crate) struct Standing(Arc<Mutex<Option<Degraded>>>);

impl Standing {
    pub(crate) fn degraded(&self) -> Option<Degraded> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Notes that the records beside the queue are denied, and warns of it once.
    pub(crate) fn degrade(&self, denial: &Error, meter: &Meter) {
        let Error::PermissionDenied { range, reason, .. } = denial else { return };
        let mut standing = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if standing.is_none() {
            tracing::warn!(
                range,
                reason,
                "degraded: without rights on its records the queue cannot settle lost replies"
            );
            meter.degraded.set(1.0);
        }
        *standing = Some(Degraded { range: range.clone(), reason: reason.clone() });
    }

    pub(crate) fn mend(&self, meter: &Meter) {
        let mut standing = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(degraded) = standing.take() {
            tracing::info!(range = degraded.range, "no longer degraded");
        }
        meter.degraded.set(0.0);
    }
}
