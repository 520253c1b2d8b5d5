//! The promise: **a dequeue that succeeds hands out an item that somebody enqueued to this queue.**
//!
//! Broken by a call that returned as done without an item, by an item that was enqueued to another queue only (the
//! recipe's range reaches from `/test` over `/test2`), and by an item that nobody had begun to enqueue.

use super::{
    finding::{Evidence, Finding},
    ledger::{HandOut, Ledger, Returning},
};

pub(super) fn check(ledger: &Ledger<'_>) -> Vec<Finding> {
    let empty = ledger.empty_successes.iter().map(|by| finding(by, Evidence::NothingHandedOut));
    let wrong = ledger
        .hand_outs
        .iter()
        .filter(|hand_out| !hand_out.is_probe())
        .filter_map(|hand_out| Some(finding(&hand_out.by, wrong_item(ledger, hand_out)?)));
    empty.chain(wrong).collect()
}

fn wrong_item(ledger: &Ledger<'_>, hand_out: &HandOut<'_>) -> Option<Evidence> {
    let item = hand_out.item.to_owned();
    match ledger.items.get(hand_out.item) {
        Some(enqueued) if enqueued.began.0 > hand_out.by.position => Some(Evidence::NobodysItem(item)),
        Some(enqueued) if enqueued.prefix != ledger.history.scenario.queue.prefix => {
            Some(Evidence::OtherQueue { item, prefix: enqueued.prefix.to_owned() })
        }
        Some(_) => None,
        None => Some(Evidence::NobodysItem(item)),
    }
}

fn finding(by: &Returning<'_>, evidence: Evidence) -> Finding {
    Finding { at: by.at, consumers: vec![by.consumer.to_owned()], evidence }
}
