//! The promise: **a lone consumer gets the items of one producer in the order in which they were committed.**
//!
//! A producer is somebody who writes one item after the other. Where a step has several write at once, each of them is
//! one, and between the items of two of them no order is promised, however far apart they were written. Among several
//! consumers nobody can see an order: each has items of its own.
//!
//! An ambiguous operation is neither success nor failure: two items have a known order only if the first was
//! acknowledged before the second was begun. What was under way at the same time, or ended in an error, may have been
//! committed either way. An item that comes a second time has no place of its own: if that is wrong, it is a duplicate.
//! Nor is there an order between what comes from a store and what came from the one before it.

use std::collections::{BTreeMap, BTreeSet};

use super::{
    finding::{Evidence, Finding},
    ledger::{Item, Ledger, Position, Writer},
};

pub(super) fn check(ledger: &Ledger<'_>) -> Vec<Finding> {
    let mut consumers = ledger.consumers();
    match (consumers.next(), consumers.next()) {
        (Some(lone), None) => check_lone(ledger, lone),
        _ => Vec::new(),
    }
}

/// Holds each item against the one of its producer that was begun last of those handed out before it: if even that one
/// has no known order with it, none has.
fn check_lone(ledger: &Ledger<'_>, lone: &str) -> Vec<Finding> {
    let mut latest: BTreeMap<Writer, (Position, &str)> = BTreeMap::new();
    let mut seen = BTreeSet::new();
    let mut findings = Vec::new();
    let mut last = 0;
    for hand_out in ledger.hand_outs.iter().filter(|hand_out| seen.insert(hand_out.item)) {
        let here = hand_out.by.position;
        if ledger.replacements.iter().any(|replaced| replaced.is_between(last, here)) {
            latest.clear();
        }
        last = here;
        let Some(item) = ledger.items.get(hand_out.item) else { continue };
        let (Some(producer), Some((began, acknowledged))) = (item.producer, committed(item)) else {
            continue;
        };
        match latest.get(&producer) {
            Some((begun_last, later)) if acknowledged < *begun_last => {
                let evidence =
                    Evidence::WrongOrder { earlier: hand_out.item.to_owned(), later: (*later).to_owned() };
                findings.push(Finding { at: hand_out.by.at, consumers: vec![lone.to_owned()], evidence });
            }
            Some((begun_last, _)) if began < *begun_last => {}
            _ => {
                latest.insert(producer, (began, hand_out.item));
            }
        }
    }
    findings
}

/// When an item was begun and when it was acknowledged, if it was.
fn committed(item: &Item<'_>) -> Option<(Position, Position)> {
    Some((item.began.0, item.acknowledged?.0))
}
