//! How long something takes, kept for the table at the end.

use std::time::{Duration, Instant};

use rustix::time::{ClockId, clock_gettime};

/// What a stopwatch reads.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Clock {
    /// The time on the wall, for what waits for others.
    Wall,
    /// The time that this thread has spent on a core, for what runs on this thread alone: a busy machine does not
    /// count in it.
    Core,
}

/// Times something again and again.
#[derive(Clone, Debug)]
pub struct Stopwatch {
    clock: Clock,
    samples: Vec<Sample>,
}

/// Some iterations, timed together.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Sample {
    iterations: u64,
    each_ns: f64,
}

impl Stopwatch {
    /// A stopwatch that has timed nothing.
    pub const fn new(clock: Clock) -> Self {
        Self { clock, samples: Vec::new() }
    }

    /// Does something so many times; how long all of it took.
    pub fn time(&mut self, iterations: u64, mut doing: impl FnMut()) -> Duration {
        let began = self.clock.now();
        for _ in 0..iterations {
            doing();
        }
        let took = self.clock.now().saturating_sub(began);
        if iterations > 0 {
            let each_ns = took.as_nanos() as f64 / iterations as f64;
            self.samples.push(Sample { iterations, each_ns });
        }
        took
    }

    /// The median time of one iteration, over all that were timed; none, if nothing was.
    pub fn median(&self) -> Option<Duration> {
        let mut samples = self.samples.clone();
        samples.sort_by(|a, b| a.each_ns.total_cmp(&b.each_ns));
        let half = samples.iter().map(|sample| sample.iterations).sum::<u64>().div_ceil(2);
        let mut passed = 0;
        let middle = samples.iter().find(|sample| {
            passed += sample.iterations;
            passed >= half
        })?;
        Some(Duration::from_nanos(middle.each_ns as u64))
    }
}

impl Clock {
    /// The time since a moment that stays the same.
    fn now(self) -> Duration {
        match self {
            Self::Wall => {
                static START: std::sync::OnceLock<Instant> = std::sync::OnceLock::new();
                START.get_or_init(Instant::now).elapsed()
            }
            Self::Core => Duration::try_from(clock_gettime(ClockId::ThreadCPUTime)).unwrap_or_default(),
        }
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn each_sample_weighs_as_much_as_it_has_iterations() {
        let sample = |iterations, each_ns| Sample { iterations, each_ns };
        let samples = vec![sample(1, 900.0), sample(10, 20.0), sample(2, 10.0)];
        let stopwatch = Stopwatch { clock: Clock::Wall, samples };
        assert_eq!(stopwatch.median(), Some(Duration::from_nanos(20)));
        assert_eq!(Stopwatch::new(Clock::Wall).median(), None);
    }

    #[test]
    fn waiting_takes_time_on_the_wall_and_none_on_a_core() {
        let nap = || std::thread::sleep(Duration::from_millis(20));
        let (mut wall, mut core) = (Stopwatch::new(Clock::Wall), Stopwatch::new(Clock::Core));
        assert!(wall.time(1, nap) >= Duration::from_millis(20));
        assert!(core.time(1, nap) < Duration::from_millis(20));
    }
}
