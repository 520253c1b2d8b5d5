//! The clock that names the keys of in-process subjects: `PREFIX/UNIX-NANOS`.

use std::{
    sync::{
        Arc,
        atomic::{AtomicI64, Ordering},
    },
    time::{SystemTime, UNIX_EPOCH},
};

use tokio::time::Instant;

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
}
