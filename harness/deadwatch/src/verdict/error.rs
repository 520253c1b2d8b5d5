//! The promise: **a call returns an item, or waits.**
//!
//! A consumer whose call returned an error has the outcome `error`, in the aftermath too, and also if it called again
//! and went on well. The same text of the same consumer is one finding, at its first time.

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
