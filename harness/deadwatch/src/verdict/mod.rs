//! What it means: outcomes and a verdict, by a pure function of a history. No I/O, no clock.
//!
//! [`judge`] is the only way in. Each promise that a queue can break has a checker in a file of its own, whose head
//! says the promise in words: [`crash`], [`lost`], [`duplicated`], [`reordered`], [`false_success`], [`spin`] and
//! [`error`]. They read a [`ledger`] of the history and return findings. Reports show a [`Judgement`]; they never work
//! out again what it says.

mod aftermath;
mod crash;
mod disturbance;
mod duplicated;
mod error;
mod explanation;
mod false_success;
mod finding;
mod handed_out;
mod inconclusive;
mod judgement;
mod ledger;
mod lost;
mod outcome;
mod passage;
mod redact;
mod reordered;
mod results;
mod rule;
mod spin;
mod store_life;
mod token_life;
mod trigger;

pub use disturbance::Disturbance;
pub use explanation::{Ending, Explanation};
pub use finding::{Evidence, Finding};
pub use handed_out::{HandedOut, natural_order};
pub use judgement::{ConsumerJudgement, Judgement, judge};
pub use outcome::{Aftermath, Outcome, Verdict};
pub use redact::redact;
pub use results::CallResult;
pub use token_life::{TokenLife, token_lives};
pub use trigger::{StaleToken, Trigger};
