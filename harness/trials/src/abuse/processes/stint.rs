//! What one worker lives through: a pure function of its place, the menu, and which of the place's workers it is.

use std::{ops::Range, time::Duration};

use fastrand::Rng;

use super::plan::{Menu, Place};

/// How long a worker lives whose first requests are held back, milliseconds.
const FIRST_MS: Range<u64> = 200..3_000;

/// A worker's life.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Stint {
    /// What its own choices are drawn from.
    pub seed: u64,
    /// What happens to it, each with the rest before it.
    pub troubles: Vec<(Duration, Trouble)>,
    /// The rest before its end.
    pub rest: Duration,
    /// How many of its requests are held back, and which.
    pub holds: usize,
    /// See [`Stint::holds`].
    pub held: Held,
    /// How it ends.
    pub ending: Ending,
    /// How long after that they are let go.
    pub late: Duration,
}

/// Which of a worker's requests are held back until it has ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Held {
    /// Its first ones: whatever it keeps beside the queue is not written yet.
    First,
    /// Its last ones.
    Last,
}

/// What happens to a worker.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Trouble {
    /// The replies to its next transactions are lost.
    Lose(usize),
    /// Its connections are reset.
    Reset,
    /// It reaches nobody for so long.
    Shut(Duration),
    /// So many requests are held back for so long.
    Hold(usize, Duration),
    /// It stands still for so long.
    Stop(Duration),
}

/// How a worker ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ending {
    /// It closes its queue.
    Close,
    /// It closes its queue so long after etcd has gone away.
    CloseInOutage(Duration),
    /// It is killed with -9.
    Kill,
}

impl Stint {
    /// The life of a place's worker of this number.
    pub fn draw(menu: &Menu, place: &Place, number: u32) -> Self {
        let mut rng = Rng::with_seed(place.seed ^ u64::from(number).wrapping_mul(0x9e37_79b9_7f4a_7c15));
        let mut left = ms(&mut rng, menu.life_ms.clone());
        let late = ms(&mut rng, menu.late_ms.clone());
        let outage = ms(&mut rng, 0..2_500);
        let mut troubles = Vec::new();
        loop {
            let rest = ms(&mut rng, menu.rest_ms.clone());
            let Some(rest_left) = left.checked_sub(rest) else { break };
            let Some(trouble) = Trouble::draw(menu, &mut rng) else { break };
            troubles.push((rest, trouble));
            left = rest_left;
        }
        let weights = [menu.close, menu.close_in_outage, menu.kill];
        let ending = match drawn(&weights, &mut rng) {
            Some(1) => Ending::CloseInOutage(outage),
            Some(2) => Ending::Kill,
            _ => Ending::Close,
        };
        let holds = rng.usize(menu.holds.clone());
        let held = if holds > 0 && rng.bool() { Held::First } else { Held::Last };
        if held == Held::First {
            // What is held back stays so: nothing else is held, or let go, in so short a life.
            troubles.clear();
            left = ms(&mut rng, FIRST_MS);
        }
        Self { seed: rng.u64(..), troubles, rest: left, holds, held, ending, late }
    }
}

impl Trouble {
    fn draw(menu: &Menu, rng: &mut Rng) -> Option<Self> {
        let Menu { lose, reset, shut, hold, stop, .. } = *menu;
        let which = drawn(&[lose, reset, shut, hold, stop], rng)?;
        Some(match which {
            0 => Self::Lose(rng.usize(1..4)),
            1 => Self::Reset,
            2 => Self::Shut(ms(rng, 50..3_000)),
            3 => Self::Hold(rng.usize(1..3), ms(rng, 20..2_500)),
            _ => Self::Stop(ms(rng, 50..6_000)),
        })
    }
}

fn ms(rng: &mut Rng, range: Range<u64>) -> Duration {
    Duration::from_millis(rng.u64(range))
}

/// Which of several is drawn, each as likely as it weighs; none if nothing weighs anything.
pub fn drawn(weights: &[u32], rng: &mut Rng) -> Option<usize> {
    let all: u32 = weights.iter().sum();
    if all == 0 {
        return None;
    }
    let mut drawn = rng.u32(..all);
    weights.iter().position(|weight| match drawn.checked_sub(*weight) {
        None => true,
        Some(left) => {
            drawn = left;
            false
        }
    })
}

#[cfg(test)]
mod tests {
    use deadwatch::scenario::Version;

    use super::*;
    use crate::abuse::processes::{ordeal::Ordeal, plan::Plan};

    fn stints(ordeal: Ordeal) -> Vec<Stint> {
        let plan = Plan::of(ordeal, 1, 1_000, Version::new(3, 5, 16));
        (0..500).map(|number| Stint::draw(&plan.menu, &plan.places[0], number)).collect()
    }

    #[test]
    fn a_seed_repeats_a_life() {
        assert_eq!(stints(Ordeal::Weathers), stints(Ordeal::Weathers));
    }

    #[test]
    fn lives_are_as_long_and_end_as_often_so_as_the_menu_says() {
        let stints = stints(Ordeal::Deaths);
        let killed = stints.iter().filter(|stint| stint.ending == Ending::Kill).count();
        assert!((350..450).contains(&killed), "{killed} of 500 killed");
        let length = |stint: &Stint| {
            stint.rest.as_millis() + stint.troubles.iter().map(|(rest, _)| rest.as_millis()).sum::<u128>()
        };
        let mut lengths = stints.iter().filter(|stint| stint.held == Held::Last).map(length);
        assert!(lengths.all(|length| (500..4_000).contains(&length)));
        let first = stints.iter().filter(|stint| stint.held == Held::First).count();
        assert!((120..220).contains(&first), "of {first} of 500 the first requests are held");
    }
}
