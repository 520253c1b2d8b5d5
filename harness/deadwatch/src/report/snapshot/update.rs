//! What may be written when a run and its snapshot differ: the caller's wish, in insta's words.

use super::SnapshotState;

/// What may be written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Update {
    /// Nothing.
    No,
    /// A proposal beside the snapshot, to be reviewed.
    New,
    /// What has no snapshot yet gets one; differences are proposals.
    Unseen,
    /// Whatever happened becomes the snapshot.
    Always,
}

/// How a snapshot is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum WriteAs {
    /// `SUBJECT.snap`: it is what is expected from now on.
    Accepted,
    /// `SUBJECT.snap.new`: a proposal.
    Proposed,
}

/// `INSTA_UPDATE` has a value that means nothing.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("read INSTA_UPDATE: expected auto, no, new, unseen or always, found {0:?}")]
pub struct UpdateError(String);

impl Update {
    /// The wish that the environment variables `INSTA_UPDATE` and `CI` express, read as insta reads them.
    ///
    /// # Errors
    /// If `INSTA_UPDATE` has a value that insta does not know.
    pub fn from_variables(insta_update: Option<&str>, ci: Option<&str>) -> Result<Self, UpdateError> {
        match insta_update {
            None | Some("" | "auto") => match ci {
                None | Some("" | "0" | "false") => Ok(Self::New),
                Some(_) => Ok(Self::No),
            },
            Some("no") => Ok(Self::No),
            Some("new") => Ok(Self::New),
            Some("unseen") => Ok(Self::Unseen),
            Some("always" | "1") => Ok(Self::Always),
            Some(other) => Err(UpdateError(other.to_owned())),
        }
    }

    /// How to write a run's text, if at all, when comparing it came to this.
    pub const fn writes(self, state: &SnapshotState) -> Option<WriteAs> {
        match (self, state) {
            (_, SnapshotState::Match) | (Self::No, _) => None,
            (Self::Always, _) | (Self::Unseen, SnapshotState::None) => Some(WriteAs::Accepted),
            (Self::New, _) | (Self::Unseen, SnapshotState::Differs { .. }) => Some(WriteAs::Proposed),
        }
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn continuous_integration_writes_nothing_unless_it_is_told_to() {
        assert_eq!(Update::from_variables(None, Some("true")).unwrap(), Update::No);
        assert_eq!(Update::from_variables(Some("new"), Some("true")).unwrap(), Update::New);
        assert_eq!(Update::from_variables(None, None).unwrap(), Update::New);
        assert!(Update::from_variables(Some("yes"), None).is_err());
    }

    #[test]
    fn a_difference_becomes_a_proposal_and_only_always_accepts_it() {
        let differs = SnapshotState::Differs { expected: String::new() };
        let writes = |update: Update| (update.writes(&differs), update.writes(&SnapshotState::None));
        assert_eq!(writes(Update::No), (None, None));
        assert_eq!(writes(Update::New), (Some(WriteAs::Proposed), Some(WriteAs::Proposed)));
        assert_eq!(writes(Update::Unseen), (Some(WriteAs::Proposed), Some(WriteAs::Accepted)));
        assert_eq!(writes(Update::Always), (Some(WriteAs::Accepted), Some(WriteAs::Accepted)));
        assert_eq!(Update::Always.writes(&SnapshotState::Match), None);
    }
}
