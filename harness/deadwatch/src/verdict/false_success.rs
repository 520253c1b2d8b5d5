//! The promise: **a dequeue that succeeds hands out an item that somebody enqueued to this queue.**
//!
//! **What waits at a barrier or a lock passes it only when it may.**
//!
//! Broken by a dequeue that returned as done without an item, by an item that was enqueued to another queue only (the
//! recipe's range reaches from `/test` over `/test2`), and by an item that nobody had begun to enqueue;
//! by a call that passed what the harness held at that moment, and by one that entered a double barrier of two alone.

use std::collections::BTreeSet;

use super::{
    finding::{Evidence, Finding},
    ledger::{HandOut, Ledger, Returning},
};
use crate::{
    history::Happening,
    scenario::{Consumer, ConsumerCall},
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

/// Whether the call had what it waited for when it returned.
fn may_pass(ledger: &Ledger<'_>, by: &Returning<'_>, consumer: &Consumer) -> bool {
    let before = ledger.history.events.iter().take(by.position);
    match consumer.call {
        ConsumerCall::DoubleBarrierEnter => {
            let mut released = false;
            let mut entered = BTreeSet::new();
            for event in before {
                match &event.what {
                    Happening::Released { key } if *key == consumer.prefix => released = true,
                    Happening::Called { consumer: name, .. } => {
                        let other = ledger.consumer(name);
                        if other.is_some_and(|other| {
                            other.call == consumer.call && other.prefix == consumer.prefix
                        }) {
                            entered.insert(name);
                        }
                    }
                    _ => {}
                }
            }
            released || entered.len() >= PARTICIPANTS
        }
        _ => {
            let mut gates = before.filter_map(|event| match &event.what {
                Happening::Held { key } if *key == consumer.prefix => Some(Gate::Held),
                Happening::Released { key } if *key == consumer.prefix => Some(Gate::Open),
                _ => None,
            });
            gates.next_back().unwrap_or(Gate::Open) == Gate::Open
        }
    }
}

/// How many a double barrier waits for.
const PARTICIPANTS: usize = 2;

/// Whether the harness lets anybody pass.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Gate {
    Held,
    Open,
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
