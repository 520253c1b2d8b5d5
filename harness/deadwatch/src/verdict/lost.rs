//! The promise: **an item that was acknowledged to its producer is handed to a consumer, or is still stored.**
//!
//! An ambiguous operation is neither success nor failure: an enqueue that ended in an error, or in nothing, promises
//! nothing, as its item may be stored or not; one that was made again and acknowledged then promises it. A dequeue that
//! ended in an error, was given up, or is still open when all is over may have taken its item: if nobody has it and it
//! is gone, it is lost, since the promise is the queue's and not the call's. A history that does not say what is stored
//! at the end shows no loss.
//!
//! An item that went with a store that was wiped or restored is not lost ([`super::store_life`]).
//!
//! Whose loss it is: no event tells which claim took an item that nobody got, since its reply never came. The item is
//! lost to all who wait on its queue, so the loss counts against each consumer that has no worse outcome.

use std::collections::BTreeSet;

use super::{
    finding::{Evidence, Finding},
    ledger::Ledger,
};
use crate::history::Happening;

pub(super) fn check(ledger: &Ledger<'_>) -> Vec<Finding> {
    let mut findings = lost_items(ledger);
    findings.extend(lost_probes(ledger));
    findings
}

fn lost_items(ledger: &Ledger<'_>) -> Vec<Finding> {
    let Some(stored) = ledger.stored else { return Vec::new() };
    let stored: BTreeSet<&str> = stored.iter().map(String::as_str).collect();
    let handed_out: BTreeSet<&str> = ledger.hand_outs.iter().map(|hand_out| hand_out.item).collect();
    ledger
        .items
        .iter()
        .filter(|(value, _)| !stored.contains(*value) && !handed_out.contains(*value))
        .filter(|(_, item)| !ledger.replacements.iter().any(|replaced| replaced.may_have_taken(item)))
        .filter_map(|(value, item)| {
            let (_, at) = item.acknowledged?;
            Some(finding(ledger, at, Evidence::LostItem((*value).to_owned())))
        })
        .collect()
}

/// A probe is known by being one of those stored, not by its consumer: only their numbers tell whether one is gone.
fn lost_probes(ledger: &Ledger<'_>) -> Option<Finding> {
    let events = &ledger.history.events;
    let (at, probed) = events.iter().find_map(|event| match &event.what {
        Happening::Probed { consumers } => {
            Some((event.at(), consumers.iter().filter(|name| ledger.takes_items(name)).count()))
        }
        _ => None,
    })?;
    let left = events.iter().find_map(|event| match &event.what {
        Happening::ProbesStored { probes } => Some(probes),
        _ => None,
    })?;
    let taken = ledger.hand_outs.iter().filter(|hand_out| hand_out.is_probe()).map(|hand_out| hand_out.item);
    let accounted: BTreeSet<&str> = taken.chain(left.iter().map(String::as_str)).collect();
    let lost = probed.saturating_sub(accounted.len());
    (lost > 0).then(|| finding(ledger, at, Evidence::LostProbes(lost)))
}

fn finding(ledger: &Ledger<'_>, at: std::time::Duration, evidence: Evidence) -> Finding {
    Finding { at, consumers: ledger.consumers().map(str::to_owned).collect(), evidence }
}
