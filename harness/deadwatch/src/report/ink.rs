//! What a piece of a report is, which is what its colour says, wherever it has one.

use crate::verdict::{Outcome, Verdict};

/// What a piece of text or of a picture is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Ink {
    /// What is as it should be.
    Good,
    /// What is wrong.
    Bad,
    /// What is on its way to go wrong, or went wrong safely.
    Warning,
    /// What one looks for first.
    Strong,
    /// What may be overlooked.
    Faint,
    /// All else.
    Normal,
}

impl From<Outcome> for Ink {
    fn from(outcome: Outcome) -> Self {
        match outcome {
            Outcome::Healthy => Self::Good,
            Outcome::Error => Self::Warning,
            Outcome::Crash
            | Outcome::Lost
            | Outcome::Duplicated
            | Outcome::Reordered
            | Outcome::FalseSuccess
            | Outcome::Spin => Self::Bad,
        }
    }
}

impl From<Verdict> for Ink {
    fn from(verdict: Verdict) -> Self {
        match verdict {
            Verdict::Survives => Self::Good,
            Verdict::FailsSafely | Verdict::Inconclusive => Self::Warning,
            Verdict::Unsafe => Self::Bad,
        }
    }
}
