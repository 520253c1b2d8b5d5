//! Times as a scenario file writes them: `300ms`, `5s`, `2m`.

use std::time::Duration;

/// The longest time a file may name: a year, far below where adding times could overflow.
const LONGEST: Duration = Duration::from_secs(365 * 24 * 60 * 60);

/// The text is not a time as a scenario file writes it.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum DurationError {
    /// It is no whole number with a unit.
    #[error("expected a whole number and its unit, such as \"300ms\", \"5s\" or \"2m\", found {0:?}")]
    Malformed(String),
    /// It is longer than a year.
    #[error("expected at most a year, found {0:?}")]
    TooLong(String),
}

/// Reads a time such as `300ms`, `5s` or `2m`: a whole number and its unit, nothing between them.
pub fn parse_duration(text: &str) -> Result<Duration, DurationError> {
    let malformed = || DurationError::Malformed(text.to_owned());
    let unit_at = text.find(|c: char| !c.is_ascii_digit()).ok_or_else(malformed)?;
    let (number, unit) = text.split_at(unit_at);
    let unit_ms: u64 = match unit {
        "ms" => 1,
        "s" => 1_000,
        "m" => 60_000,
        _ => return Err(malformed()),
    };
    if number.is_empty() {
        return Err(malformed());
    }
    // Digits alone can only fail to parse by being too many.
    let ms = number.parse::<u64>().ok().and_then(|number| number.checked_mul(unit_ms));
    match ms.map(Duration::from_millis) {
        Some(duration) if duration <= LONGEST => Ok(duration),
        _ => Err(DurationError::TooLong(text.to_owned())),
    }
}

/// Writes a time as a scenario file does, in the largest unit that holds it whole; parts of a millisecond
/// are cut off.
pub fn spell_duration(duration: Duration) -> String {
    match duration.as_millis() {
        0 => "0s".to_owned(),
        ms if ms % 60_000 == 0 => format!("{}m", ms / 60_000),
        ms if ms % 1_000 == 0 => format!("{}s", ms / 1_000),
        ms => format!("{ms}ms"),
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used)]
mod tests {
    use super::*;

    #[test]
    fn a_time_is_a_whole_number_and_a_unit() {
        assert_eq!(parse_duration("300ms"), Ok(Duration::from_millis(300)));
        assert_eq!(parse_duration("5s"), Ok(Duration::from_secs(5)));
        assert_eq!(parse_duration("2m"), Ok(Duration::from_secs(120)));
        assert_eq!(parse_duration("0s"), Ok(Duration::ZERO));
    }

    #[test]
    fn anything_else_is_refused_and_quoted() {
        for text in ["", "5", "s", "1.5s", "-1s", "+1s", "5 s", " 5s", "5S", "5sec", "1h", "٣s", "1m30s"] {
            assert_eq!(parse_duration(text), Err(DurationError::Malformed(text.to_owned())), "{text:?}");
        }
    }

    #[test]
    fn a_time_that_could_overflow_later_is_refused() {
        assert!(parse_duration("525600m").is_ok(), "a year is allowed");
        for text in ["525601m", "18446744073709551615ms", "18446744073709551616ms", "999999999999999999999m"]
        {
            assert_eq!(parse_duration(text), Err(DurationError::TooLong(text.to_owned())), "{text:?}");
        }
    }

    #[test]
    fn a_time_survives_being_written_and_read() {
        for ms in [0, 1, 999, 1_000, 1_001, 59_999, 60_000, 61_000, 3_600_000] {
            let duration = Duration::from_millis(ms);
            assert_eq!(parse_duration(&spell_duration(duration)), Ok(duration));
        }
        assert_eq!(spell_duration(Duration::from_millis(6_100)), "6100ms");
        assert_eq!(spell_duration(Duration::from_secs(120)), "2m");
    }
}
