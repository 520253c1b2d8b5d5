//! The promise: **a call returns an item, or waits.**
//!
//! A consumer whose call returned an error has the outcome `error`, in the aftermath too, and also if it called again
//! and went on well. The same text of the same consumer is one finding, at its first time.
//!
//! An ambiguous operation is neither success nor failure to the queue, but it is an error to its caller: whatever the
//! server may have done, the call returned one. A producer's error is no consumer's outcome: its item is the other
//! checkers' affair. An acknowledgement that fails is its consumer's error.

use std::collections::BTreeSet;

use super::{
    finding::{Evidence, Finding},
    ledger::Ledger,
    redact::redact,
};

pub(super) fn check(ledger: &Ledger<'_>) -> Vec<Finding> {
    let mut seen = BTreeSet::new();
    ledger
        .errors
        .iter()
        .filter(|error| seen.insert((error.by.consumer, redact(error.text))))
        .map(|error| Finding {
            at: error.by.at,
            consumers: vec![error.by.consumer.to_owned()],
            evidence: Evidence::Error(error.text.to_owned()),
        })
        .collect()
}
