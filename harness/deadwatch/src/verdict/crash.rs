//! The promise: **whatever happens to a watch, the consumer's process lives.**
//!
//! An ambiguous operation is neither success nor failure, and no crash either: only the end of the process is, whatever
//! its open calls may have done.
//!
//! A panic ends the whole process, so it is the outcome of every consumer in it, those that were yet to start and
//! those that had stopped included.

use super::{
    finding::{Evidence, Finding},
    ledger::Ledger,
};

pub(super) fn check(ledger: &Ledger<'_>) -> Vec<Finding> {
    let Some((at, _, death)) = ledger.death else { return Vec::new() };
    let consumers = ledger.consumers().map(str::to_owned).collect();
    vec![Finding { at, consumers, evidence: Evidence::Died(death.clone()) }]
}
