//! Progress of runs in real time, on a terminal.

use std::time::Duration;

use indicatif::{ProgressBar, ProgressStyle};

use crate::{
    etcd::Time,
    run::{Crew, Order},
};

/// What a run takes besides its timeline: an etcd's start, a pre-flight, the aftermath's bound of 3 s.
const BESIDES: Duration = Duration::from_secs(4);

/// A line on stderr that says how many runs have ended; nothing where stderr is no terminal.
#[derive(Debug)]
pub(super) struct Progress(ProgressBar);

impl Progress {
    /// Of these runs, none of which has ended.
    pub(super) fn of(orders: &[Order]) -> Self {
        let bar = ProgressBar::new(orders.len() as u64);
        let whole = about(orders.iter().map(length), Crew::REAL_RUNS);
        if let Ok(style) =
            ProgressStyle::with_template("{spinner} runs ended: {pos} of {len}, {elapsed}{msg}")
        {
            bar.set_style(style);
        }
        if !whole.is_zero() {
            bar.set_message(format!(" of about {} s", whole.as_secs()));
        }
        bar.enable_steady_tick(Duration::from_millis(200));
        Self(bar)
    }

    pub(super) fn ended(&self, runs: usize) {
        self.0.set_position(runs as u64);
    }

    /// Prints without tearing the line.
    pub(super) fn around<T>(&self, print: impl FnOnce() -> T) -> T {
        self.0.suspend(print)
    }

    pub(super) fn finish(&self) {
        self.0.finish_and_clear();
    }
}

/// How long one takes: next to nothing in virtual time.
fn length(order: &Order) -> Duration {
    match order.time() {
        Time::Real => order.scenario.length + BESIDES,
        Time::Virtual => Duration::ZERO,
    }
}

/// How long all take together where so many go on at once, and the next begins where one has ended.
fn about(lengths: impl IntoIterator<Item = Duration>, places: usize) -> Duration {
    let mut busy_until = vec![Duration::ZERO; places];
    for length in lengths {
        if let Some(first_free) = busy_until.iter_mut().min() {
            *first_free += length;
        }
    }
    busy_until.into_iter().max().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn runs_that_find_a_place_at_once_take_as_long_as_the_longest() {
        let lengths = [4, 16, 5].map(Duration::from_secs);
        assert_eq!(about(lengths, 16), Duration::from_secs(16));
        assert_eq!(about(lengths, 1), Duration::from_secs(25));
        assert_eq!(about(lengths, 2), Duration::from_secs(16));
        assert_eq!(about([], 16), Duration::ZERO);
    }
}
