//! How the program ends: the exit code as one closed list.

use std::process::ExitCode;

/// How an invocation ended. Where several apply, the first in this order is the exit code.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Exit {
    /// The harness itself failed.
    Internal,
    /// Wrong usage, or a bad scenario file.
    Usage,
    /// Something other than the snapshot says; without a snapshot, something unsafe.
    Findings,
    /// A run proved nothing.
    Inconclusive,
    /// Nothing ran.
    NothingRan,
    /// All is as it should be.
    Success,
}

impl Exit {
    /// The code as documented.
    pub const fn code(self) -> u8 {
        match self {
            Self::Internal => 70,
            Self::Usage => 64,
            Self::Findings => 1,
            Self::Inconclusive => 2,
            Self::NothingRan => 4,
            Self::Success => 0,
        }
    }

    /// What several ends come to: the first that applies; nothing at all is [`Exit::NothingRan`].
    pub fn of_all(ends: impl IntoIterator<Item = Exit>) -> Self {
        ends.into_iter().min().unwrap_or(Self::NothingRan)
    }
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        Self::from(exit.code())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_that_applies_over_all_runs_is_the_exit() {
        let all = [Exit::Success, Exit::Inconclusive, Exit::Findings, Exit::Success];
        assert_eq!(Exit::of_all(all), Exit::Findings);
        assert_eq!(Exit::of_all([Exit::Success]), Exit::Success);
        assert_eq!(Exit::of_all([Exit::Usage, Exit::Internal]), Exit::Internal);
    }

    #[test]
    fn no_run_at_all_means_nothing_ran() {
        assert_eq!(Exit::of_all([]).code(), 4);
    }
}
