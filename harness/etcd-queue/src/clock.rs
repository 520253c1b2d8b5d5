//! The time of day that item keys are made of; a test that runs in virtual time brings its own.

use std::fmt::Debug;
use std::time::{SystemTime, UNIX_EPOCH};

use tokio::time::Instant;

/// A source of unix nanoseconds. It may step back: a queue never makes a key older than its last one.
pub trait Clock: Debug + Send + Sync + 'static {
    /// Nanoseconds since the start of 1970 (UTC).
    fn unix_ns(&self) -> u64;

    /// Whole seconds of the same.
    fn unix_s(&self) -> u64 {
        self.unix_ns() / 1_000_000_000
    }
}

/// The machine's clock, the default.
#[derive(Clone, Copy, Debug, Default)]
pub struct WallClock;

impl Clock for WallClock {
    fn unix_ns(&self) -> u64 {
        let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        u64::try_from(since.as_nanos()).unwrap_or(u64::MAX)
    }
}

/// A clock that starts at a given time of day and goes as tokio's does: in paused time it stands still
/// until the runtime advances it, so that keys are the same in every run.
#[derive(Clone, Copy, Debug)]
pub struct TokioClock {
    epoch_ns: u64,
    origin: Instant,
}

impl TokioClock {
    /// A clock that says `epoch_ns` (unix nanoseconds) now.
    pub fn starting_at(epoch_ns: u64) -> Self {
        Self { epoch_ns, origin: Instant::now() }
    }
}

impl Clock for TokioClock {
    fn unix_ns(&self) -> u64 {
        let since = u64::try_from(self.origin.elapsed().as_nanos()).unwrap_or(u64::MAX);
        self.epoch_ns.saturating_add(since)
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[tokio::test(start_paused = true)]
    async fn the_tokio_clock_advances_with_virtual_time_only() {
        let clock = TokioClock::starting_at(1_000);
        assert_eq!(clock.unix_ns(), 1_000);
        tokio::time::advance(Duration::from_millis(2)).await;
        assert_eq!(clock.unix_ns(), 2_001_000);
    }

    #[test]
    fn the_wall_clock_has_the_nineteen_digits_of_this_age() {
        assert_eq!(WallClock.unix_ns().to_string().len(), 19);
    }
}
