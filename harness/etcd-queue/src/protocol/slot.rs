//! Write slots: how a lost reply is settled.
//!
//! A slot is a key beside the queue that one session writes. Every transaction that moves items carries one more
//! comparison, that the slot still has the revision the session knows, and one more write, a mark that no other
//! transaction leaves there:
//!
//! `If(<its own>, mod(slot) == r) Then(<its own>, Put(slot, mark)) Else(Get(slot), …)`
//!
//! If its reply is lost, [`settling`](Slot::settling) sends `If(mod(slot) == r) Then(Put(slot, mark!)) Else(Get(slot))`.
//! Both want the slot at `r` and both move it, so only one of them is ever carried out, however late it arrives.
//! Either the slot is voided and the transaction never will be carried out, or the slot holds its mark and it was.
//! The settling may be repeated as often as its own replies are lost.

use std::collections::BTreeSet;

use crate::cache::Key;
use crate::protocol::broken::Rule;
use crate::protocol::session::SessionId;
use crate::protocol::txn::{Answer, Compare, Op, Stored, Txn};

/// One slot, used by one transaction at a time.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Slot {
    key: Key,
    session: SessionId,
    lease: i64,
    /// Its revision as the session knows it.
    revision: i64,
    turn: u64,
    is_gone: bool,
}

/// What the slot shows when a transaction was not carried out as it was sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Look {
    /// It is as it was: one of the transaction's own comparisons failed.
    Unmoved,
    /// It holds this turn's mark: the transaction was carried out before.
    Ours,
    /// It is another turn's that was given up in doubt. Its present revision is known now, so the transaction can be
    /// sent again.
    Moved,
    /// It is not there any more, or it is an older one, of a store that was restored. It will not have the revision
    /// that the session knows ever again, and nobody writes it any more.
    Gone,
}

/// What became of a transaction whose reply was lost, or did not tell.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Settled {
    /// It was carried out; with the numbers of the parts that left evidence of themselves.
    Applied { parts: BTreeSet<usize> },
    /// It was not, and never will be.
    Void,
    /// The slot is gone (rule 5): it never will be, and whether it was only its items can tell.
    SlotGone,
}

/// How a doubt about a slot's transaction is settled.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Doubt {
    /// No reply has come: the transaction may be under way. The slot has to be moved.
    ReplyLost,
    /// A reply has come that does not tell: nothing is under way, and reading the slot decides.
    ReplyDoesNotTell,
}

impl Doubt {
    /// What "database space exceeded" says of a transaction: etcd may have carried it out before it said so (rule 1;
    /// etcd v3.5.16 server/etcdserver/apply.go, `quotaApplierV3`). None if it says that it was not.
    pub(crate) fn of_full() -> Option<Self> {
        Rule::FullIsADoubt.holds().then_some(Self::ReplyDoesNotTell)
    }
}

impl Slot {
    pub(crate) fn new(key: Key, session: SessionId, lease: i64) -> Self {
        Self { key, session, lease, revision: 0, turn: 0, is_gone: false }
    }

    /// The write that creates it, which is part of a session's first transaction.
    pub(crate) fn creation(&self) -> Op {
        self.put(Vec::new())
    }

    pub(crate) fn created_at(mut self, revision: i64) -> Self {
        self.revision = revision;
        self
    }

    fn put(&self, value: Vec<u8>) -> Op {
        // Without rule 2 it outlives its session, as it once did.
        Op::put(&self.key, value, Rule::NoGuardIsZero.holds().then_some(self.lease))
    }

    /// Begins a turn, with a mark of its own.
    pub(crate) fn begin(&mut self) {
        self.turn += 1;
    }

    pub(crate) fn session(&self) -> SessionId {
        self.session
    }

    /// The revision of what was carried out with it last.
    pub(crate) fn revision(&self) -> i64 {
        self.revision
    }

    /// Whether it can't be used any more.
    pub(crate) fn is_gone(&self) -> bool {
        self.is_gone
    }

    pub(crate) fn guard(&self) -> Compare {
        Compare::ModRevision(self.key.clone(), self.revision)
    }

    pub(crate) fn mark(&self) -> Op {
        self.put(self.mark_value())
    }

    pub(crate) fn get(&self) -> Op {
        Op::Get(self.key.clone())
    }

    /// The mark of one part of a transaction whose parts are carried out or not, each by itself. The next turn writes
    /// over it.
    pub(crate) fn evidence(&self, part: usize) -> Op {
        let key: Key = [&*self.key, format!("/{part}").as_bytes()].concat().into();
        Op::put(&key, self.mark_value(), Some(self.lease))
    }

    /// The slot and its evidence, which lie behind it: nothing else does.
    fn range(&self) -> (Key, Key) {
        (self.key.clone(), [&*self.key, b"0"].concat().into())
    }

    fn read(&self) -> Op {
        let (from, to) = self.range();
        Op::GetRange(from, to)
    }

    fn mark_value(&self) -> Vec<u8> {
        self.turn.to_string().into_bytes()
    }

    fn void_value(&self) -> Vec<u8> {
        format!("{}!", self.turn).into_bytes()
    }

    /// Notes that a transaction with this slot's mark was carried out.
    pub(crate) fn moved(&mut self, answer: &Answer) {
        self.revision = answer.revision;
    }

    /// Reads what an `otherwise` branch found of the slot.
    pub(crate) fn look(&mut self, found: &[Stored]) -> Look {
        let Some(stored) = found.first() else { return self.absent() };
        if stored.mod_revision == self.revision {
            return Look::Unmoved;
        }
        if stored.value == self.mark_value() {
            // The revision stays: settling must find the slot moved.
            return Look::Ours;
        }
        if stored.mod_revision < self.revision {
            return self.gone();
        }
        self.revision = stored.mod_revision;
        Look::Moved
    }

    fn absent(&mut self) -> Look {
        if self.revision == 0 && !Rule::NoGuardIsZero.holds() {
            return Look::Unmoved;
        }
        if !Rule::AbsentIsNotVoid.holds() {
            self.revision = 0;
            return Look::Moved;
        }
        self.gone()
    }

    fn gone(&mut self) -> Look {
        self.is_gone = true;
        Look::Gone
    }

    /// Sees to it that the slot's transaction can't be carried out any more, and tells whether it was.
    pub(crate) fn settling(&self) -> Txn {
        Txn::new(vec![self.guard()], vec![self.put(self.void_value())], vec![self.read()])
    }

    /// The same where etcd is full and takes no writes: it gives the slot up, and tells what it held. It is what one
    /// plain delete does, see [`Txn::as_plain`].
    pub(crate) fn settling_when_full(&self) -> Txn {
        let (from, to) = self.range();
        Txn::reading(vec![self.read(), Op::DeleteRange(from, to)])
    }

    /// Only tells whether the slot's transaction was carried out: for when nothing of it is under way any more. It is
    /// one plain read.
    pub(crate) fn inquiry(&self) -> Txn {
        Txn::reading(vec![self.read()])
    }

    /// Reads the answer to one of the three above; `None` if it is not whole.
    pub(crate) fn settled(&mut self, sent: &Txn, answer: &Answer) -> Option<Settled> {
        if answer.succeeded && !sent.when.is_empty() {
            self.moved(answer);
            return Some(Settled::Void);
        }
        let found = answer.reads().next()?;
        let (slot, evidence): (Vec<Stored>, Vec<Stored>) =
            found.iter().cloned().partition(|stored| stored.key == self.key);
        let settled = match self.look(&slot) {
            Look::Ours => {
                self.revision = slot.first().map_or(self.revision, |stored| stored.mod_revision);
                Settled::Applied { parts: self.parts(&evidence) }
            }
            Look::Unmoved | Look::Moved => Settled::Void,
            Look::Gone => Settled::SlotGone,
        };
        self.is_gone |= sent.then.iter().any(|op| matches!(op, Op::DeleteRange(..)));
        Some(settled)
    }

    fn parts(&self, evidence: &[Stored]) -> BTreeSet<usize> {
        let mark = self.mark_value();
        let marked = evidence.iter().filter(|stored| stored.value == mark);
        marked.filter_map(|stored| part_of(&self.key, &stored.key)).collect()
    }
}

fn part_of(slot: &[u8], key: &[u8]) -> Option<usize> {
    let part = key.strip_prefix(slot)?.strip_prefix(b"/")?;
    std::str::from_utf8(part).ok()?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::protocol::txn::Part;

    fn slot() -> Slot {
        let mut slot = Slot::new(b"w/7/0".as_slice().into(), SessionId::new(7, 0), 3).created_at(9);
        slot.begin();
        slot
    }

    fn stored(revision: i64, value: &[u8]) -> Vec<Stored> {
        let (key, value) = (b"w/7/0".as_slice().into(), value.to_vec());
        vec![Stored { key, value, create_revision: 9, mod_revision: revision }]
    }

    fn found(slot: Vec<Stored>) -> Answer {
        Answer { revision: 50, succeeded: false, parts: vec![Part::Got(slot)] }
    }

    #[test]
    fn no_two_turns_of_a_slot_have_the_same_mark() {
        let mut slot = slot();
        let first = (slot.mark_value(), slot.void_value());
        slot.begin();
        assert_eq!(slot.mark_value(), b"2");
        assert!(slot.mark_value() != first.1 && slot.void_value() != first.0);
    }

    #[test]
    fn evidence_is_known_by_its_number() {
        assert_eq!(part_of(b"w/7/0", b"w/7/0/13"), Some(13));
        for foreign in ["w/7/0", "w/7/01/2", "w/7/0/x"] {
            assert_eq!(part_of(b"w/7/0", foreign.as_bytes()), None, "{foreign}");
        }
    }

    #[test]
    fn a_settling_tells_what_the_slot_shows() {
        let applied = Settled::Applied { parts: BTreeSet::new() };
        for (shown, settled) in [
            (stored(12, b"1"), applied),
            (stored(12, b"1!"), Settled::Void),
            (vec![], Settled::SlotGone),
            (stored(8, b""), Settled::SlotGone),
        ] {
            let mut slot = slot();
            let (sent, answer) = (slot.settling(), found(shown));
            assert_eq!(slot.settled(&sent, &answer), Some(settled));
        }
    }

    #[test]
    fn a_slot_that_is_settled_by_its_deletion_is_not_used_again() {
        let mut slot = slot();
        let sent = slot.settling_when_full();
        let parts = vec![Part::Got(stored(9, b"")), Part::Deleted(1)];
        let answer = Answer { revision: 50, succeeded: true, parts };
        assert_eq!(slot.settled(&sent, &answer), Some(Settled::Void));
        assert!(slot.is_gone());
    }

    #[test]
    fn an_inquiry_finds_what_was_not_carried_out_to_be_void_and_leaves_the_slot_as_it_is() {
        let mut slot = slot();
        let sent = slot.inquiry();
        let answer = Answer { succeeded: true, ..found(stored(9, b"")) };
        assert_eq!(slot.settled(&sent, &answer), Some(Settled::Void));
        assert_eq!((slot.revision(), slot.is_gone()), (9, false));
    }

    #[test]
    fn what_hangs_on_a_session_hangs_on_its_lease() {
        let slot = slot();
        for op in [slot.creation(), slot.mark(), slot.evidence(2), slot.settling().then.remove(0)] {
            assert!(matches!(op, Op::Put { lease: Some(3), .. }), "{op:?}");
        }
    }
}
