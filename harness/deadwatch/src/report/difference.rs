//! A snapshot and what a run did instead, line by line.

use similar::{ChangeTag, TextDiff};

use super::{
    RunView,
    snapshot::{SnapshotState, text},
};

/// A line of a difference.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Line {
    /// Only the snapshot says so.
    Expected(String),
    /// Only the run did so.
    Found(String),
    /// Both.
    Same(String),
}

impl Line {
    /// `-`, `+` or a blank.
    pub(super) const fn sign(&self) -> char {
        match self {
            Self::Expected(_) => '-',
            Self::Found(_) => '+',
            Self::Same(_) => ' ',
        }
    }

    /// The line without its end.
    pub(super) fn text(&self) -> &str {
        match self {
            Self::Expected(text) | Self::Found(text) | Self::Same(text) => text,
        }
    }
}

/// The lines of both; none if they do not differ.
pub(super) fn of(run: &RunView<'_>) -> Vec<Line> {
    let SnapshotState::Differs { expected } = run.snapshot else { return Vec::new() };
    let actual = text(run.judgement);
    TextDiff::from_lines(expected.as_str(), actual.as_str())
        .iter_all_changes()
        .map(|change| {
            let text = change.value().trim_end().to_owned();
            match change.tag() {
                ChangeTag::Delete => Line::Expected(text),
                ChangeTag::Insert => Line::Found(text),
                ChangeTag::Equal => Line::Same(text),
            }
        })
        .collect()
}
