//! One exact release of the server, such as `3.5.5`.

use std::{fmt, str::FromStr};

use super::Fact;

/// An exact release of etcd's server. Ordered as releases are.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Release {
    /// 3 in `3.5.16`.
    pub major: u16,
    /// 5 in `3.5.16`.
    pub minor: u16,
    /// 16 in `3.5.16`.
    pub patch: u16,
}

impl Release {
    /// The release `major.minor.patch`.
    pub const fn new(major: u16, minor: u16, patch: u16) -> Self {
        Self { major, minor, patch }
    }

    /// Whether `fact` is true of this release.
    pub fn holds(self, fact: Fact) -> bool {
        fact.spans().iter().any(|span| {
            let begun = span.since.is_none_or(|since| self >= since);
            let ended = span.before.is_some_and(|before| self >= before);
            begun && !ended
        })
    }
}

/// The text is not three numbers joined by dots.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("expected an exact release such as 3.5.5, found {0:?}")]
pub struct ReleaseError(String);

impl FromStr for Release {
    type Err = ReleaseError;

    fn from_str(text: &str) -> Result<Self, ReleaseError> {
        let mut numbers = text.split('.').map(|part| {
            let digits = !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit());
            digits.then(|| part.parse().ok()).flatten()
        });
        match (numbers.next(), numbers.next(), numbers.next(), numbers.next()) {
            (Some(Some(major)), Some(Some(minor)), Some(Some(patch)), None) => {
                Ok(Self { major, minor, patch })
            }
            _ => Err(ReleaseError(text.to_owned())),
        }
    }
}

impl fmt::Display for Release {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}.{}", self.major, self.minor, self.patch)
    }
}
