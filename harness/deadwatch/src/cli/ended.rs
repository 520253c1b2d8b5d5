//! A run that has ended, kept until all have.

use crate::{
    report::{Case, RunView, Unmade, snapshot::SnapshotState},
    run::{Order, Run},
};

/// A run that has ended.
pub(super) enum Ended<'a> {
    /// It was made.
    Compared(Box<Compared<'a>>),
    /// The harness failed.
    Failed(Failed),
}

/// A run that was made, and how it compares with its snapshot.
pub(super) struct Compared<'a> {
    /// What was to be run.
    pub(super) order: &'a Order,
    /// What came of it.
    pub(super) run: Run,
    /// How it compares.
    pub(super) snapshot: SnapshotState,
}

/// A run that the harness failed to make or to compare.
pub(super) struct Failed {
    scenario: String,
    backend: String,
    subject: String,
    why: String,
}

impl<'a> Ended<'a> {
    /// The harness failed to carry out the order; this is why.
    pub(super) fn failed(order: &Order, why: String) -> Self {
        Self::Failed(Failed {
            scenario: order.scenario.name.clone(),
            backend: order.backend().to_string(),
            subject: order.subject.to_string(),
            why,
        })
    }

    /// It as a report has it.
    pub(super) fn case(&self) -> Case<'_> {
        match self {
            Self::Compared(compared) => Case::Ran(compared.view()),
            Self::Failed(Failed { scenario, backend, subject, why }) => {
                Case::Failed(Unmade { scenario, backend, subject, reason: why })
            }
        }
    }
}

impl Compared<'_> {
    /// It as a report has it.
    pub(super) fn view(&self) -> RunView<'_> {
        RunView {
            history: &self.run.history,
            judgement: &self.run.judgement,
            snapshot: &self.snapshot,
            seed: self.order.seed,
            time: self.order.time(),
        }
    }
}
