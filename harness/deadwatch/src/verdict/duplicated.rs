//! The promise: **an item is handed out once.**
//!
//! It is broken by all who got the item. The aftermath's probes are items like any other here.
//!
//! With `delivery = "at-least-once"` an item may be handed out again when its holder is gone: when it crashed, failed,
//! or let its session end. [`holder_was_gone`] is the place for that rule.

use std::collections::BTreeMap;

use super::{
    finding::{Evidence, Finding},
    ledger::{HandOut, Ledger},
};
use crate::scenario::Delivery;

pub(super) fn check(ledger: &Ledger<'_>) -> Vec<Finding> {
    let mut holders: BTreeMap<&str, Vec<HandOut<'_>>> = BTreeMap::new();
    for hand_out in &ledger.hand_outs {
        holders.entry(hand_out.item).or_default().push(*hand_out);
    }
    holders.into_values().filter_map(|hand_outs| judge_item(ledger, &hand_outs)).collect()
}

fn judge_item(ledger: &Ledger<'_>, hand_outs: &[HandOut<'_>]) -> Option<Finding> {
    let wrong = hand_outs.windows(2).find_map(|pair| match pair {
        [first, second] if !holder_was_gone(ledger, first, second) => Some(second),
        _ => None,
    })?;
    let mut consumers: Vec<String> = Vec::new();
    for hand_out in hand_outs {
        if !consumers.iter().any(|name| name == hand_out.by.consumer) {
            consumers.push(hand_out.by.consumer.to_owned());
        }
    }
    let evidence = Evidence::HandedOutTwice(wrong.item.to_owned());
    Some(Finding { at: wrong.by.at, consumers, evidence })
}

/// Whether the item of `first` was free to be handed out again by the time of `second`.
fn holder_was_gone(ledger: &Ledger<'_>, first: &HandOut<'_>, second: &HandOut<'_>) -> bool {
    match ledger.history.scenario.queue.delivery {
        Delivery::Once => false,
        // A holder whose session ended is gone too; no event tells that yet. A crash ends the timeline, and nothing
        // is handed out after it.
        Delivery::AtLeastOnce => ledger.errors.iter().any(|error| {
            error.by.consumer == first.by.consumer
                && (first.by.position..second.by.position).contains(&error.by.position)
        }),
    }
}
