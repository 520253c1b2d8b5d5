//! The promise: **a consumer that makes no progress does not work either.**
//!
//! It is broken by more than 100 calls of a consumer that returned an error within one second, and by more than 100
//! requests per consumer with an open call on its client's connection while none of that client's calls returned. The
//! stage counts, since a history keeps only the first failures; here the counts are held against the limit.
//!
//! An ambiguous operation is neither success nor failure to its caller, but it is no progress: an error counts here
//! whether or not the server did what was asked. A call that has not returned counts as nothing; what its client
//! requests meanwhile does.

use super::{
    finding::{Evidence, Finding},
    ledger::Ledger,
};
use crate::history::Happening;

/// What more than this many a second is a spin: failing calls of a consumer, or requests per waiting consumer.
const LIMIT: u64 = 100;

pub(super) fn check(ledger: &Ledger<'_>) -> Vec<Finding> {
    ledger
        .history
        .events
        .iter()
        .filter_map(|event| {
            let (consumers, evidence) = match &event.what {
                Happening::CallsSpinning { consumer, failures } if *failures > LIMIT => {
                    (vec![consumer.clone()], Evidence::FailingCalls(*failures))
                }
                Happening::RequestsSpinning { consumers, requests, .. }
                    if *requests > LIMIT * consumers.len() as u64 =>
                {
                    (consumers.clone(), Evidence::Requests(*requests))
                }
                _ => return None,
            };
            Some(Finding { at: event.at(), consumers, evidence })
        })
        .collect()
}
