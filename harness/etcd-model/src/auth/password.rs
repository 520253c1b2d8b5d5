//! Passwords. The model does not hash them: it would only cost time.

use std::fmt;

use base64::{Engine, prelude::BASE64_STANDARD};

/// How much of a password counts, bytes: bcrypt reads no further.
const COUNTED_BYTES: usize = 72;

/// What a user's password is. Real etcds keep its bcrypt hash; this keeps the password itself, and compares it.
#[derive(Clone, PartialEq, Eq)]
pub(super) enum Password {
    /// The user logs in with this.
    Known(Box<[u8]>),
    /// No login is good. That is also what becomes of a hash that a request brought along: the model cannot tell
    /// which password it is of.
    Unmatched,
}

impl Password {
    /// The password of a text.
    pub(super) fn of(text: &str) -> Self {
        Self::Known(counted(text).into())
    }

    /// Whether a login with `text` is good.
    pub(super) fn matches(&self, text: &str) -> bool {
        match self {
            Self::Known(password) => password.as_ref() == counted(text),
            Self::Unmatched => false,
        }
    }
}

/// Whether a text is longer than what counts of it.
pub(super) fn is_too_long(text: &str) -> bool {
    text.len() > COUNTED_BYTES
}

/// Whether a text is a hash as requests carry it, base64.
pub(super) fn is_hash(text: &str) -> bool {
    BASE64_STANDARD.decode(text).is_ok()
}

fn counted(text: &str) -> &[u8] {
    let bytes = text.as_bytes();
    bytes.get(..COUNTED_BYTES).unwrap_or(bytes)
}

impl fmt::Debug for Password {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Known(_) => "Known(…)",
            Self::Unmatched => "Unmatched",
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_first_72_bytes_count() {
        let (long, longer) = ("x".repeat(72), "x".repeat(73));
        assert!(Password::of(&longer).matches(&long));
        assert!(!Password::of(&longer).matches(&"x".repeat(71)));
        assert!(is_too_long(&longer) && !is_too_long(&long));
    }

    #[test]
    fn an_empty_password_is_one_and_no_password_is_not() {
        assert!(Password::of("").matches(""));
        assert!(!Password::Unmatched.matches(""));
    }
}
