//! What a run draws its free choices from.

use std::{fmt, time::Duration};

/// The number that settles everything a real etcd leaves to chance: the same seed, the same run.
///
/// It never changes what is promised, only what is free: when the member's rounds fall, which watch hears of a
/// change first, the letters of a token.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Seed(pub u64);

/// What is drawn. Each choice has a sequence of its own, so one more draw of one kind leaves the others as they were.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Choice {
    /// When the member's rounds fall.
    Phases,
    /// Which of several watches hears of a change first.
    WakeOrder,
    /// By how much a stream's progress notices come late.
    ProgressJitter,
    /// The letters of a token.
    TokenLetters,
    /// The ids of leases that did not ask for one.
    LeaseIds,
}

impl Seed {
    /// The sequence of one kind of choice, from its start.
    pub const fn draws(self, choice: Choice) -> Draws {
        let offset = match choice {
            Choice::Phases => 1,
            Choice::WakeOrder => 2,
            Choice::ProgressJitter => 3,
            Choice::TokenLetters => 4,
            Choice::LeaseIds => 5,
        };
        // Neighbouring seeds and choices must not give the same numbers a step apart.
        let mut mixing = Draws { state: self.0 };
        mixing.state = mixing.next().wrapping_add(offset);
        mixing.state = mixing.next();
        mixing
    }
}

impl fmt::Display for Seed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.0)
    }
}

/// A sequence of draws: SplitMix64 (Steele, Lea and Flood, "Fast splittable pseudorandom number generators", 2014).
#[derive(Clone, Debug)]
pub struct Draws {
    state: u64,
}

impl Draws {
    /// Any number.
    pub const fn next(&mut self) -> u64 {
        self.state = self.state.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.state;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    /// A number below `limit`; 0 if that is 0.
    pub const fn below(&mut self, limit: u64) -> u64 {
        match limit {
            0 => 0,
            limit => self.next() % limit,
        }
    }

    /// A time below `limit`, in whole milliseconds: tokio's timer knows nothing finer.
    pub fn time_below(&mut self, limit: Duration) -> Duration {
        let limit_ms = u64::try_from(limit.as_millis()).unwrap_or(u64::MAX);
        Duration::from_millis(self.below(limit_ms))
    }

    /// Brings `items` into any order.
    pub fn shuffle<T>(&mut self, items: &mut [T]) {
        for last in (1..items.len()).rev() {
            let drawn = self.below(last as u64 + 1);
            items.swap(last, usize::try_from(drawn).unwrap_or(last));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_order_of_three_comes_up() {
        let mut draws = Seed(7).draws(Choice::WakeOrder);
        let mut orders = std::collections::BTreeSet::new();
        for _ in 0..100 {
            let mut items = [1, 2, 3];
            draws.shuffle(&mut items);
            orders.insert(items);
        }
        assert_eq!(orders.len(), 6);
    }

    #[test]
    fn a_seed_repeats_itself_and_its_choices_differ() {
        let drawn = |choice| {
            let mut draws = Seed(1).draws(choice);
            [draws.next(), draws.next()]
        };
        assert_eq!(drawn(Choice::Phases), drawn(Choice::Phases));
        assert_ne!(drawn(Choice::Phases), drawn(Choice::WakeOrder));
        assert_ne!(drawn(Choice::Phases)[1], drawn(Choice::WakeOrder)[0]);
    }
}
