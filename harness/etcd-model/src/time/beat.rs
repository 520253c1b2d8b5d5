//! A moment that comes round.

use std::time::Duration;

use tokio::time::Instant;

/// When something that is done again and again falls due: every `period` from `first` on.
///
/// It is computed, not waited for, so what has nothing to do on a beat needs nobody to wake up for it.
#[derive(Clone, Copy, Debug)]
pub struct Beat {
    first: Instant,
    period: Duration,
}

impl Beat {
    /// A beat that first comes at `start + phase`. `period` is at least one nanosecond.
    pub fn new(start: Instant, phase: Duration, period: Duration) -> Self {
        Self { first: start + phase, period: period.max(Duration::from_nanos(1)) }
    }

    /// The first beat that comes later than `moment`.
    pub fn after(&self, moment: Instant) -> Instant {
        let Some(passed) = moment.checked_duration_since(self.first) else { return self.first };
        let beats = passed.as_nanos() / self.period.as_nanos() + 1;
        // A beat that far off that its number does not fit is never reached.
        u32::try_from(beats)
            .ok()
            .and_then(|beats| self.period.checked_mul(beats))
            .and_then(|span| self.first.checked_add(span))
            .unwrap_or(moment + self.period)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_beat_after_a_beat_is_the_next_one() {
        let start = Instant::now();
        let ms = Duration::from_millis;
        let beat = Beat::new(start, ms(30), ms(100));
        assert_eq!(beat.after(start), start + ms(30));
        assert_eq!(beat.after(start + ms(29)), start + ms(30));
        assert_eq!(beat.after(start + ms(30)), start + ms(130));
        assert_eq!(beat.after(start + ms(129)), start + ms(130));
        assert_eq!(beat.after(start + ms(1_000)), start + ms(1_030));
    }
}
