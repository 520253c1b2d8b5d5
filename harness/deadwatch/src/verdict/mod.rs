//! What it means: outcomes and a verdict, by a pure function of a history. No I/O, no clock.

mod outcome;

pub use outcome::{Aftermath, Outcome, Verdict};
