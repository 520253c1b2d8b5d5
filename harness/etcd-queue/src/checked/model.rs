//! The model, and how far it goes.

use stateright::{Model, Property};

use super::action::{Action, Backup, Next, Way};
use super::etcd::Quota;
use super::promises::{Wrong, Wrongs};
use super::side::{Ask, Job, Names};
use super::world::World;
use crate::protocol::broken::{Rule, with_broken};
use crate::protocol::claim::Lane;

/// How far the model goes.
#[derive(Clone, Debug)]
pub(crate) struct Bound {
    /// The queues' names: the same for both, or one inside of the other.
    pub(crate) queues: [&'static str; 2],
    /// How many calls each queue gets.
    pub(crate) turns: [u8; 2],
    /// How many sessions each may begin,
    pub(crate) openings: u8,
    /// beside one that it has at first.
    pub(crate) has_begun: bool,
    /// How many transactions of one queue may be under way together.
    pub(crate) slots: usize,
    pub(crate) items: u8,
    /// Whether all clocks say the same: producers choose the same keys.
    pub(crate) collides: bool,
    /// How many requests are delayed or lost, or their replies.
    pub(crate) faults: u8,
    pub(crate) crossings: u8,
    /// Whether there is room again some time after a crossing.
    pub(crate) makes_room: bool,
    pub(crate) restores: u8,
    pub(crate) expiries: u8,
    pub(crate) closes: [bool; 2],
    /// The rule that is broken, for a canary.
    pub(crate) broken: Option<Rule>,
    /// Whether states that are alike are one.
    pub(crate) is_canonical: bool,
    /// The promises that are looked at.
    pub(crate) watched: Wrongs,
}

/// The model.
#[derive(Clone, Debug)]
pub(crate) struct Protocol {
    pub(crate) bound: Bound,
    pub(crate) names: [Names; 2],
    pub(crate) first: World,
}

impl Protocol {
    pub(crate) fn new(bound: Bound) -> Self {
        with_broken(bound.broken, || {
            let names = bound.queues.map(Names::of);
            let first = World::new(&bound);
            let mut model = Self { bound, names, first };
            for side in (0..2).filter(|_| model.bound.has_begun) {
                model.first = model.first.clone().act(&model, Action::Open(side, Way::Answered)).unwrap();
            }
            model
        })
    }

    /// Whether the request names a slot.
    pub(crate) fn is_gated(job: &Job) -> bool {
        matches!(job.lane, Lane::Slot(_)) && job.ask != Ask::Search
    }
}

impl Bound {
    pub(crate) fn is_apart(&self) -> bool {
        self.queues[0] != self.queues[1]
    }

    pub(crate) fn is_symmetric(&self) -> bool {
        !self.is_apart() && self.turns[0] == self.turns[1] && self.closes[0] == self.closes[1]
    }
}

impl Model for Protocol {
    type State = World;
    type Action = Action;

    fn init_states(&self) -> Vec<World> {
        vec![self.first.clone()]
    }

    fn actions(&self, world: &World, actions: &mut Vec<Action>) {
        if world.wrongs != Wrongs::default() || world.is_excused(self) {
            return;
        }
        for side in 0..2 {
            world.actions_of(self, side, actions);
        }
        actions.extend((0..world.orphans.len()).map(Action::Arrive));
        if world.next != Next::Anything || actions.is_empty() {
            // Whatever happened now, nobody would send anything any more.
            return;
        }
        match world.etcd.quota {
            Quota::Free if world.crossings > 0 => actions.push(Action::CrossQuota),
            Quota::Free => {}
            Quota::Crossed { .. } | Quota::Full if self.bound.makes_room => actions.push(Action::MakeRoom),
            Quota::Crossed { .. } | Quota::Full => {}
        }
        if world.restores > 0 && world.told.histories.len() < usize::from(self.bound.items) {
            actions.push(Action::Restore(Backup::Empty));
            if self.bound.has_begun {
                actions.push(Action::Restore(Backup::First));
            }
        }
    }

    fn next_state(&self, world: &World, action: Action) -> Option<World> {
        let mut next = with_broken(self.bound.broken, || world.clone().act(self, action))?;
        next.wrongs = next.told.broken(&next.etcd, &next.sides).and(self.bound.watched);
        Some(if self.bound.is_canonical { next.canonical(self) } else { next })
    }

    fn properties(&self) -> Vec<Property<Self>> {
        fn holds<const N: usize>(_: &Protocol, world: &World) -> bool {
            !world.wrongs.has(Wrong::ALL[N])
        }
        vec![
            Property::always("nothing is lost", holds::<0>),
            Property::always("nothing is handed out twice", holds::<1>),
            Property::always("nothing is stored twice", holds::<2>),
            Property::always("what is reported as stored was stored", holds::<3>),
            Property::always("what is reported as not stored was not", holds::<4>),
            Property::always("nothing that is presumed is put back", holds::<5>),
            Property::always("nothing changes after close", holds::<6>),
            Property::always("nobody touches what is another's", holds::<7>),
        ]
    }
}
