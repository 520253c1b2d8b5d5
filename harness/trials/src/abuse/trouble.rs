//! What goes wrong beside lost replies, and when: drawn from a seed.

use std::{collections::BTreeMap, ops::Range, time::Duration};

use fastrand::Rng;

use super::plan::{Make, Plan};

/// One thing that goes wrong.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Trouble {
    /// The connections of this client are reset.
    Cut(String),
    /// Those of all clients are.
    CutAll,
    /// The connections that this client has fall silent; new ones work.
    Swallow(String),
    /// For so long nobody gets a connection that carries anything, and those that are there never will again.
    Hole(Duration),
    /// For a while this client hears everything so much later.
    Delay {
        /// Whose.
        client: String,
        /// How much later.
        by: Duration,
        /// For how long.
        length: Duration,
    },
    /// etcd is killed, as by kill -9, and started again on its data after so long.
    Kill(Duration),
    /// Everything that is past is compacted, and its room freed.
    Compact,
    /// A role is added: tokens and requests from before may be found to be out of date.
    NewRole,
}

/// How likely each trouble is beside the others, and how long it is calm between two.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Menu {
    /// [`Trouble::Cut`].
    pub cut: u32,
    /// [`Trouble::CutAll`].
    pub cut_all: u32,
    /// [`Trouble::Compact`].
    pub compact: u32,
    /// [`Trouble::Delay`].
    pub delay: u32,
    /// [`Trouble::Swallow`].
    pub swallow: u32,
    /// [`Trouble::Hole`].
    pub hole: u32,
    /// [`Trouble::Kill`].
    pub kill: u32,
    /// [`Trouble::NewRole`].
    pub new_role: u32,
    /// The rest before each, milliseconds.
    pub rest_ms: Range<u64>,
}

impl Menu {
    /// Nothing goes wrong.
    pub const CALM: Self = Self {
        cut: 0,
        cut_all: 0,
        compact: 0,
        delay: 0,
        swallow: 0,
        hole: 0,
        kill: 0,
        new_role: 0,
        rest_ms: 1..2,
    };
}

/// A silent connection is noticed within 6 s, and a new one needs a moment to be of use: who is silenced again sooner
/// never gets on, whatever it does.
const BETWEEN_SILENCES: Duration = Duration::from_secs(10);

/// The troubles of a run, one after the other, without an end; each with the rest before it.
#[derive(Clone, Debug)]
pub struct Troubles {
    menu: Menu,
    clients: Vec<String>,
    rng: Rng,
    /// All rests so far: it is at least so late.
    elapsed: Duration,
    /// Until when a client is better not silenced again.
    silenced: BTreeMap<String, Duration>,
}

impl Troubles {
    /// Those of this plan.
    pub fn of(plan: &Plan) -> Self {
        // What happens to a client of Go's recipe it does not survive, by design.
        let producers = plan.producers.iter().filter(|producer| producer.make == Make::Rust);
        let consumers = plan.consumers.iter().filter(|consumer| consumer.make == Make::Rust);
        let producers = producers.map(|producer| producer.name.clone());
        let clients = producers.chain(consumers.map(|consumer| consumer.name.clone())).collect();
        Self {
            menu: plan.menu.clone(),
            clients,
            rng: Rng::with_seed(plan.seed ^ 0x7_7007),
            elapsed: Duration::ZERO,
            silenced: BTreeMap::new(),
        }
    }

    fn ms(&mut self, range: Range<u64>) -> Duration {
        Duration::from_millis(self.rng.u64(range))
    }

    /// These clients fall silent, for so long and until they have noticed; unless one of them has only just been.
    fn silences(&mut self, clients: &[String], length: Duration) -> bool {
        let may = |client| self.silenced.get(client).is_none_or(|until| *until <= self.elapsed);
        let may = clients.iter().all(may);
        if may {
            let until = self.elapsed + length + BETWEEN_SILENCES;
            self.silenced.extend(clients.iter().map(|client| (client.clone(), until)));
        }
        may
    }
}

impl Iterator for Troubles {
    type Item = (Duration, Trouble);

    fn next(&mut self) -> Option<Self::Item> {
        let Menu { cut, cut_all, compact, delay, swallow, hole, kill, new_role, rest_ms } = self.menu.clone();
        let weights = [cut, cut_all, compact, delay, swallow, hole, kill, new_role];
        let all: u32 = weights.iter().sum();
        if all == 0 {
            return None;
        }
        let rest = self.ms(rest_ms);
        self.elapsed += rest;
        let client = self.rng.choice(&self.clients).cloned().unwrap_or_default();
        let mut drawn = self.rng.u32(..all);
        let which = weights.iter().position(|weight| match drawn.checked_sub(*weight) {
            None => true,
            Some(left) => {
                drawn = left;
                false
            }
        });
        let trouble = match which {
            Some(0) => Trouble::Cut(client),
            Some(1) => Trouble::CutAll,
            Some(2) => Trouble::Compact,
            Some(3) => Trouble::Delay { client, by: self.ms(1..200), length: self.ms(50..1_500) },
            Some(4) => {
                let may = self.silences(std::slice::from_ref(&client), Duration::ZERO);
                if may { Trouble::Swallow(client) } else { Trouble::Cut(client) }
            }
            Some(5) => {
                let (length, all) = (self.ms(1..4_000), self.clients.clone());
                if self.silences(&all, length) { Trouble::Hole(length) } else { Trouble::CutAll }
            }
            Some(6) => Trouble::Kill(self.ms(0..800)),
            _ => Trouble::NewRole,
        };
        Some((rest, trouble))
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use deadwatch::scenario::Version;

    use super::*;
    use crate::abuse::campaign::Campaign;

    fn plan(menu: Menu) -> Plan {
        Plan { menu, ..Plan::of(Campaign::Mixed, 5, 100, Version::new(3, 5, 16)) }
    }

    #[test]
    fn troubles_come_as_often_as_the_menu_says() {
        let menu = Menu { cut: 3, kill: 1, rest_ms: 10..20, ..Menu::CALM };
        let drawn: Vec<_> = Troubles::of(&plan(menu)).take(4_000).collect();
        let kills = drawn.iter().filter(|(_, trouble)| matches!(trouble, Trouble::Kill(_))).count();
        let cuts = drawn.iter().filter(|(_, trouble)| matches!(trouble, Trouble::Cut(_))).count();
        assert!(kills + cuts == 4_000 && (850..1_150).contains(&kills), "{kills} kills, {cuts} cuts");
        assert!(drawn.iter().all(|(rest, _)| (10..20).contains(&rest.as_millis())));
    }

    #[test]
    fn nobody_cuts_the_clients_of_go() {
        let menu = Menu { cut: 1, ..Menu::CALM };
        let mut troubles = Troubles::of(&plan(menu)).take(500);
        assert!(
            troubles.all(|(_, trouble)| matches!(trouble, Trouble::Cut(name) if !name.starts_with("go-")))
        );
    }

    #[test]
    fn nobody_is_silenced_again_before_he_can_have_noticed() {
        let menu = Menu { swallow: 3, hole: 1, rest_ms: 10..2_000, ..Menu::CALM };
        let (mut now, mut silenced) = (Duration::ZERO, BTreeMap::new());
        let (mut swallowed, mut holes) = (0, 0);
        for (rest, trouble) in Troubles::of(&plan(menu)).take(2_000) {
            now += rest;
            let (clients, length) = match trouble {
                Trouble::Swallow(client) => (vec![client], Duration::ZERO),
                Trouble::Hole(length) => (silenced.keys().cloned().collect(), length),
                _ => continue,
            };
            swallowed += usize::from(length.is_zero());
            holes += usize::from(!length.is_zero());
            for client in clients {
                let before = silenced.insert(client, now + length);
                assert!(before.is_none_or(|before| before + Duration::from_secs(8) < now));
            }
        }
        assert!(swallowed > 50 && holes > 2, "{swallowed} swallowed, {holes} holes");
    }

    #[test]
    fn where_the_menu_is_empty_nothing_happens() {
        assert_eq!(Troubles::of(&plan(Menu::CALM)).next(), None);
    }
}
