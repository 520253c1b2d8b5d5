//! The promise: **a lone consumer gets the items of one producer in the order in which they were committed.**
//!
//! Two items of one producer have a known order only if the first was acknowledged before the second was begun; what
//! was under way at the same time, or ended in an error, may have been committed either way. Among several consumers
//! nobody can see an order: each has items of its own.

use super::{
    finding::{Evidence, Finding},
    ledger::{Item, Ledger, Position},
};
use crate::scenario::Producer;

pub(super) fn check(ledger: &Ledger<'_>) -> Vec<Finding> {
    let mut consumers = ledger.consumers();
    match (consumers.next(), consumers.next()) {
        (Some(lone), None) => {
            let by = [Producer::Harness, Producer::Subject];
            by.iter().flat_map(|producer| check_producer(ledger, lone, *producer)).collect()
        }
        _ => Vec::new(),
    }
}

/// Holds each item against the one that was begun last of those handed out before it: if even that one has no known
/// order with it, none has.
fn check_producer(ledger: &Ledger<'_>, lone: &str, producer: Producer) -> Vec<Finding> {
    let mut latest: Option<(Position, &str)> = None;
    let mut findings = Vec::new();
    for hand_out in &ledger.hand_outs {
        let item = ledger.items.get(hand_out.item).filter(|item| item.producer == Some(producer));
        let Some((began, acknowledged)) = item.and_then(committed) else { continue };
        match latest {
            Some((begun_last, later)) if acknowledged < begun_last => {
                let evidence =
                    Evidence::WrongOrder { earlier: hand_out.item.to_owned(), later: later.to_owned() };
                findings.push(Finding { at: hand_out.by.at, consumers: vec![lone.to_owned()], evidence });
            }
            Some((begun_last, _)) if began < begun_last => {}
            _ => latest = Some((began, hand_out.item)),
        }
    }
    findings
}

/// When an item was begun and when it was acknowledged, if it was.
fn committed(item: &Item<'_>) -> Option<(Position, Position)> {
    Some((item.began.0, item.acknowledged?.0))
}
