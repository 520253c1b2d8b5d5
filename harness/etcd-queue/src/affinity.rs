//! Which consumer tries an item first, so that several of them do not all try the same one.
//!
//! Each consumer ranks all consumers for each item by a hash, and all come to the same ranks. The first of
//! them claims the item at once; the others only if it is still there a little later, one after another. So a
//! consumer that is busy, slow or dead holds nothing up for long. It is a hint: a wrong view of who there is
//! costs a lost race or a few milliseconds.
//!
//! It is in force for some seconds after a lost race. A consumer whose rivals are idle gets everything, and
//! in commit order; one that shares does not.

use std::time::Duration;

use tokio::time::Instant;

use crate::cache::{Cache, Key, Place};

/// How much later than the one before it each consumer tries.
const LATER: Duration = Duration::from_millis(5);
/// The same at most, when what seems to be left lying turns out to be claimed already: a watch that has much
/// to tell may lag by 100 ms (etcd v3.5.5 server/mvcc/watchable_store.go, `syncWatchersLoop`).
const MUCH_LATER: Duration = Duration::from_millis(80);
/// So long may the first item in line be left to others while there is enough else to claim.
const HEAD_LEFT: Duration = Duration::from_millis(300);
/// How many of the first items are then claimed, whoever is to try them first.
const HEAD_TAKEN: usize = 9;
/// How long after a lost race the consumers keep out of each other's way.
const IN_FORCE: Duration = Duration::from_secs(10);
/// How far down the line a consumer looks for items that are its own.
const LOOKED_AT: usize = 8192;

/// What one consumer knows of all.
#[derive(Debug)]
pub(crate) struct Affinity {
    ours: u64,
    rivals: Vec<u64>,
    until: Option<Instant>,
    /// Since when there is nothing in sight that is ours to try first.
    dry_since: Option<Instant>,
    head: Option<(Place, Instant)>,
    later: Duration,
}

impl Default for Affinity {
    fn default() -> Self {
        Self { ours: 0, rivals: Vec::new(), until: None, dry_since: None, head: None, later: LATER }
    }
}

/// What may be claimed now.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Choice {
    pub(crate) places: Vec<Place>,
    /// When there will be more, if nothing else happens.
    pub(crate) later: Option<Instant>,
}

impl Affinity {
    /// Takes in who there is. An own session that is not among them is not known to the others either.
    pub(crate) fn meet(&mut self, ours: &str, all: &[String]) {
        self.ours = seed(ours);
        self.rivals = all.iter().filter(|id| *id != ours).map(|id| seed(id)).collect();
    }

    /// A race was lost.
    pub(crate) fn lost(&mut self, now: Instant) {
        self.until = Some(now + IN_FORCE);
        self.later = (self.later * 2).min(MUCH_LATER);
    }

    /// A claim was carried out as a whole.
    pub(crate) fn won(&mut self) {
        self.later = (self.later / 2).max(LATER);
    }

    /// Whether items are shared with other consumers, as far as is known.
    pub(crate) fn is_in_force(&self, now: Instant) -> bool {
        !self.rivals.is_empty() && self.until.is_some_and(|until| now < until)
    }

    /// How many consumers try an item before this one.
    fn rank(&self, key: &Key) -> u32 {
        let item = hash(key);
        let ours = (mix(item ^ self.ours), self.ours);
        let before = self.rivals.iter().filter(|&&rival| (mix(item ^ rival), rival) > ours).count();
        u32::try_from(before).unwrap_or(u32::MAX)
    }

    /// The first items in line to be claimed now, up to `most`.
    pub(crate) fn choose(&mut self, cache: &Cache, most: usize, now: Instant) -> Choice {
        if !self.is_in_force(now) {
            let places = cache.iter().take(most).map(|(place, _)| place.clone()).collect();
            return Choice { places, later: None };
        }
        let head_since = self.head_since(cache.head(), now);
        if head_since.is_some_and(|since| now.duration_since(since) >= HEAD_LEFT) {
            self.head = None;
            let places = cache.iter().take(most.min(HEAD_TAKEN)).map(|(place, _)| place.clone()).collect();
            return Choice { places, later: None };
        }
        let in_sight = || cache.iter().take(LOOKED_AT);
        let first: Vec<Place> = in_sight()
            .filter(|(place, _)| self.rank(&place.1) == 0)
            .take(most)
            .map(|(place, _)| place.clone())
            .collect();
        if !first.is_empty() {
            self.dry_since = None;
            return Choice { places: first, later: head_since.map(|since| since + HEAD_LEFT) };
        }
        let dry_since = *self.dry_since.get_or_insert(now);
        let mut choice = Choice::default();
        for (place, known) in in_sight() {
            let due = known.seen.max(dry_since) + self.later.saturating_mul(self.rank(&place.1));
            if due > now {
                choice.later = Some(choice.later.map_or(due, |later| later.min(due)));
            } else if choice.places.len() < most {
                choice.places.push(place.clone());
            }
        }
        choice
    }

    /// Since when the item that is first in line is.
    fn head_since(&mut self, head: Option<&Place>, now: Instant) -> Option<Instant> {
        let head = head?;
        match &self.head {
            Some((known, since)) if known == head => Some(*since),
            _ => {
                self.head = Some((head.clone(), now));
                Some(now)
            }
        }
    }
}

/// FNV-1a.
fn hash(bytes: &[u8]) -> u64 {
    bytes.iter().fold(0xcbf2_9ce4_8422_2325, |hash, byte| {
        (hash ^ u64::from(*byte)).wrapping_mul(0x0000_0100_0000_01b3)
    })
}

fn seed(session_id: &str) -> u64 {
    mix(hash(session_id.as_bytes()))
}

/// The finish of splitmix64: one bit in changes half of the bits out.
fn mix(mut x: u64) -> u64 {
    x = (x ^ (x >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    x = (x ^ (x >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    x ^ (x >> 31)
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;
    use crate::cache::Change;

    const SESSIONS: [&str; 4] = ["11", "12", "13", "14"];

    fn line(items: usize, now: Instant) -> Cache {
        let mut cache = Cache::default();
        for n in 0..items {
            let key = format!("q/17000000000000{n:05}").into_bytes().into();
            cache.apply(Change::Put { key, revision: 5, value: Some(vec![]) }, now);
        }
        cache
    }

    fn consumers() -> [Affinity; 4] {
        let all = SESSIONS.map(str::to_owned);
        SESSIONS.map(|ours| {
            let mut affinity = Affinity::default();
            affinity.meet(ours, &all);
            affinity.until = Some(Instant::now() + IN_FORCE);
            affinity
        })
    }

    #[test]
    fn every_item_is_the_first_choice_of_one_consumer_and_all_have_a_fair_share() {
        let now = Instant::now();
        let cache = line(1_000, now);
        let mut all = BTreeSet::new();
        for mut consumer in consumers() {
            let choice = consumer.choose(&cache, usize::MAX, now).places;
            assert!((150..350).contains(&choice.len()), "{}", choice.len());
            for place in choice {
                assert!(all.insert(place), "two consumers try the same item first");
            }
        }
        assert_eq!(all.len(), 1_000);
    }

    #[test]
    fn what_is_left_lying_is_everybodys_one_after_another() {
        let now = Instant::now();
        let cache = line(1, now);
        let ranks: BTreeSet<u32> = consumers().iter().map(|c| c.rank(&cache.head().unwrap().1)).collect();
        assert_eq!(ranks, BTreeSet::from([0, 1, 2, 3]));
        for mut consumer in consumers() {
            let rank = consumer.rank(&cache.head().unwrap().1);
            let choice = consumer.choose(&cache, 9, now);
            assert_eq!(choice.places.len(), usize::from(rank == 0));
            if let Some(later) = choice.later.filter(|_| rank > 0) {
                assert_eq!(later, now + LATER * rank);
                assert_eq!(consumer.choose(&cache, 9, later).places.len(), 1);
            }
        }
    }

    #[test]
    fn the_first_in_line_is_not_left_to_others_for_long_however_much_else_there_is() {
        let now = Instant::now();
        let cache = line(1_000, now);
        let head = cache.head().unwrap().clone();
        let mut patient = consumers().into_iter().find(|c| c.rank(&head.1) > 0).unwrap();
        assert!(!patient.choose(&cache, 9, now).places.contains(&head));
        assert!(patient.choose(&cache, 9, now + HEAD_LEFT).places.contains(&head));
    }

    #[test]
    fn who_has_nobody_to_contend_with_takes_what_comes_first() {
        let now = Instant::now();
        let cache = line(10, now);
        let first: Vec<_> = cache.iter().take(3).map(|(place, _)| place.clone()).collect();
        assert_eq!(Affinity::default().choose(&cache, 3, now).places, first);
        for mut consumer in consumers() {
            assert_eq!(consumer.choose(&cache, 3, now + IN_FORCE * 2).places, first);
        }
    }
}
