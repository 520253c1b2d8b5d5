//! An exact release number, such as `3.5.5`.

use std::{fmt, str::FromStr};

use serde::{Deserialize, Serialize};

/// An exact release of etcd or of its client: three numbers, no `v`, no suffix.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Version {
    /// 3 in `3.5.11`.
    pub major: u16,
    /// 5 in `3.5.11`.
    pub minor: u16,
    /// 11 in `3.5.11`.
    pub patch: u16,
}

impl Version {
    /// The release `major.minor.patch`.
    pub const fn new(major: u16, minor: u16, patch: u16) -> Self {
        Self { major, minor, patch }
    }
}

/// The text is not three numbers joined by dots.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("expected an exact release such as 3.5.5, found {0:?}")]
pub struct VersionError(String);

impl FromStr for Version {
    type Err = VersionError;

    fn from_str(text: &str) -> Result<Self, VersionError> {
        let mut parts = text.split('.').map(|part| {
            let digits = !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit());
            // 3.05.5 would be printed as 3.5.5, and no release is called so.
            let plain = digits && (part == "0" || !part.starts_with('0'));
            plain.then(|| part.parse().ok()).flatten()
        });
        match (parts.next(), parts.next(), parts.next(), parts.next()) {
            (Some(Some(major)), Some(Some(minor)), Some(Some(patch)), None) => {
                Ok(Self { major, minor, patch })
            }
            _ => Err(VersionError(text.to_owned())),
        }
    }
}

impl fmt::Display for Version {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}.{}", self.major, self.minor, self.patch)
    }
}

impl TryFrom<String> for Version {
    type Error = VersionError;

    fn try_from(text: String) -> Result<Self, VersionError> {
        text.parse()
    }
}

impl From<Version> for String {
    fn from(version: Version) -> Self {
        version.to_string()
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used)]
mod tests {
    use super::*;

    #[test]
    fn a_release_survives_being_written_and_read() {
        for version in [Version::new(3, 5, 5), Version::new(3, 5, 11), Version::new(0, 0, 0)] {
            assert_eq!(version.to_string().parse(), Ok(version));
        }
    }

    #[test]
    fn releases_are_ordered_by_number_and_not_by_text() {
        assert!(Version::new(3, 5, 5) < Version::new(3, 5, 11));
        assert!(Version::new(3, 5, 33) < Version::new(3, 6, 0));
    }

    #[test]
    fn anything_but_three_plain_numbers_is_refused_and_quoted() {
        for text in [
            "",
            "3.5",
            "3.5.5.1",
            "v3.5.5",
            "3.5.x",
            "3.5.",
            "3..5",
            "3.5.5-rc.0",
            "3.05.5",
            "3.5.65536",
            " 3.5.5",
        ] {
            assert_eq!(text.parse::<Version>(), Err(VersionError(text.to_owned())), "{text:?}");
        }
    }
}
