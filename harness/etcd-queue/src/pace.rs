//! How long to rest after a setback: 50 ms at first, at most half a second, never the same for everybody.
//!
//! One pace outlives the calls it slows down. A caller that calls again at once after an error waits for
//! it too, so that no loop around the queue can turn a refusal into a flood of requests.

use std::hash::{BuildHasher, RandomState};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use tokio::time::{Instant, sleep};

use crate::cluster::Cluster;

const SHORTEST_CEILING: Duration = Duration::from_millis(100);
const LONGEST_CEILING: Duration = Duration::from_millis(500);
/// After this long without a setback the next one counts as the first.
const CALM: Duration = Duration::from_secs(2);

/// xorshift64*: small, and the same for the same seed; nothing here needs unpredictable numbers.
#[derive(Debug)]
struct Jitter(u64);

impl Jitter {
    fn below(&mut self, bound: u64) -> u64 {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        let drawn = self.0.wrapping_mul(0x2545_F491_4F6C_DD1D);
        drawn.checked_rem(bound).unwrap_or(0)
    }
}

/// A seed that differs from process to process and from queue to queue.
pub(crate) fn fresh_seed() -> u64 {
    RandomState::new().hash_one(0_u8)
}

/// Where the nonces of session ids come from.
#[derive(Debug)]
pub(crate) struct Nonces(Source);

#[derive(Debug)]
enum Source {
    /// Unlike any other's.
    Random,
    /// The same for the same seed.
    Seeded(Jitter),
}

impl Nonces {
    /// With a seed, the same ones in every run; `which` tells apart those of one queue.
    pub(crate) fn of(seed: Option<u64>, which: u64) -> Self {
        Self(match seed {
            Some(seed) => Source::Seeded(Jitter(seed.wrapping_add(which).max(1))),
            None => Source::Random,
        })
    }

    pub(crate) fn next(&mut self) -> u128 {
        let mut half = || match &mut self.0 {
            // Keyed with what the system has to offer in randomness.
            Source::Random => RandomState::new().hash_one(0_u8),
            Source::Seeded(jitter) => jitter.below(u64::MAX),
        };
        u128::from(half()) << 64 | u128::from(half())
    }
}

/// Rests, if there is anything to rest. A sleep of no time at all would still take a tick of the timer, a
/// millisecond or two.
pub(crate) async fn pause(rest: Duration) {
    if !rest.is_zero() {
        sleep(rest).await;
    }
}

/// Counts setbacks in a row and draws the rest that follows each.
#[derive(Debug)]
pub(crate) struct Pace {
    jitter: Jitter,
    ceiling: Duration,
    last: Option<Instant>,
    until: Option<Instant>,
    cluster: Option<Cluster>,
    moves: u64,
}

impl Pace {
    pub(crate) fn seeded(seed: u64) -> Self {
        // xorshift stays at zero for ever once it is there.
        Self {
            jitter: Jitter(seed.max(1)),
            ceiling: SHORTEST_CEILING,
            last: None,
            until: None,
            cluster: None,
            moves: 0,
        }
    }

    /// Rests only after each member of the cluster has had its turn: a setback at one is no reason to spare another.
    pub(crate) fn among(self, cluster: &Cluster) -> Self {
        Self { moves: cluster.moves(), cluster: Some(cluster.clone()), ..self }
    }

    /// Whether requests go to another member since this was asked last.
    fn has_moved(&mut self) -> bool {
        let Some(cluster) = &self.cluster else { return false };
        cluster.look();
        let before = std::mem::replace(&mut self.moves, cluster.moves());
        self.moves != before
    }

    /// Notes a setback and draws the rest after it, between half the ceiling and the whole of it. None, but for one that
    /// is under way, where another member is to be asked.
    pub(crate) fn setback(&mut self, now: Instant) -> Duration {
        if self.has_moved() {
            return self.rest(now);
        }
        self.ceiling = match self.last {
            Some(last) if now.duration_since(last) <= CALM => (self.ceiling * 2).min(LONGEST_CEILING),
            _ => SHORTEST_CEILING,
        };
        let half_ms = u64::try_from(self.ceiling.as_millis()).unwrap_or(u64::MAX) / 2;
        let rest = Duration::from_millis(half_ms + self.jitter.below(half_ms + 1));
        self.last = Some(now);
        self.until = Some(now + rest);
        rest
    }

    /// Something succeeded: the next setback counts as the first.
    pub(crate) fn all_is_well(&mut self) {
        self.last = None;
    }

    /// A time below `bound`, so that not everybody does the same at once.
    pub(crate) fn jitter(&mut self, bound: Duration) -> Duration {
        Duration::from_millis(self.jitter.below(u64::try_from(bound.as_millis()).unwrap_or(u64::MAX)))
    }

    /// What is left of the rest; zero if there was no setback or its rest is over.
    pub(crate) fn rest(&self, now: Instant) -> Duration {
        self.until.map_or(Duration::ZERO, |until| until.saturating_duration_since(now))
    }
}

/// One pace for all callers: who asks again after a refusal is slowed down, whoever it is.
#[derive(Debug)]
pub(crate) struct SharedPace(Mutex<Pace>);

impl SharedPace {
    pub(crate) fn new(pace: Pace) -> Self {
        Self(Mutex::new(pace))
    }

    /// Waits until the rest after the last setback is over.
    pub(crate) async fn keep(&self) {
        let rest = self.0.lock().unwrap_or_else(PoisonError::into_inner).rest(Instant::now());
        pause(rest).await;
    }

    /// Notes a setback and draws the rest after it.
    pub(crate) fn setback(&self) -> Duration {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).setback(Instant::now())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rests_grow_from_fifty_milliseconds_to_at_most_half_a_second() {
        let mut now = Instant::now();
        for seed in 0..200 {
            let mut pace = Pace::seeded(seed);
            for ceiling_ms in [100, 200, 400, 500, 500] {
                let rest = pace.setback(now).as_millis();
                assert!((ceiling_ms / 2..=ceiling_ms).contains(&rest), "{rest} ms of {ceiling_ms} ms");
                now += Duration::from_millis(500);
            }
        }
    }

    #[test]
    fn after_a_calm_the_first_rest_is_short_again() {
        let (mut pace, start) = (Pace::seeded(7), Instant::now());
        for _ in 0..5 {
            pace.setback(start);
        }
        assert!(pace.setback(start + CALM + Duration::from_millis(1)) <= SHORTEST_CEILING);
    }

    #[test]
    fn after_a_success_the_first_rest_is_short_again_and_a_rest_under_way_goes_on() {
        let (mut pace, start) = (Pace::seeded(7), Instant::now());
        for _ in 0..5 {
            pace.setback(start);
        }
        let rest = pace.rest(start);
        pace.all_is_well();
        assert_eq!(pace.rest(start), rest);
        assert!(pace.setback(start) <= SHORTEST_CEILING);
    }

    #[test]
    fn a_rest_passes_with_time() {
        let (mut pace, start) = (Pace::seeded(7), Instant::now());
        assert_eq!(pace.rest(start), Duration::ZERO);
        let rest = pace.setback(start);
        assert_eq!(pace.rest(start), rest);
        assert_eq!(pace.rest(start + rest), Duration::ZERO);
    }

    #[test]
    fn the_same_seed_draws_the_same_rests_and_another_one_others() {
        let start = Instant::now();
        let draw = |seed| {
            let mut pace = Pace::seeded(seed);
            [0; 8].map(|_| pace.setback(start))
        };
        assert_eq!(draw(3), draw(3));
        assert_ne!(draw(3), draw(4));
    }
}
