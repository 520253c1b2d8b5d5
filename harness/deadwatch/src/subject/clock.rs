//! The clock that names the keys of in-process subjects: `PREFIX/UNIX-NANOS`.

use std::{
    sync::{
        Arc,
        atomic::{AtomicI64, Ordering},
    },
    time::{SystemTime, UNIX_EPOCH},
};

use tokio::time::Instant;

use crate::scenario::ClockOffset;

/// A clock that counts on from a fixed moment with tokio's time, so that it stands still where that does.
///
/// No two readings of a clock and its clones are equal: where time stands still they differ by a nanosecond, which
/// spares an enqueue in virtual time from finding its own key taken for ever.
#[derive(Clone, Debug)]
pub struct KeyClock {
    base_unix_ns: i64,
    began: Instant,
    latest: Arc<AtomicI64>,
}

impl KeyClock {
    /// A clock that shows this machine's time.
    pub fn wall() -> Self {
        let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        Self::starting_at(i64::try_from(since.as_nanos()).unwrap_or(i64::MAX))
    }

    /// A clock that shows this moment now, in nanoseconds since 1970.
    pub fn starting_at(unix_ns: i64) -> Self {
        Self { base_unix_ns: unix_ns, began: Instant::now(), latest: Arc::new(AtomicI64::new(i64::MIN)) }
    }

    /// A clock that is off by so much from this one; one that is not off is a clone.
    #[must_use]
    pub fn off_by(&self, offset: ClockOffset) -> Self {
        if offset.is_zero() {
            return self.clone();
        }
        let base_unix_ns = self.base_unix_ns.saturating_add(offset.ahead_ns());
        Self { base_unix_ns, began: self.began, latest: Arc::new(AtomicI64::new(i64::MIN)) }
    }

    /// The time in nanoseconds since 1970; later than at every reading before.
    pub fn unix_ns(&self) -> i64 {
        let elapsed = i64::try_from(self.began.elapsed().as_nanos()).unwrap_or(i64::MAX);
        let now = self.base_unix_ns.saturating_add(elapsed);
        let next = |latest: i64| now.max(latest.saturating_add(1));
        let before = self
            .latest
            .fetch_update(Ordering::Relaxed, Ordering::Relaxed, |latest| Some(next(latest)))
            .unwrap_or(now);
        next(before)
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[tokio::test(start_paused = true)]
    async fn it_follows_tokio_s_time_and_never_shows_one_moment_twice() {
        let clock = KeyClock::starting_at(1_000);
        assert_eq!(clock.unix_ns(), 1_000);
        assert_eq!(clock.clone().unix_ns(), 1_001);
        tokio::time::advance(Duration::from_micros(1)).await;
        assert_eq!(clock.unix_ns(), 2_000);
    }

    #[tokio::test(start_paused = true)]
    async fn one_that_is_off_keeps_its_distance_and_one_that_is_not_is_the_same_clock() {
        let clock = KeyClock::starting_at(1_000);
        let ahead = clock.off_by("+1ms".parse().unwrap());
        tokio::time::advance(Duration::from_micros(1)).await;
        assert_eq!((ahead.unix_ns(), clock.unix_ns()), (1_002_000, 2_000));
        assert_eq!(clock.off_by(ClockOffset::default()).unix_ns(), 2_001);
    }
}
