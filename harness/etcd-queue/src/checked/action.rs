//! What can happen, and what of it can happen next.

use super::etcd::{Quota, WhenFull};
use super::model::Protocol;
use super::side::{Job, Stage, Work};
use super::world::World;
use crate::protocol::claim::Lane;
use crate::protocol::session::Opening;

/// How a claim is made.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Wish {
    One,
    All,
    AllInParts,
    OneByDeleteAlone,
    AllByDeleteAlone,
}

/// What becomes of a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Way {
    /// It arrives and is answered. In a full etcd what puts is refused.
    Answered,
    /// It arrives at a full etcd, is carried out, and answered as if it were not.
    AnsweredLate,
    /// It arrives, and its reply does not.
    ReplyLost,
    /// It is held up, and given up by its sender.
    Held,
}

impl Way {
    pub(crate) fn when_full(self) -> WhenFull {
        if self == Self::Answered { WhenFull::Refused } else { WhenFull::CarriedOut }
    }
}

/// What has to happen next, so that what commutes with everything else is not tried in every order.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Next {
    Anything,
    /// A request of this queue arrives: its session has just ended, which nobody else would notice.
    RequestOf(usize),
    /// Something that puts arrives: the quota has just been crossed, or there is room again.
    Put,
}

impl Next {
    pub(crate) fn swapped(self) -> Self {
        match self {
            Self::RequestOf(side) => Self::RequestOf(1 - side),
            Self::Anything | Self::Put => self,
        }
    }
}

/// What a store is restored from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Backup {
    /// From nothing.
    Empty,
    /// From how it was at first.
    First,
}

/// What happens next.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Action {
    /// A session is begun. What it sends depends on nothing that others do, so that nothing is left out if it arrives
    /// at once.
    Open(usize, Way),
    /// The same for an enqueue.
    Enqueue(usize, Way),
    /// A claim is sent, of what is stored now; it arrives later.
    Claim(usize, Wish),
    /// What becomes of a request that is under way.
    Pass(usize, usize, Way),
    /// A request that was held up arrives.
    Arrive(usize),
    CrossQuota,
    MakeRoom,
    Restore(Backup),
    /// The lease of a queue's session ends.
    Expire(usize),
    /// A queue closes; what it has claimed before was for somebody, or is to be put back.
    Close(usize, bool),
    /// A queue that closes ends its session.
    End(usize),
    /// It tries to.
    LoseEnd(usize),
}

impl World {
    /// Whether nothing is promised any more of any item that there is or will be.
    pub(crate) fn is_excused(&self, model: &Protocol) -> bool {
        let histories = &self.told.histories;
        histories.len() == usize::from(model.bound.items)
            && histories.iter().all(|history| history.is_excused)
    }

    /// What one of the queues can do, and what can become of its requests.
    pub(crate) fn actions_of(&self, model: &Protocol, n: usize, actions: &mut Vec<Action>) {
        let (side, bound) = (&self.sides[n], &model.bound);
        let late = matches!(self.etcd.quota, Quota::Crossed { .. }).then_some(Way::AnsweredLate);
        let faults = [Way::ReplyLost, Way::Held].into_iter().filter(|_| self.faults > 0);
        let ways: Vec<Way> = [Way::Answered].into_iter().chain(late).chain(faults).collect();
        for number in 0..side.jobs.len() {
            actions.extend(ways.iter().map(|way| Action::Pass(n, number, *way)));
        }
        match side.stage {
            Stage::Open => {}
            Stage::Closing => {
                if side.jobs.is_empty() && self.next == Next::Anything {
                    actions.push(Action::End(n));
                    // Who could not settle anything is cut off: that this is lost, too, is no fault of its own.
                    if self.faults > 0 || !side.unsettled.is_empty() {
                        actions.push(Action::LoseEnd(n));
                    }
                }
                return;
            }
            Stage::Parting | Stage::Closed => return,
        }
        let wants_turn = side.turns > 0 || side.pending.is_some();
        if side.session.is_none() && side.openings > 0 && wants_turn {
            actions.extend(ways.iter().map(|way| Action::Open(n, *way)));
        }
        let is_free = !side.free.is_empty();
        let has_item =
            side.pending.is_some() || side.turns > 0 && self.told.histories.len() < usize::from(bound.items);
        if is_free && has_item {
            actions.extend(ways.iter().map(|way| Action::Enqueue(n, *way)));
        }
        if self.next != Next::Anything {
            return;
        }
        if side.turns > 0 {
            let with_slot: &[Wish] = &[Wish::One, Wish::All, Wish::AllInParts];
            let bare: &[Wish] = &[Wish::OneByDeleteAlone, Wish::AllByDeleteAlone];
            let is_bare =
                |job: &Job| matches!((&job.work, &job.lane), (Work::Claim { .. }, Lane::Bare { .. }));
            let wishes = match side.is_full {
                true if side.jobs.iter().any(is_bare) => &[],
                true => bare,
                false if is_free => with_slot,
                false => &[],
            };
            let wishes = wishes.iter();
            let possible = wishes.filter(|wish| !self.claimable(model, n, **wish).is_empty());
            actions.extend(possible.map(|wish| Action::Claim(n, *wish)));
        }
        let has_orphans = self.orphans.iter().any(|orphan| orphan.side == n);
        let is_busy = !side.jobs.is_empty() || has_orphans;
        let lives = |opening: &Opening| self.etcd.leases.contains(&opening.lease);
        if self.expiries > 0 && (is_busy || wants_turn) && side.session.as_ref().is_some_and(lives) {
            actions.push(Action::Expire(n));
        }
        // To close with nothing under way and nothing to be put back is to be heard of no more.
        if bound.closes[n] && is_busy {
            actions.push(Action::Close(n, false));
        }
        if bound.closes[n] && !side.taken.is_empty() {
            actions.push(Action::Close(n, true));
        }
    }
}
