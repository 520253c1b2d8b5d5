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
    /// The oldest release that the model can be: below it tokens, watches and permissions follow other rules.
    pub const OLDEST: Self = Self::new(3, 4, 0);

    /// The newest line that the model can be. A patch that it does not know behaves as the newest that it knows.
    pub const NEWEST_LINE: Self = Self::new(3, 7, 0);

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

/// Why a text is no release that the model can be.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ReleaseError {
    /// It is not three numbers joined by dots.
    #[error("expected an exact release such as 3.5.5, found {0:?}")]
    NotExact(String),
    /// It is older than [`Release::OLDEST`], or of a line after [`Release::NEWEST_LINE`].
    #[error(
        "expected a release of the lines 3.4 to 3.7, which are all that the in-memory etcd can be, found {0}"
    )]
    Unsupported(Release),
}

impl FromStr for Release {
    type Err = ReleaseError;

    fn from_str(text: &str) -> Result<Self, ReleaseError> {
        let release = exact(text).ok_or_else(|| ReleaseError::NotExact(text.to_owned()))?;
        let line = Self::new(release.major, release.minor, 0);
        if line < Self::OLDEST || line > Self::NEWEST_LINE {
            return Err(ReleaseError::Unsupported(release));
        }
        Ok(release)
    }
}

/// The three numbers of an exact release.
fn exact(text: &str) -> Option<Release> {
    let mut numbers = text.split('.').map(|part| {
        let digits = !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit());
        digits.then(|| part.parse().ok()).flatten()
    });
    let (major, minor, patch) = (numbers.next()??, numbers.next()??, numbers.next()??);
    numbers.next().is_none().then_some(Release { major, minor, patch })
}

impl fmt::Display for Release {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}.{}", self.major, self.minor, self.patch)
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used)]
mod tests {
    use super::*;

    fn error(text: &str) -> String {
        text.parse::<Release>().unwrap_err().to_string()
    }

    #[test]
    fn a_release_is_three_numbers() {
        assert_eq!("3.5.16".parse(), Ok(Release::new(3, 5, 16)));
        for text in ["", "3.5", "3.5.", "v3.5.5", "3.5.5.1", "3.5.+5", "3.5.5-rc.0", "3.5.99999"] {
            assert_eq!(error(text), format!("expected an exact release such as 3.5.5, found {text:?}"));
        }
    }

    #[test]
    fn a_line_that_the_model_does_not_know_is_refused_and_a_patch_is_not() {
        assert_eq!(
            error("3.3.27"),
            "expected a release of the lines 3.4 to 3.7, which are all that the in-memory etcd can be, found 3.3.27"
        );
        assert!(error("3.8.0").ends_with("found 3.8.0"));
        assert!(error("4.4.0").ends_with("found 4.4.0"));
        assert_eq!("3.4.0".parse(), Ok(Release::OLDEST));
        assert_eq!("3.7.1000".parse(), Ok(Release::new(3, 7, 1000)));
    }
}
