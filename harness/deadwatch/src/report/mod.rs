//! A judgement, shown: as a snapshot, a JSON line, a timeline on a terminal, or the screen of `deadwatch repro`.
//!
//! Called by the command line and by the tests. A report says what the verdict knows and never works it out again.

pub mod json;
pub mod repro;
pub mod snapshot;
pub mod terminal;

mod numbered;
