//! Whether the queue can keep every promise, and serve every item: shared by its tasks, asked by its callers.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

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
pub(crate) struct Standing(Arc<Mutex<State>>);

#[derive(Debug, Default)]
struct State {
    degraded: Option<Degraded>,
    unreadable: Vec<String>,
}

impl Standing {
    pub(crate) fn degraded(&self) -> Option<Degraded> {
        self.state().degraded.clone()
    }

    pub(crate) fn unreadable(&self) -> Vec<String> {
        self.state().unreadable.clone()
    }

    /// Notes the items that are larger than the client takes.
    pub(crate) fn tell_unreadable<'a>(&self, keys: impl ExactSizeIterator<Item = &'a [u8]>, meter: &Meter) {
        let mut state = self.state();
        if keys.len() == 0 && state.unreadable.is_empty() {
            return;
        }
        state.unreadable = keys.map(|key| String::from_utf8_lossy(key).into_owned()).collect();
        meter.unreadable.set(f64::from(u32::try_from(state.unreadable.len()).unwrap_or(u32::MAX)));
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Notes that the records beside the queue are denied, and warns of it once.
    pub(crate) fn degrade(&self, denial: &Error, meter: &Meter) {
        let Error::PermissionDenied { range, reason, .. } = denial else { return };
        let degraded = &mut self.state().degraded;
        if degraded.is_none() {
            tracing::warn!(
                range,
                reason,
                "degraded: without rights on its records the queue cannot settle lost replies"
            );
            meter.degraded.set(1.0);
        }
        *degraded = Some(Degraded { range: range.clone(), reason: reason.clone() });
    }

    pub(crate) fn mend(&self, meter: &Meter) {
        if let Some(degraded) = self.state().degraded.take() {
            tracing::info!(range = degraded.range, "no longer degraded");
        }
        meter.degraded.set(0.0);
    }
}
