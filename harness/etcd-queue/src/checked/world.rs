//! One state of the model, and what comes of each thing that can happen in it.

use super::action::{Action, Backup, Next, Way, Wish};
use super::etcd::{Etcd, Quota, Refusal, WhenFull, puts};
use super::model::{Bound, Protocol};
use super::promises::{History, Told, Wrong, Wrongs};
use super::side::{Ask, Job, Reply, Side, Stage, Value, Work};
use crate::cache::{Key, Place};
use crate::protocol::claim::{Claim, Lane, Shape};
use crate::protocol::session::{Opening, SessionId};
use crate::protocol::txn::{Answer, Op, Txn};

/// A request that nobody waits for any more.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Orphan {
    pub(crate) txn: Txn,
    pub(crate) side: usize,
    /// By delete alone, with nothing that guards it once its queue has closed.
    pub(crate) is_bare: bool,
}

/// One state.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct World {
    pub(crate) etcd: Etcd,
    pub(crate) next: Next,
    pub(crate) sides: [Side; 2],
    /// In no order.
    pub(crate) orphans: Vec<Orphan>,
    pub(crate) faults: u8,
    pub(crate) crossings: u8,
    pub(crate) restores: u8,
    pub(crate) expiries: u8,
    pub(crate) next_nonce: u8,
    pub(crate) next_lease: i64,
    pub(crate) told: Told,
    pub(crate) wrongs: Wrongs,
}

impl World {
    pub(crate) fn new(bound: &Bound) -> Self {
        let openings = bound.openings + u8::from(bound.has_begun);
        let side = |n: usize| Side::new(bound.turns[n], openings);
        Self {
            etcd: Etcd::new(),
            next: Next::Anything,
            sides: [side(0), side(1)],
            orphans: Vec::new(),
            faults: bound.faults,
            crossings: bound.crossings,
            restores: bound.restores,
            expiries: bound.expiries,
            next_nonce: 1,
            next_lease: 1,
            told: Told::default(),
            wrongs: Wrongs::default(),
        }
    }

    /// A request arrives. Says whether it changed anything.
    fn carry_out(
        &mut self,
        model: &Protocol,
        by: usize,
        txn: &Txn,
        when_full: WhenFull,
    ) -> (Result<Answer, Refusal>, bool) {
        let (result, change) = self.etcd.apply(by, txn, when_full);
        if change.is_any {
            self.told.sees(&self.etcd);
        }
        if change.is_of_anothers_record || change.is_of_anothers_item && model.bound.is_apart() {
            self.told.wrongs.insert(Wrong::TouchedAnothers);
        }
        (result, change.is_any)
    }

    fn pass_last(self, model: &Protocol, side: usize, way: Way) -> Option<Self> {
        match self.sides[side].jobs.len().checked_sub(1) {
            Some(last) => self.pass(model, side, last, way),
            // It came to nothing before anything was sent.
            None => (way == Way::Answered).then_some(self),
        }
    }

    fn pass(mut self, model: &Protocol, side: usize, job: usize, way: Way) -> Option<Self> {
        let is_fault = matches!(way, Way::ReplyLost | Way::Held);
        self.faults -= u8::from(is_fault);
        let next = std::mem::replace(&mut self.next, Next::Anything);
        let request = self.sides[side].jobs.get(job)?;
        let does_put = puts(&request.txn(&model.names[side].layout));
        let is_next = match next {
            Next::Anything => true,
            Next::RequestOf(of) => of == side && way != Way::Held,
            Next::Put => does_put && way != Way::Held,
        };
        if !is_next || way == Way::AnsweredLate && !does_put {
            return None;
        }
        match way {
            Way::Answered | Way::AnsweredLate | Way::ReplyLost => self.reply(model, side, job, way),
            Way::Held => self.hold(model, side, job),
        }
    }

    /// A request arrives. None if its reply is lost, and it changed nothing: it might as well never have arrived.
    fn reply(mut self, model: &Protocol, side: usize, job: usize, way: Way) -> Option<Self> {
        let job = self.sides[side].jobs.remove(job);
        let txn = job.txn(&model.names[side].layout);
        let is_heard = way != Way::ReplyLost;
        let reply = match (self.carry_out(model, side, &txn, way.when_full()), is_heard) {
            ((_, false), false) if !only_reads(&txn) => return None,
            (_, false) => Reply::Lost,
            ((Ok(answer), _), true) => Reply::Answer(answer),
            ((Err(Refusal::NoSpace), _), true) => Reply::Full,
            ((Err(Refusal::NoLease), _), true) => Reply::Refused,
        };
        self.heard(model, side, job, reply);
        Some(self)
    }

    /// A request is held up. None if it would change nothing whenever it came: that its reply is lost is the same.
    fn hold(mut self, model: &Protocol, side: usize, job: usize) -> Option<Self> {
        let job = self.sides[side].jobs.remove(job);
        let txn = job.txn(&model.names[side].layout);
        if only_reads(&txn) {
            return None;
        }
        self.orphans.push(Orphan { txn, side, is_bare: matches!(job.lane, Lane::Bare { .. }) });
        self.heard(model, side, job, Reply::Lost);
        Some(self)
    }

    fn heard(&mut self, model: &Protocol, side: usize, job: Job, reply: Reply) {
        if let (Work::Open(opening), Reply::Lost | Reply::Full) = (&job.work, &reply) {
            // Whoever gives a session up before it has begun gives up its lease.
            self.etcd.end_lease(opening.lease);
        }
        self.sides[side].heard(&model.names[side], job, reply, &mut self.told);
        self.sides[side].part(&mut self.told);
    }

    fn open(&mut self, side: usize, slots: usize) {
        self.sides[side].openings -= 1;
        if self.etcd.quota != Quota::Free {
            // Granting a lease is refused, too.
            self.sides[side].is_full = true;
            return;
        }
        let lease = self.next_lease;
        self.next_lease += 1;
        self.etcd.leases.insert(lease);
        let nonce = u128::from(self.next_nonce) << 64;
        self.next_nonce += 1;
        let opening = Opening { id: SessionId::new(nonce, lease), lease, slots };
        let lane = Lane::Bare { reply_lost: false };
        self.sides[side].jobs.push(Job { work: Work::Open(opening), lane, ask: Ask::Work });
    }

    fn enqueue(&mut self, model: &Protocol, by: usize) {
        let side = &mut self.sides[by];
        let (value, pairs) = match side.pending.take() {
            Some(pending) => pending,
            None => {
                side.turns -= 1;
                let value = Value::try_from(self.told.histories.len()).unwrap();
                self.told.histories.push(History::default());
                let key = model.names[by].item(if model.bound.collides { 0 } else { value });
                (value, vec![(key, vec![value])])
            }
        };
        let Some(lane) = side.lane() else { return };
        side.jobs.push(Job { work: Work::Enqueue { value, pairs, is_refused: false }, lane, ask: Ask::Work });
    }

    /// The items that a claim would take, in the order of their line.
    pub(crate) fn claimable(&self, model: &Protocol, side: usize, wish: Wish) -> Vec<(Place, Value)> {
        let own = self.etcd.keys.iter().filter(|(key, _)| model.names[side].owns(key));
        let is_abroad = |key: &Key| {
            self.sides[side].jobs.iter().any(|job| match &job.work {
                Work::Claim { claim, .. } => claim.places.iter().any(|(_, place)| place == key),
                _ => false,
            })
        };
        let mut items: Vec<_> = own
            .filter(|(key, _)| !is_abroad(key))
            .map(|(key, record)| ((record.modified, key.clone()), record.value[0]))
            .collect();
        items.sort();
        match wish {
            Wish::One | Wish::OneByDeleteAlone => items.truncate(1),
            Wish::All | Wish::AllInParts | Wish::AllByDeleteAlone if items.len() < 2 => items.clear(),
            Wish::All | Wish::AllInParts | Wish::AllByDeleteAlone => {}
        }
        items
    }

    fn claim(&mut self, model: &Protocol, by: usize, wish: Wish) {
        let (places, values) = self.claimable(model, by, wish).into_iter().unzip();
        let side = &mut self.sides[by];
        side.turns -= 1;
        let lane = match wish {
            Wish::OneByDeleteAlone | Wish::AllByDeleteAlone => Some(Lane::Bare { reply_lost: false }),
            Wish::One | Wish::All | Wish::AllInParts => side.lane(),
        };
        let Some(lane) = lane else { return };
        let mut claim = Claim::whole(places, 128);
        if wish == Wish::AllInParts {
            claim.shape = Shape::Parts { each: 1 };
        }
        side.jobs.push(Job { work: Work::Claim { claim, values }, lane, ask: Ask::Work });
    }

    /// What was held up arrives. None if it changes nothing now.
    fn arrive(mut self, model: &Protocol, orphan: usize) -> Option<Self> {
        let Orphan { txn, side, is_bare } = self.orphans.remove(orphan);
        let is_next = match std::mem::replace(&mut self.next, Next::Anything) {
            Next::Anything => true,
            Next::RequestOf(of) => of == side,
            Next::Put => puts(&txn),
        };
        if !is_next || !self.carry_out(model, side, &txn, WhenFull::CarriedOut).1 {
            return None;
        }
        let Side { stage, has_doubts, .. } = self.sides[side];
        // What a restore brought back to life is from before: nothing is promised of that.
        let is_promised = !is_bare && !has_doubts && self.restores == model.bound.restores;
        if stage == Stage::Closed && is_promised {
            self.told.wrongs.insert(Wrong::ChangedAfterClose);
        }
        Some(self)
    }

    fn restore(&mut self, model: &Protocol, backup: Backup) {
        self.restores -= 1;
        let quota = self.etcd.quota;
        // Ids of leases that were granted since come again.
        (self.etcd, self.next_lease) = match backup {
            Backup::Empty => (Etcd::new(), 1),
            Backup::First => (model.first.etcd.clone(), model.first.next_lease),
        };
        self.etcd.quota = quota;
        self.etcd.keys.values_mut().for_each(|record| record.owner = 2);
        self.told.excuse();
    }

    fn close(&mut self, side: usize, puts_back: bool) {
        let closing = &mut self.sides[side];
        if !puts_back {
            let handed_out = std::mem::take(&mut closing.taken);
            handed_out.iter().for_each(|item| self.told.left_over(item, item.fate));
        }
        closing.stage = Stage::Closing;
        self.sides[side].part(&mut self.told);
    }

    fn end(&mut self, model: &Protocol, by: usize, is_carried_out: bool) {
        let ended = self.sides[by].session.take().filter(|_| is_carried_out);
        if let Some(opening) = &ended {
            if let Some(txn) = opening.ending(&model.names[by].layout) {
                let _ = self.carry_out(model, by, &txn, WhenFull::CarriedOut);
            }
            self.etcd.end_lease(opening.lease);
        }
        let side = &mut self.sides[by];
        side.free.clear();
        side.pending = None;
        (side.turns, side.openings) = (0, 0);
        side.ended(ended.map(|opening| opening.id), &mut self.told);
    }

    /// What comes of it. None if it can't happen, or is the same as something else.
    pub(crate) fn act(mut self, model: &Protocol, action: Action) -> Option<Self> {
        match action {
            Action::Open(side, way) => {
                self.open(side, model.bound.slots);
                return self.pass_last(model, side, way);
            }
            Action::Enqueue(side, way) => {
                self.enqueue(model, side);
                return self.pass_last(model, side, way);
            }
            Action::Claim(side, wish) => self.claim(model, side, wish),
            Action::Pass(side, job, way) => return self.pass(model, side, job, way),
            Action::Arrive(orphan) => return self.arrive(model, orphan),
            Action::CrossQuota => {
                self.crossings -= 1;
                (self.etcd.quota, self.next) = (Quota::Crossed { late: 2 }, Next::Put);
            }
            Action::MakeRoom => {
                (self.etcd.quota, self.next) = (Quota::Free, Next::Put);
                self.sides.iter_mut().for_each(|side| side.is_full = false);
            }
            Action::Restore(backup) => self.restore(model, backup),
            Action::Expire(side) => {
                self.expiries -= 1;
                self.next = Next::RequestOf(side);
                if let Some(opening) = &self.sides[side].session {
                    self.etcd.end_lease(opening.lease);
                }
            }
            Action::Close(side, puts_back) => self.close(side, puts_back),
            Action::End(side) => self.end(model, side, true),
            Action::LoseEnd(side) => {
                if self.sides[side].unsettled.is_empty() {
                    self.faults -= 1;
                }
                self.end(model, side, false);
            }
        }
        Some(self)
    }
}

fn only_reads(txn: &Txn) -> bool {
    txn.then.iter().all(|op| matches!(op, Op::Get(_) | Op::Look(_) | Op::GetRange(..)))
}
