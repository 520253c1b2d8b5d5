//! How far a clock is off, as a scenario file writes it: `+2d`, `-300ms`.

use std::{fmt, str::FromStr};

use serde::{Deserialize, Serialize};

/// The most that a clock may be off: ten years, far below where adding times of day could overflow.
const MOST_MS: i64 = 10 * 365 * 24 * 60 * 60 * 1_000;

/// How far a clock is ahead of the true one; behind it where that is negative.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct ClockOffset {
    ms: i64,
}

/// The text is not how a scenario file says that a clock is off.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum OffsetError {
    /// It is no sign, whole number and unit.
    #[error("expected a sign, a whole number and its unit, such as \"+2d\" or \"-300ms\", found {0:?}")]
    Malformed(String),
    /// It is more than ten years.
    #[error("expected at most ten years, found {0:?}")]
    TooFar(String),
}

/// The units, the largest first: how a file writes them, and how many milliseconds they are.
const UNITS: [(&str, i64); 5] = [("d", 86_400_000), ("h", 3_600_000), ("m", 60_000), ("s", 1_000), ("ms", 1)];

impl ClockOffset {
    /// How far it is ahead, in nanoseconds.
    pub const fn ahead_ns(self) -> i64 {
        self.ms * 1_000_000
    }

    /// Whether the clock is right.
    pub const fn is_zero(self) -> bool {
        self.ms == 0
    }
}

impl FromStr for ClockOffset {
    type Err = OffsetError;

    fn from_str(text: &str) -> Result<Self, OffsetError> {
        let malformed = || OffsetError::Malformed(text.to_owned());
        let (sign, length) = match text.as_bytes() {
            [b'+', ..] => (1, &text[1..]),
            [b'-', ..] => (-1, &text[1..]),
            _ => return Err(malformed()),
        };
        let unit_at = length.find(|c: char| !c.is_ascii_digit()).ok_or_else(malformed)?;
        let (number, unit) = length.split_at(unit_at);
        let unit_ms =
            UNITS.iter().find(|(name, _)| *name == unit).map(|(_, ms)| *ms).ok_or_else(malformed)?;
        if number.is_empty() {
            return Err(malformed());
        }
        // Digits alone can only fail to parse by being too many.
        let ms = number.parse::<i64>().ok().and_then(|number| number.checked_mul(unit_ms));
        match ms {
            Some(ms) if ms <= MOST_MS => Ok(Self { ms: sign * ms }),
            _ => Err(OffsetError::TooFar(text.to_owned())),
        }
    }
}

impl fmt::Display for ClockOffset {
    /// As a file writes it, in the largest unit that holds it whole.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let sign = if self.ms < 0 { '-' } else { '+' };
        let ms = self.ms.abs();
        let (unit, unit_ms) = match ms {
            0 => ("s", 1_000),
            ms => UNITS.into_iter().find(|(_, unit_ms)| ms % unit_ms == 0).unwrap_or(("ms", 1)),
        };
        write!(f, "{sign}{}{unit}", ms / unit_ms)
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used)]
mod tests {
    use super::*;

    fn ahead_ms(text: &str) -> Result<i64, OffsetError> {
        text.parse().map(|offset: ClockOffset| offset.ahead_ns() / 1_000_000)
    }

    #[test]
    fn an_offset_is_a_sign_a_whole_number_and_a_unit() {
        assert_eq!(ahead_ms("+2d"), Ok(172_800_000));
        assert_eq!(ahead_ms("-300ms"), Ok(-300));
        assert_eq!(ahead_ms("+1h"), Ok(3_600_000));
        assert_eq!(ahead_ms("-1m"), Ok(-60_000));
        assert_eq!(ahead_ms("+0s"), Ok(0));
    }

    #[test]
    fn anything_else_is_refused_and_quoted() {
        for text in ["", "+", "2d", "+d", "+-2d", "++2d", "+ 2d", "+2", "+2w", "+1.5d", "−2d", "+٣s"] {
            assert_eq!(ahead_ms(text), Err(OffsetError::Malformed(text.to_owned())), "{text:?}");
        }
    }

    #[test]
    fn an_offset_that_could_overflow_later_is_refused() {
        assert!(ahead_ms("-3650d").is_ok(), "ten years are allowed");
        for text in ["+3651d", "-99999999999999999999ms", "+9223372036854775807d"] {
            assert_eq!(ahead_ms(text), Err(OffsetError::TooFar(text.to_owned())), "{text:?}");
        }
    }

    #[test]
    fn an_offset_survives_being_written_and_read() {
        for (text, spelt) in [("+48h", "+2d"), ("-90s", "-90s"), ("+60000ms", "+1m"), ("-0s", "+0s")] {
            let offset: ClockOffset = text.parse().unwrap();
            assert_eq!(offset.to_string(), spelt);
            assert_eq!(spelt.parse(), Ok(offset));
        }
    }
}
