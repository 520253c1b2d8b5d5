//! The closed lists of what can come out.

use std::fmt;

use serde::{Deserialize, Serialize};

/// What became of a consumer, worst first. A run's outcome is the worst of its consumers'.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Outcome {
    /// Its process died.
    Crash,
    /// An item that was acknowledged to its producer was handed to nobody and is no longer stored.
    Lost,
    /// An item was handed out twice.
    Duplicated,
    /// A lone consumer got two items of one producer against their commit order.
    Reordered,
    /// A call succeeded though what it waits for did not happen, or handed out what belongs to another queue.
    FalseSuccess,
    /// It worked without progress: failing calls, or requests, by the hundred a second.
    Spin,
    /// A call returned an error.
    Error,
    /// Items delivered, or still waiting.
    Healthy,
}

impl fmt::Display for Outcome {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Crash => "crash",
            Self::Lost => "lost",
            Self::Duplicated => "duplicated",
            Self::Reordered => "reordered",
            Self::FalseSuccess => "false-success",
            Self::Spin => "spin",
            Self::Error => "error",
            Self::Healthy => "healthy",
        })
    }
}

/// Who still takes an item when all is over.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Aftermath {
    /// Everybody who has not stopped.
    Healthy,
    /// These consumers took nothing, and said nothing.
    Deaf(Vec<String>),
    /// No consumer is left.
    Dead,
}

impl fmt::Display for Aftermath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Healthy => f.write_str("healthy"),
            Self::Deaf(names) => write!(f, "deaf ({})", names.len()),
            Self::Dead => f.write_str("dead"),
        }
    }
}

/// What a run says about its subject.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Verdict {
    /// Healthy, and healthy afterwards.
    Survives,
    /// It returned an error, and nobody is deaf.
    FailsSafely,
    /// Anything else.
    Unsafe,
    /// The run proves nothing.
    Inconclusive,
}

impl fmt::Display for Verdict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Survives => "survives",
            Self::FailsSafely => "fails safely",
            Self::Unsafe => "unsafe",
            Self::Inconclusive => "inconclusive",
        })
    }
}
