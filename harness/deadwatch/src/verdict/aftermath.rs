//! Who still takes an item when all is over.
//!
//! The stage stores one probe for each consumer that has not stopped. Of those, a consumer is
//! - fine if it took a probe,
//! - failing if a call of it returned an error since the timeline ended: that counts as `error`, and the error has
//!   stopped it unless it retries,
//! - `deaf` if it did neither within the bound: it said nothing and took nothing.
//!
//! `dead` means that no consumer is left: the process died, or every consumer has stopped by the end, other than because
//! it had what it wanted: it passed its barrier or its lock, or its owner gave its call up.

use std::collections::BTreeSet;

use super::{Aftermath, ledger::Ledger};
use crate::{history::Happening, scenario::OnError};

pub(super) fn judge(ledger: &Ledger<'_>) -> Aftermath {
    if ledger.death.is_some() {
        return Aftermath::Dead;
    }
    // What comes after the bound is written down so that nothing counts as lost, and comes too late.
    let bound = ledger.bound_reached.unwrap_or(ledger.history.events.len());
    let served: BTreeSet<&str> = ledger
        .hand_outs
        .iter()
        .filter(|hand_out| hand_out.is_probe())
        .map(|hand_out| &hand_out.by)
        .chain(&ledger.passages)
        .filter(|by| by.position < bound)
        .map(|by| by.consumer)
        .collect();
    let failing = failing(ledger);
    let left: Vec<&str> = probed(ledger)
        .iter()
        .map(String::as_str)
        .filter(|name| served.contains(name) || !failing.contains(name) || !stops_on_error(ledger, name))
        .collect();
    let content = !ledger.passages.is_empty() || !ledger.cancelled.is_empty();
    if left.is_empty() {
        return if content { Aftermath::Healthy } else { Aftermath::Dead };
    }
    let deaf: Vec<String> = ledger
        .consumers()
        .filter(|name| left.contains(name) && !served.contains(name) && !failing.contains(name))
        .map(str::to_owned)
        .collect();
    if deaf.is_empty() { Aftermath::Healthy } else { Aftermath::Deaf(deaf) }
}

/// The consumers that had not stopped when the timeline ended.
pub(super) fn probed<'a>(ledger: &Ledger<'a>) -> &'a [String] {
    let probed = ledger.history.events.iter().find_map(|event| match &event.what {
        Happening::Probed { consumers } => Some(consumers.as_slice()),
        _ => None,
    });
    probed.unwrap_or_default()
}

/// The consumers of which a call returned an error since the timeline ended, listed one by one or only counted.
fn failing<'a>(ledger: &Ledger<'a>) -> BTreeSet<&'a str> {
    let begin = ledger.timeline_ended.unwrap_or(ledger.history.events.len());
    let listed =
        ledger.errors.iter().filter(|error| error.by.position > begin).map(|error| error.by.consumer);
    let counted = ledger.history.events.iter().skip(begin).filter_map(|event| match &event.what {
        Happening::FailuresOmitted { consumer, count } if *count > 0 => Some(consumer.as_str()),
        _ => None,
    });
    listed.chain(counted).collect()
}

fn stops_on_error(ledger: &Ledger<'_>, name: &str) -> bool {
    let consumers = &ledger.history.scenario.consumers;
    consumers.iter().any(|consumer| consumer.name == name && consumer.on_error == OnError::Stop)
}
