//! The reviewed snapshots that runs are compared with, and the proposals for what has none or differs.

use std::{
    collections::BTreeSet,
    env,
    path::{Path, PathBuf},
};

use super::{Exit, output};
use crate::{
    report::snapshot::{self, SnapshotError, SnapshotState, Snapshots, Update, WriteAs},
    run::{Order, Run},
    scenario::Library,
    subject::Subject,
};

/// The snapshots of an invocation.
#[derive(Debug)]
pub(super) struct Reviewed {
    snapshots: Snapshots,
    /// Only scenarios of the library have snapshots in it: a file from elsewhere is named by its stem alone.
    names: BTreeSet<String>,
    update: Update,
}

impl Reviewed {
    /// The snapshots beside the scenarios, if those come from a folder; else those compiled in.
    ///
    /// What is written is the caller's wish in `INSTA_UPDATE`, as in the tests; into the program, nothing is.
    ///
    /// # Errors
    /// `INSTA_UPDATE` has a value that means nothing; that has been said.
    pub(super) fn beside(library: &Library) -> Result<Self, Exit> {
        let variable = |name| env::var(name).ok();
        let update = Update::from_variables(variable("INSTA_UPDATE").as_deref(), variable("CI").as_deref())
            .map_err(|error| {
            output::complain(miette::miette!("could not {error}"));
            Exit::Usage
        })?;
        let names = library.names().into_iter().collect();
        Ok(match library.folder() {
            Some(folder) => Self { snapshots: Snapshots::at(beside(folder)), names, update },
            None => Self { snapshots: Snapshots::compiled_in(), names, update: Update::No },
        })
    }

    /// How a run compares with its snapshot; one that proves nothing is not compared.
    ///
    /// # Errors
    /// The snapshot can't be read.
    pub(super) fn compare(&self, order: &Order, run: &Run) -> Result<SnapshotState, SnapshotError> {
        if run.judgement.inconclusive.is_some() || !self.owns(order) {
            return Ok(SnapshotState::None);
        }
        let (scenario, subject) = (&run.history.scenario.name, &run.history.subject);
        self.snapshots.compare(scenario, subject, &snapshot::text(&run.judgement))
    }

    /// Writes down what happened where it differs from the snapshot or has none. Returns what to do about it.
    ///
    /// # Errors
    /// The file can't be written.
    pub(super) fn propose(
        &self,
        order: &Order,
        run: &Run,
        state: &SnapshotState,
    ) -> Result<Option<String>, SnapshotError> {
        if run.judgement.inconclusive.is_some() || !self.owns(order) {
            return Ok(None);
        }
        let Some(write_as) = self.update.writes(state) else { return Ok(None) };
        let (scenario, subject) = (&run.history.scenario.name, &run.history.subject);
        let path = self.snapshots.write(scenario, subject, &snapshot::text(&run.judgement), write_as)?;
        Ok(Some(match write_as {
            WriteAs::Accepted => format!("written: {}; review it before you commit it", path.display()),
            WriteAs::Proposed => format!(
                "proposed: {0}; if that is right, mv {0} {1}",
                path.display(),
                path.with_extension("").display()
            ),
        }))
    }

    /// A command is no subject of the library, whatever it is called.
    fn owns(&self, order: &Order) -> bool {
        self.names.contains(&order.scenario.name) && Subject::BUILT_IN.contains(&order.subject)
    }
}

/// `snapshots` beside a folder of scenarios, however that is written: `.` has no name of its own to replace.
fn beside(scenarios: &Path) -> PathBuf {
    match scenarios.file_name() {
        Some(_) => scenarios.with_file_name("snapshots"),
        None => scenarios.join("../snapshots"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn snapshots_lie_beside_the_folder_of_scenarios() {
        assert_eq!(beside(Path::new("scenarios")), Path::new("snapshots"));
        assert_eq!(beside(Path::new("../scenarios")), Path::new("../snapshots"));
        assert_eq!(beside(Path::new("/a/mine/")), Path::new("/a/snapshots"));
        assert_eq!(beside(Path::new(".")), Path::new("./../snapshots"));
        assert_eq!(beside(Path::new("..")), Path::new("../../snapshots"));
    }
}
