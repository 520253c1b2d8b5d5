//! What a run is to be: a pure function of campaign, seed and size.

use std::{ops::Range, time::Duration};

use deadwatch::scenario::{EtcdSpec, User, Version};
use fastrand::Rng;

use super::campaign::Campaign;
use super::patience::Temper;
use super::trouble::Menu;

/// As whom everybody works where there is authentication; the password is the same.
pub const USER: &str = "worker";

/// What the names of Go's producers and consumers begin with.
pub const GO: &str = "go-";

/// The releases that runs in virtual time are shared among.
const RELEASES: [Version; 3] = [Version::new(3, 5, 5), Version::new(3, 5, 16), Version::new(3, 7, 3)];

/// How long a token lives: the shortest time that etcd takes.
const TOKEN_TTL: Duration = Duration::from_secs(1);

/// Longer than an unused token lives: etcd looks for dead ones once a second.
const NAP: Duration = Duration::from_millis(2_250);

/// A run that is to be made.
#[derive(Clone, Debug, PartialEq)]
pub struct Plan {
    /// Which campaign it belongs to.
    pub campaign: Campaign,
    /// What everything else was drawn from.
    pub seed: u64,
    /// How many items are enqueued.
    pub items: usize,
    /// On what.
    pub etcd: EtcdSpec,
    /// The queue.
    pub prefix: String,
    /// Who enqueues.
    pub producers: Vec<Producer>,
    /// Who takes items.
    pub consumers: Vec<Consumer>,
    /// So many items may be stored before the producers wait: a listing takes as long as there are many.
    pub backlog: usize,
    /// How many requests of a client lie between two lost replies, about; none: no reply is lost.
    pub requests_per_loss: Option<u32>,
    /// What else goes wrong.
    pub menu: Menu,
}

/// Who works.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Make {
    /// This repository's queue.
    Rust,
    /// The recipe of etcd's Go client, a process of its own.
    Go,
}

/// Somebody who enqueues.
#[derive(Clone, Debug, PartialEq)]
pub struct Producer {
    /// Its name, and its client's.
    pub name: String,
    /// Who it is.
    pub make: Make,
    /// What its choices are drawn from.
    pub seed: u64,
    /// How many items it enqueues.
    pub items: usize,
    /// How many at a time at most.
    pub most: usize,
    /// How long it rests after each time.
    pub rest_ms: Range<u64>,
    /// Now and then it rests for so long that its token dies, where tokens do.
    pub nap: Option<Duration>,
    /// Whether it gives calls up.
    pub temper: Temper,
}

/// Somebody who takes items.
#[derive(Clone, Debug, PartialEq)]
pub struct Consumer {
    /// Its name, and its client's.
    pub name: String,
    /// Who it is.
    pub make: Make,
    /// What its choices are drawn from.
    pub seed: u64,
    /// How many items at a time it asks for at most.
    pub most: usize,
    /// How many it lets be claimed ahead.
    pub read_ahead: usize,
    /// Whether it gives calls up.
    pub temper: Temper,
}

impl Plan {
    /// The plan of a run, the same for the same arguments. `version` is that of a real etcd; in virtual time it is
    /// drawn.
    pub fn of(campaign: Campaign, seed: u64, items: usize, version: Version) -> Self {
        let mut rng = Rng::with_seed(seed ^ 0x5eed);
        match campaign {
            Campaign::Virtual => drawn(&mut rng, seed, items),
            Campaign::Replies => {
                let consumers = if rng.u8(..4) == 0 { 1 } else { 4 };
                let base = Self::base(campaign, seed, items, EtcdSpec::of(version));
                let menu = Menu { cut: 4, rest_ms: 100..1_500, ..Menu::CALM };
                Self { requests_per_loss: Some(14), menu, ..base.staffed(&mut rng, 4, consumers) }
            }
            Campaign::Kills => {
                let menu = Menu {
                    cut: 6,
                    cut_all: 1,
                    compact: 4,
                    delay: 2,
                    swallow: 1,
                    kill: 2,
                    rest_ms: 200..2_000,
                    ..Menu::CALM
                };
                let base = Self::base(campaign, seed, items, EtcdSpec::of(version));
                Self { requests_per_loss: Some(12), menu, ..base.staffed(&mut rng, 8, 8) }
            }
            Campaign::Tokens => {
                let menu =
                    Menu { cut: 2, compact: 2, new_role: 6, kill: 1, rest_ms: 200..1_500, ..Menu::CALM };
                let base = Self::base(campaign, seed, items, EtcdSpec::of(version)).with_tokens();
                Self { requests_per_loss: Some(60), menu, ..base.staffed(&mut rng, 3, 3) }
            }
            Campaign::Drops => {
                let consumers = if rng.u8(..4) == 0 { 1 } else { 3 };
                let base = Self::base(campaign, seed, items, EtcdSpec::of(version));
                let menu = Menu { cut: 1, rest_ms: 500..3_000, ..Menu::CALM };
                let mut plan = base.staffed(&mut rng, 2, consumers).tempered(Temper::Impatient);
                // The fewer items a call is for, the more calls there are to give up.
                plan.producers.iter_mut().for_each(|producer| producer.most = producer.most.min(8));
                plan.consumers.iter_mut().for_each(|consumer| consumer.most = consumer.most.min(4));
                Self { requests_per_loss: Some(400), menu, ..plan.with_shares() }
            }
            Campaign::Mixed => {
                let base = Self::base(campaign, seed, items, EtcdSpec::of(version));
                let menu = Menu { cut: 4, swallow: 1, rest_ms: 200..1_500, ..Menu::CALM };
                let plan = base.staffed(&mut rng, 2, 2).joined_by_go(2, 2);
                // Each of the recipe's dequeues reads all that is stored.
                Self { requests_per_loss: Some(25), menu, backlog: 200, ..plan }
            }
            Campaign::Recovery => Self::base(campaign, seed, 0, EtcdSpec::of(version)),
        }
    }

    /// Nobody, nothing, nowhere else.
    fn base(campaign: Campaign, seed: u64, items: usize, etcd: EtcdSpec) -> Self {
        Self {
            campaign,
            seed,
            items,
            etcd,
            prefix: format!("/abuse/{}-{seed}", campaign.name()),
            producers: Vec::new(),
            consumers: Vec::new(),
            backlog: 3_000,
            requests_per_loss: None,
            menu: Menu::CALM,
        }
    }

    fn with_tokens(mut self) -> Self {
        let records = etcd_queue::records_range(&self.prefix).map(|records| records.start);
        let prefixes = std::iter::once(format!("{}/", self.prefix)).chain(records).collect();
        let worker = User { name: USER.to_owned(), password: USER.to_owned(), prefixes };
        self.etcd = EtcdSpec { users: vec![worker], ..self.etcd.with_tokens(TOKEN_TTL) };
        self
    }

    fn staffed(mut self, rng: &mut Rng, producers: usize, consumers: usize) -> Self {
        const SIZES: [usize; 5] = [1, 4, 16, 50, 126];
        let first = rng.usize(..SIZES.len());
        self.producers = (0..producers)
            .map(|n| Producer {
                name: format!("producer-{}", n + 1),
                make: Make::Rust,
                seed: rng.u64(..),
                items: 0,
                most: SIZES[(first + n) % SIZES.len()],
                rest_ms: 0..rng.u64(1..4),
                nap: self.etcd.token_ttl.map(|_| NAP),
                temper: Temper::Patient,
            })
            .collect();
        let first = rng.usize(..SIZES.len());
        self.consumers = (0..consumers)
            .map(|n| Consumer {
                name: format!("consumer-{}", n + 1),
                make: Make::Rust,
                seed: rng.u64(..),
                most: SIZES[(first + n) % SIZES.len()],
                read_ahead: if rng.u8(..3) == 0 { rng.usize(1..200) } else { 0 },
                temper: Temper::Patient,
            })
            .collect();
        self.with_shares()
    }

    fn joined_by_go(mut self, producers: usize, consumers: usize) -> Self {
        let (producer, consumer) = (self.producers[0].clone(), self.consumers[0].clone());
        self.producers.extend((1..=producers).map(|n| Producer {
            name: format!("{GO}producer-{n}"),
            make: Make::Go,
            ..producer.clone()
        }));
        self.consumers.extend((1..=consumers).map(|n| Consumer {
            name: format!("{GO}consumer-{n}"),
            make: Make::Go,
            ..consumer.clone()
        }));
        self.with_shares()
    }

    /// Who enqueues many at a time enqueues more in all, so that everybody is busy to the end.
    fn with_shares(mut self) -> Self {
        let weight = |producer: &Producer| producer.most + 3;
        let all: usize = self.producers.iter().map(weight).sum();
        let items = self.items;
        for producer in &mut self.producers {
            producer.items = (items * weight(producer)).div_ceil(all);
        }
        self.items = self.producers.iter().map(|producer| producer.items).sum();
        self
    }

    fn tempered(mut self, temper: Temper) -> Self {
        self.producers.iter_mut().for_each(|producer| producer.temper = temper);
        self.consumers.iter_mut().for_each(|consumer| consumer.temper = temper);
        self
    }
}

/// A plan with a bit of everything, or without.
fn drawn(rng: &mut Rng, seed: u64, items: usize) -> Plan {
    let etcd = EtcdSpec::of(RELEASES[rng.usize(..RELEASES.len())]);
    let mut plan = Plan::base(Campaign::Virtual, seed, items, etcd);
    if rng.u8(..3) == 0 {
        plan = plan.with_tokens();
    }
    let new_role = u32::from(plan.etcd.token_ttl.is_some());
    let (producers, consumers) = (rng.usize(1..4), [1, 2, 3, 5][rng.usize(..4)]);
    let mut plan = plan.staffed(rng, producers, consumers);
    let temper = if rng.bool() { Temper::Impatient } else { Temper::Patient };
    plan = plan.tempered(temper);
    for producer in &mut plan.producers {
        producer.rest_ms = 0..rng.u64(1..60);
        producer.most = [1, 4, 30, 126][rng.usize(..4)];
    }
    let mut plan = plan.with_shares();
    plan.backlog = rng.usize(1..300);
    plan.requests_per_loss = rng.bool().then(|| rng.u32(2..30));
    let mut weight = |most: u32| if rng.bool() { rng.u32(..=most) } else { 0 };
    plan.menu = Menu {
        cut: weight(6),
        cut_all: weight(3),
        compact: weight(4),
        delay: weight(3),
        swallow: weight(2),
        hole: weight(1),
        kill: weight(3),
        new_role: weight(3) * new_role,
        rest_ms: 5..400,
    };
    plan
}

#[cfg(test)]
mod tests {
    use super::*;

    fn plan(campaign: Campaign, seed: u64) -> Plan {
        Plan::of(campaign, seed, 1_000, Version::new(3, 5, 16))
    }

    #[test]
    fn the_same_seed_makes_the_same_plan_and_another_one_another() {
        for campaign in Campaign::ALL {
            assert_eq!(plan(campaign, 7), plan(campaign, 7));
            assert_ne!(plan(campaign, 7), plan(campaign, 8));
        }
    }

    #[test]
    fn every_item_has_its_producer() {
        for campaign in Campaign::ALL.into_iter().filter(|campaign| *campaign != Campaign::Recovery) {
            let plan = plan(campaign, 3);
            let shares: usize = plan.producers.iter().map(|producer| producer.items).sum();
            assert!(shares == plan.items && shares >= 1_000, "{shares} of {}", plan.items);
        }
    }

    #[test]
    fn seeds_in_virtual_time_differ_in_what_goes_wrong() {
        let plans: Vec<_> = (0..200).map(|seed| plan(Campaign::Virtual, seed)).collect();
        let some = |of: fn(&Plan) -> bool| plans.iter().filter(|plan| of(plan)).count();
        for count in [
            some(|plan| plan.consumers.len() == 1),
            some(|plan| plan.etcd.token_ttl.is_some()),
            some(|plan| plan.menu.kill > 0),
            some(|plan| plan.requests_per_loss.is_some()),
            some(|plan| plan.producers[0].temper == Temper::Impatient),
        ] {
            assert!((30..170).contains(&count), "{count} of 200");
        }
    }

    #[test]
    fn nothing_that_reaches_everybody_happens_beside_go() {
        let menu = plan(Campaign::Mixed, 1).menu;
        assert_eq!((menu.kill, menu.cut_all, menu.compact, menu.hole), (0, 0, 0, 0));
    }
}
