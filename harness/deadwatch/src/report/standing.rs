//! How a run stands beside its snapshot: what there is to see of it, and what makes the program end with 1.

use super::{Ink, RunView, snapshot::SnapshotState};
use crate::{history::Inconclusive, verdict::Verdict};

/// What there is to see of a run; what matters most comes last.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Standing {
    /// The subject or the etcd is not here, or the subject does not offer what is needed.
    Ignored,
    /// It did what the snapshot says.
    AsExpected,
    /// No snapshot, and not unsafe.
    New,
    /// It proves nothing.
    Inconclusive,
    /// No snapshot, and unsafe.
    NewAndUnsafe,
    /// It did something other than the snapshot says.
    Differs,
    /// The harness itself failed.
    Failed,
}

impl Standing {
    /// How this run stands.
    pub fn of(run: &RunView<'_>) -> Self {
        match (&run.judgement.inconclusive, run.snapshot) {
            (Some(Inconclusive::Unsupported(_)), _) => Self::Ignored,
            (Some(_), _) => Self::Inconclusive,
            (None, SnapshotState::Match) => Self::AsExpected,
            (None, SnapshotState::Differs { .. }) => Self::Differs,
            (None, SnapshotState::None) => match run.judgement.verdict {
                Verdict::Unsafe => Self::NewAndUnsafe,
                Verdict::Survives | Verdict::FailsSafely | Verdict::Inconclusive => Self::New,
            },
        }
    }

    /// Whether it is what somebody has to look at before anything else: it makes the program end with 1.
    pub const fn is_finding(self) -> bool {
        matches!(self, Self::Differs | Self::NewAndUnsafe)
    }

    /// Whether there is something to look at: a finding, or a run that came to nothing though it was made.
    pub(super) const fn is_worth_a_look(self) -> bool {
        matches!(self, Self::Failed | Self::Differs | Self::NewAndUnsafe | Self::Inconclusive)
    }

    /// The sign that stands for it in a list.
    pub(super) const fn sign(self) -> &'static str {
        match self {
            Self::AsExpected => "=",
            Self::New | Self::NewAndUnsafe => "+",
            Self::Differs => "≠",
            Self::Inconclusive => "?",
            Self::Ignored => "-",
            Self::Failed => "!",
        }
    }

    /// What is said of one run that stands so.
    pub(super) const fn said(self) -> &'static str {
        match self {
            Self::AsExpected => "as its snapshot says",
            Self::New | Self::NewAndUnsafe => "no snapshot",
            Self::Differs => "differs from its snapshot",
            Self::Inconclusive => "proves nothing",
            Self::Ignored => "ignored",
            Self::Failed => "the harness failed",
        }
    }

    /// What is said after the number of runs that stand so.
    pub(super) const fn counted(self) -> &'static str {
        match self {
            Self::AsExpected => "as the snapshot says",
            Self::Differs => "different from the snapshot",
            Self::NewAndUnsafe => "unsafe, without a snapshot",
            Self::New => "without a snapshot",
            Self::Inconclusive => "inconclusive",
            Self::Ignored => "ignored",
            Self::Failed => "that the harness failed to make",
        }
    }

    pub(super) const fn ink(self) -> Ink {
        match self {
            Self::AsExpected => Ink::Good,
            Self::New => Ink::Normal,
            Self::NewAndUnsafe | Self::Differs | Self::Failed => Ink::Bad,
            Self::Inconclusive => Ink::Warning,
            Self::Ignored => Ink::Faint,
        }
    }
}
