//! The rule that makes a verdict of an outcome and an aftermath.

use super::{Aftermath, Outcome, Verdict};

pub(super) fn verdict(outcome: Outcome, aftermath: &Aftermath) -> Verdict {
    match (outcome, aftermath) {
        (Outcome::Healthy, Aftermath::Healthy) => Verdict::Survives,
        (Outcome::Error, Aftermath::Healthy | Aftermath::Dead) => Verdict::FailsSafely,
        (Outcome::Healthy, Aftermath::Deaf(_) | Aftermath::Dead)
        | (Outcome::Error, Aftermath::Deaf(_))
        | (
            Outcome::Crash
            | Outcome::Lost
            | Outcome::Duplicated
            | Outcome::Reordered
            | Outcome::FalseSuccess
            | Outcome::Spin,
            _,
        ) => Verdict::Unsafe,
    }
}
