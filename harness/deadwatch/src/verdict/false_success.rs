//! The promise: **a dequeue that succeeds hands out an item that somebody enqueued to this queue.**
//!
//! **What waits at a barrier or a lock passes it only when it may.**
//!
//! Broken by a dequeue that returned as done without an item, by an item that was enqueued to another queue only (the
//! recipe's range reaches from `/test` over `/test2`), and by an item that nobody had begun to enqueue;
//! by a call that passed what the harness held for as long as the call was open, by one that entered a double barrier
//! of two alone, and by one that left it before the others.
//!
//! An ambiguous operation is neither success nor failure: an item may be handed out from the moment on in which its
//! enqueue was begun, whatever that ended in; a dequeue that ended in an error has claimed nothing that it could be
//! wrong about. What is about to be held, or about to be released, lets pass.

use super::{
    finding::{Evidence, Finding},
    ledger::{HandOut, Ledger, Returning},
    passage::may_pass,
};

pub(super) fn check(ledger: &Ledger<'_>) -> Vec<Finding> {
    let empty = ledger.empty_successes.iter().map(|by| finding(by, Evidence::NothingHandedOut));
    let wrong = ledger
        .hand_outs
        .iter()
        .filter(|hand_out| !hand_out.is_probe())
        .filter_map(|hand_out| Some(finding(&hand_out.by, wrong_item(ledger, hand_out)?)));
    let passed = ledger.passages.iter().filter_map(|by| {
        let consumer = ledger.consumer(by.consumer)?;
        let key = consumer.prefix.clone();
        (!may_pass(ledger, by, consumer)).then(|| finding(by, Evidence::PassedTooEarly(key)))
    });
    empty.chain(wrong).chain(passed).collect()
}

fn wrong_item(ledger: &Ledger<'_>, hand_out: &HandOut<'_>) -> Option<Evidence> {
    let item = hand_out.item.to_owned();
    match ledger.items.get(hand_out.item) {
        Some(enqueued) if enqueued.began.0 > hand_out.by.position => Some(Evidence::NobodysItem(item)),
        Some(enqueued) if !is_its_queue(ledger, hand_out, enqueued.prefix) => {
            Some(Evidence::OtherQueue { item, prefix: enqueued.prefix.to_owned() })
        }
        Some(_) => None,
        None => Some(Evidence::NobodysItem(item)),
    }
}

/// Whether the item was enqueued to the very queue that the consumer asked.
fn is_its_queue(ledger: &Ledger<'_>, hand_out: &HandOut<'_>, prefix: &str) -> bool {
    let asked = ledger.consumer(hand_out.by.consumer).map(|consumer| consumer.prefix.as_str());
    asked.unwrap_or(&ledger.history.scenario.queue.prefix) == prefix
}

fn finding(by: &Returning<'_>, evidence: Evidence) -> Finding {
    Finding { at: by.at, consumers: vec![by.consumer.to_owned()], evidence }
}
