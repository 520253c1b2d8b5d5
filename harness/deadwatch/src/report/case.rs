//! What a report is about: runs that were made, each beside its snapshot, and runs that were not.

use super::{Standing, snapshot::SnapshotState};
use crate::{
    etcd::Time,
    history::{Happening, History},
    verdict::Judgement,
};

/// A run that was asked for.
#[derive(Clone, Copy, Debug)]
pub enum Case<'a> {
    /// It was made.
    Ran(RunView<'a>),
    /// It can't be made here.
    Ignored(Unmade<'a>),
    /// The harness failed to make it.
    Failed(Unmade<'a>),
}

/// A run, and how it compares with its snapshot.
#[derive(Clone, Copy, Debug)]
pub struct RunView<'a> {
    /// What happened.
    pub history: &'a History,
    /// What it means.
    pub judgement: &'a Judgement,
    /// How it compares.
    pub snapshot: &'a SnapshotState,
    /// What was free to vary was drawn from this.
    pub seed: u64,
    /// How time passed in it: in virtual time a seed says all.
    pub time: Time,
}

/// A run that was not made.
#[derive(Clone, Copy, Debug)]
pub struct Unmade<'a> {
    /// Its scenario's name.
    pub scenario: &'a str,
    /// The backend it would have been made on, as far as that is known; else what was asked for.
    pub backend: &'a str,
    /// Its subject's name.
    pub subject: &'a str,
    /// Why it was not made.
    pub reason: &'a str,
}

impl Case<'_> {
    /// `SCENARIO::BACKEND::SUBJECT`.
    pub fn name(&self) -> String {
        let (scenario, backend, subject) = self.parts();
        format!("{scenario}::{backend}::{subject}")
    }

    /// The scenario's name.
    pub fn scenario(&self) -> &str {
        self.parts().0
    }

    /// What there is to see of it.
    pub fn standing(&self) -> Standing {
        match self {
            Self::Ran(run) => Standing::of(run),
            Self::Ignored(_) => Standing::Ignored,
            Self::Failed(_) => Standing::Failed,
        }
    }

    /// Scenario, backend and subject.
    pub(super) fn parts(&self) -> (&str, &str, &str) {
        match self {
            Self::Ran(RunView { history, .. }) => {
                (&history.scenario.name, &history.backend, &history.subject)
            }
            Self::Ignored(run) | Self::Failed(run) => (run.scenario, run.backend, run.subject),
        }
    }

    /// Why it came to nothing, if it did: why it was not made, or proves nothing.
    pub(super) fn reason(&self) -> Option<String> {
        match self {
            Self::Ran(run) => run.judgement.inconclusive.as_ref().map(ToString::to_string),
            Self::Ignored(run) | Self::Failed(run) => Some(run.reason.to_owned()),
        }
    }
}

impl RunView<'_> {
    /// The seed where it is worth naming: if it is not the default, if another one might have come to what the
    /// snapshot says, or to make a run in virtual time again that proves nothing.
    pub(super) fn seed_worth_naming(&self) -> Option<u64> {
        let worth = match Standing::of(self) {
            Standing::Differs => true,
            Standing::Inconclusive => self.time == Time::Virtual,
            Standing::AsExpected
            | Standing::New
            | Standing::NewAndUnsafe
            | Standing::Ignored
            | Standing::Failed => false,
        };
        (worth || self.seed != 0).then_some(self.seed)
    }

    /// Whether anything was played: a run that could not begin has nothing to show but its reason.
    pub(super) fn was_played(&self) -> bool {
        self.history.events.iter().any(|event| !matches!(event.what, Happening::Inconclusive { .. }))
    }
}
