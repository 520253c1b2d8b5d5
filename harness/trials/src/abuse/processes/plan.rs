//! What a run of processes is to be: a pure function of ordeal, seed, size and release.

use std::{ops::Range, time::Duration};

use deadwatch::scenario::Version;
use fastrand::Rng;

use super::{
    ordeal::Ordeal,
    settings::{Flaw, Job, Kind},
    witness::ROOT,
};

/// The releases that a campaign's runs are dealt to in turn.
pub const RELEASES: [Version; 3] = [Version::new(3, 5, 5), Version::new(3, 5, 16), Version::new(3, 7, 3)];

/// A quota that is crossed within seconds, and in which what waits has room.
const QUOTA_BYTES: u64 = 24_000_000;
const DAY_S: i64 = 24 * 60 * 60;

/// A run that is to be made.
#[derive(Clone, Debug, PartialEq)]
pub struct Plan {
    /// Which campaign it belongs to.
    pub ordeal: Ordeal,
    /// What everything else was drawn from.
    pub seed: u64,
    /// How many items are to be stored at least.
    pub items: usize,
    /// The release.
    pub version: Version,
    /// How many members the cluster has.
    pub members: usize,
    /// `--quota-backend-bytes`, where it is crossed.
    pub quota_bytes: Option<u64>,
    /// The queues.
    pub prefixes: [(Kind, String); 2],
    /// The places at which one worker after the other works.
    pub places: Vec<Place>,
    /// So many items of a queue may be stored before its producers rest.
    pub backlog: usize,
    /// What goes wrong.
    pub menu: Menu,
    /// What must have gone wrong before it ends.
    pub least: Least,
    /// No trouble begins after this time.
    pub bound: Duration,
    /// The TTL of a `LeaseQueue`'s session, seconds.
    pub session_ttl_s: u64,
    /// What its workers do wrong: nothing, unless the run is to be seen to find it.
    pub flaw: Option<Flaw>,
}

/// Where one worker after the other works.
#[derive(Clone, Debug, PartialEq)]
pub struct Place {
    /// Its name, with which those of its workers begin.
    pub name: String,
    /// Which queue.
    pub kind: Kind,
    /// What is done there.
    pub job: Job,
    /// What its choices are drawn from.
    pub seed: u64,
    /// How far its workers' clocks are off, seconds.
    pub clock_off_s: i64,
    /// How many items at a time at most.
    pub most: usize,
    /// How many bytes an item has at least.
    pub item_bytes: usize,
}

/// How likely each trouble is beside the others of its kind, and how long it is calm between two.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Menu {
    /// How long a worker lives before it is ended, milliseconds.
    pub life_ms: Range<u64>,
    /// It closes its queue, and ends.
    pub close: u32,
    /// It does so while etcd is away.
    pub close_in_outage: u32,
    /// It is killed with -9.
    pub kill: u32,
    /// How many of its requests are held back when it is to end.
    pub holds: Range<usize>,
    /// How long after its end they are let go, milliseconds.
    pub late_ms: Range<u64>,
    /// While it lives, the next replies to it are lost.
    pub lose: u32,
    /// Its connections are reset.
    pub reset: u32,
    /// It reaches nobody for a while.
    pub shut: u32,
    /// Some requests are held back for a while.
    pub hold: u32,
    /// It stands still for a while.
    pub stop: u32,
    /// The rest before each of these, milliseconds.
    pub rest_ms: Range<u64>,
    /// A member stands still for a while.
    pub pause: u32,
    /// A member is killed, and started again.
    pub kill_member: u32,
    /// All members are away.
    pub outage: u32,
    /// The quota is crossed.
    pub crossing: u32,
    /// The past is compacted.
    pub compact: u32,
    /// The rest before each of these, milliseconds.
    pub cluster_rest_ms: Range<u64>,
}

impl Menu {
    /// What every campaign has a little of: without doubts there is nothing to get wrong.
    const USUAL: Self = Self {
        life_ms: 2_000..9_000,
        close: 1,
        close_in_outage: 0,
        kill: 0,
        holds: 0..1,
        late_ms: 0..1,
        lose: 4,
        reset: 1,
        shut: 0,
        hold: 0,
        stop: 0,
        rest_ms: 50..900,
        pause: 0,
        kill_member: 0,
        outage: 0,
        crossing: 0,
        compact: 1,
        cluster_rest_ms: 1_500..5_000,
    };
}

/// How much must have gone wrong before a run ends, if there is time.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Least {
    /// Requests that were let go, and answered, after their queue was closed.
    pub late: u64,
    /// Members that stood still or were killed.
    pub members: u64,
    /// Crossings of the quota.
    pub crossings: u64,
    /// Queues that were closed while etcd was away.
    pub closes_in_outage: u64,
    /// Workers that were killed.
    pub kills: u64,
}

impl Plan {
    /// The plan of a run, the same for the same arguments.
    pub fn of(ordeal: Ordeal, seed: u64, items: usize, version: Version) -> Self {
        let mut rng = Rng::with_seed(seed ^ 0x00_0dea1);
        let per_item = |one_in: usize| (items / one_in).max(1) as u64;
        let (menu, least) = match ordeal {
            Ordeal::Held => (
                Menu { life_ms: 700..2_500, holds: 1..4, late_ms: 0..6_000, hold: 2, ..Menu::USUAL },
                Least { late: per_item(400).min(90), ..Least::default() },
            ),
            Ordeal::Pauses => (
                Menu { pause: 4, kill_member: 2, cluster_rest_ms: 500..3_000, ..Menu::USUAL },
                Least { members: per_item(6_000).max(2), ..Least::default() },
            ),
            Ordeal::Quota => (
                Menu { crossing: 1, compact: 0, lose: 3, cluster_rest_ms: 500..2_000, ..Menu::USUAL },
                Least { crossings: per_item(6_000).max(2), ..Least::default() },
            ),
            Ordeal::Closes => (
                Menu {
                    life_ms: 500..4_000,
                    close_in_outage: 3,
                    outage: 4,
                    shut: 1,
                    cluster_rest_ms: 1_000..4_000,
                    ..Menu::USUAL
                },
                Least { closes_in_outage: per_item(1_500), ..Least::default() },
            ),
            Ordeal::Clocks => {
                (Menu { life_ms: 300..2_500, hold: 3, stop: 1, lose: 6, ..Menu::USUAL }, Least::default())
            }
            Ordeal::Deaths => (
                Menu { life_ms: 500..4_000, kill: 4, stop: 1, holds: 0..3, late_ms: 0..4_000, ..Menu::USUAL },
                Least { kills: per_item(1_000), ..Least::default() },
            ),
            Ordeal::Weathers => (
                Menu {
                    life_ms: 500..5_000,
                    close_in_outage: 1,
                    kill: 2,
                    holds: 0..4,
                    late_ms: 0..6_000,
                    shut: 1,
                    hold: 2,
                    stop: 1,
                    pause: 3,
                    kill_member: 2,
                    outage: 2,
                    crossing: 1,
                    ..Menu::USUAL
                },
                Least {
                    late: per_item(1_500),
                    members: per_item(10_000),
                    crossings: 1,
                    closes_in_outage: 1,
                    kills: per_item(3_000),
                },
            ),
        };
        let members = match ordeal {
            Ordeal::Pauses | Ordeal::Weathers => 3,
            _ if rng.u8(..3) == 0 => 3,
            _ => 1,
        };
        let quota_bytes = (menu.crossing > 0).then_some(QUOTA_BYTES);
        let taken = format!("{ROOT}{}-{seed}", ordeal.name());
        let leased = match ordeal {
            // A queue inside of a queue, named as what may lie beside the outer one.
            Ordeal::Weathers => format!("{taken}/{}", rng.choice(["w", "c", "s", "d"]).unwrap_or("w")),
            _ => format!("{taken}-leased"),
        };
        let item_bytes = if quota_bytes.is_some() { 1_000 } else { 0 };
        let mut places = Vec::new();
        for kind in [Kind::Taken, Kind::Leased] {
            places.extend((1..=2).map(|n| Place::draw(&mut rng, kind, Job::Produce, n, item_bytes)));
            places.extend((1..=3).map(|n| Place::draw(&mut rng, kind, Job::Consume, n, item_bytes)));
        }
        if matches!(ordeal, Ordeal::Clocks | Ordeal::Weathers) {
            places.iter_mut().for_each(|place| place.clock_off_s = rng.i64(-3..=3) * DAY_S);
        }
        Self {
            ordeal,
            seed,
            items,
            version,
            members,
            quota_bytes,
            prefixes: [(Kind::Taken, taken), (Kind::Leased, leased)],
            places,
            backlog: 5_000,
            menu,
            least,
            bound: ordeal.bound(),
            session_ttl_s: rng.u64(2..=4),
            flaw: None,
        }
    }

    /// The prefix of a queue.
    pub fn prefix(&self, kind: Kind) -> &str {
        let [(first, one), (_, other)] = &self.prefixes;
        if *first == kind { one } else { other }
    }
}

impl Place {
    fn draw(rng: &mut Rng, kind: Kind, job: Job, number: usize, item_bytes: usize) -> Self {
        const SIZES: [usize; 4] = [4, 16, 60, 126];
        let queue = match kind {
            Kind::Taken => "taken",
            Kind::Leased => "leased",
        };
        let job_name = match job {
            Job::Produce => "producer",
            Job::Consume => "consumer",
        };
        Self {
            name: format!("{queue}-{job_name}-{number}"),
            kind,
            job,
            seed: rng.u64(..),
            clock_off_s: 0,
            // One of each job does more at a time than one transaction takes.
            most: if number == 1 { 500 } else { SIZES[rng.usize(..SIZES.len())] },
            item_bytes,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_seed_makes_the_same_plan_and_another_one_another() {
        for ordeal in Ordeal::ALL {
            let plan = |seed| Plan::of(ordeal, seed, 1_000, RELEASES[0]);
            assert_eq!(plan(7), plan(7));
            assert_ne!(plan(7), plan(8));
        }
    }

    #[test]
    fn clocks_are_days_apart_where_that_is_the_trouble() {
        let plan = Plan::of(Ordeal::Clocks, 1, 1_000, RELEASES[0]);
        let offs = plan.places.iter().map(|place| place.clock_off_s);
        assert!(offs.clone().max() >= offs.min().map(|least| least + 2 * DAY_S));
    }
}
