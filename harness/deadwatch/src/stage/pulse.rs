//! Work without progress: notices when calls fail, or requests pass, by the hundred within a second.

use std::{collections::VecDeque, time::Duration};

use tokio::time::Instant;

/// The span in which failures and requests are counted.
pub(super) const WINDOW: Duration = Duration::from_secs(1);

/// What is more than this within the window is a spin.
pub(super) const LIMIT: usize = 100;

/// Moments within the last second.
#[derive(Clone, Debug, Default)]
pub(super) struct Pulse {
    moments: VecDeque<Instant>,
    noticed: Noticed,
}

/// Whether this pulse has been found racing; once is enough.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Noticed {
    #[default]
    No,
    Yes,
}

impl Pulse {
    /// Counts a moment. The first time that the window holds more than [`LIMIT`] for each of `sharers`, says how many.
    pub(super) fn beat(&mut self, at: Instant, sharers: usize) -> Option<u64> {
        self.moments.push_back(at);
        while self.moments.front().is_some_and(|first| at.saturating_duration_since(*first) > WINDOW) {
            self.moments.pop_front();
        }
        if self.noticed == Noticed::No && sharers > 0 && self.moments.len() > LIMIT * sharers {
            self.noticed = Noticed::Yes;
            return Some(self.moments.len() as u64);
        }
        None
    }

    /// There was progress: what was counted so far counts no more.
    pub(super) fn progress(&mut self) {
        self.moments.clear();
    }

    /// Whether it was ever found racing.
    pub(super) fn raced(&self) -> bool {
        self.noticed == Noticed::Yes
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_hundred_in_a_second_is_no_spin_and_one_more_is() {
        let zero = Instant::now();
        let mut pulse = Pulse::default();
        for beat in 0..100 {
            assert_eq!(pulse.beat(zero + Duration::from_millis(beat * 10), 1), None);
        }
        assert_eq!(pulse.beat(zero + Duration::from_millis(1_000), 1), Some(101));
        assert!(pulse.raced());
    }

    #[test]
    fn what_is_spread_over_more_than_a_second_is_no_spin() {
        let zero = Instant::now();
        let mut pulse = Pulse::default();
        for beat in 0..1_000 {
            assert_eq!(pulse.beat(zero + Duration::from_millis(beat * 11), 1), None);
        }
    }

    #[test]
    fn each_sharer_has_a_hundred_of_its_own() {
        let zero = Instant::now();
        let mut pulse = Pulse::default();
        assert!((0..200).all(|_| pulse.beat(zero, 2).is_none()));
        assert_eq!(pulse.beat(zero, 2), Some(201));
    }
}
