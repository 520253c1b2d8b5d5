//! What runs an etcd, and which of them was asked for.

use std::{fmt, str::FromStr};

use serde::{Deserialize, Serialize};

use crate::scenario::NotOn;

/// What runs the etcd of a run.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Backend {
    /// An in-memory etcd in this process.
    Embedded,
    /// A real etcd binary, as a child process.
    Process,
    /// A real etcd in a container.
    Docker,
}

impl Backend {
    /// All of them, in the order of their names' listing.
    pub const ALL: [Self; 3] = [Self::Embedded, Self::Process, Self::Docker];

    /// In which order `auto` tries them: nearest to the story first.
    pub const AUTO: [Self; 3] = [Self::Docker, Self::Process, Self::Embedded];

    /// Why a scenario can't be staged on it, if so.
    pub fn why_not(self, not_on: &NotOn) -> Option<&str> {
        let why = match self {
            Self::Embedded => &not_on.embedded,
            Self::Process => &not_on.process,
            Self::Docker => &not_on.docker,
        };
        why.as_deref()
    }

    const fn name(self) -> &'static str {
        match self {
            Self::Embedded => "embedded",
            Self::Process => "process",
            Self::Docker => "docker",
        }
    }
}

impl fmt::Display for Backend {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

/// The backend that was asked for with `--on`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum On {
    /// The first of [`Backend::AUTO`] that can run here.
    #[default]
    Auto,
    /// This one or none.
    Only(Backend),
}

impl fmt::Display for On {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Auto => f.pad("auto"),
            Self::Only(backend) => backend.fmt(f),
        }
    }
}

/// The text names no backend.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("expected {expected}, found {found:?}")]
pub struct BackendError {
    expected: &'static str,
    found: String,
}

impl FromStr for Backend {
    type Err = BackendError;

    fn from_str(text: &str) -> Result<Self, BackendError> {
        Self::ALL.into_iter().find(|backend| backend.name() == text).ok_or_else(|| BackendError {
            expected: "one of the backends embedded, process and docker",
            found: text.to_owned(),
        })
    }
}

impl FromStr for On {
    type Err = BackendError;

    fn from_str(text: &str) -> Result<Self, BackendError> {
        match text {
            "auto" => Ok(Self::Auto),
            _ => text.parse().map(Self::Only).map_err(|error: BackendError| BackendError {
                expected: "auto or one of the backends embedded, process and docker",
                ..error
            }),
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used)]

    use super::*;

    #[test]
    fn a_backend_is_read_as_it_is_written() {
        for backend in Backend::ALL {
            assert_eq!(backend.to_string().parse(), Ok(backend));
            assert_eq!(backend.to_string().parse(), Ok(On::Only(backend)));
        }
        assert_eq!(On::Auto.to_string().parse(), Ok(On::Auto));
    }

    #[test]
    fn an_unknown_backend_is_refused_with_the_known_ones() {
        let error = "Docker".parse::<On>().unwrap_err().to_string();
        assert_eq!(
            error,
            "expected auto or one of the backends embedded, process and docker, found \"Docker\""
        );
        assert!("auto".parse::<Backend>().is_err());
    }
}
