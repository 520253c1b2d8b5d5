//! Storing items in order in one transaction, if none of their keys is in use: what enqueueing and putting back have
//! in common.

use crate::cache::Key;
use crate::protocol::claim::{Lane, Step};
use crate::protocol::slot::{Look, Settled};
use crate::protocol::txn::{Answer, Compare, Op, Txn};

/// A key and the value to be stored under it.
pub(crate) type Pair = (Key, Vec<u8>);

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Stored {
    All,
    /// One of the keys is in use; nothing was stored.
    KeyInUse,
    /// The lane's slot is gone; nothing was stored. It is to be sent again, by another lane.
    SlotGone,
}

/// What became of a storing whose reply was lost.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Fate {
    Stored,
    /// It was not stored, and never will be.
    Void,
    /// Nothing of it is there, and nobody can tell why.
    Unknown,
}

pub(crate) fn txn(pairs: &[Pair], lane: &Lane) -> Txn {
    let slot = match lane {
        Lane::Slot(slot) => Some(slot),
        Lane::Bare { .. } => None,
    };
    let unused = pairs.iter().map(|(key, _)| Compare::Absent(key.clone()));
    let puts = pairs.iter().map(|(key, value)| Op::put(key, value.clone(), None));
    Txn::new(
        unused.chain(slot.map(|slot| slot.guard())).collect(),
        puts.chain(slot.map(|slot| slot.mark())).collect(),
        slot.map(|slot| slot.get()).into_iter().collect(),
    )
}

/// Reads the answer to a storing.
pub(crate) fn answered(lane: &mut Lane, answer: &Answer) -> Step<Stored> {
    let Lane::Slot(slot) = lane else {
        return Step::Done(if answer.succeeded { Stored::All } else { Stored::KeyInUse });
    };
    if answer.succeeded {
        slot.moved(answer);
        return Step::Done(Stored::All);
    }
    match answer.reads().next().map(|found| slot.look(found)) {
        Some(Look::Moved) => Step::Again,
        Some(Look::Ours) => Step::Doubt("the transaction was carried out unasked"),
        Some(Look::Unmoved) => Step::Done(Stored::KeyInUse),
        Some(Look::Gone) => Step::Done(Stored::SlotGone),
        None => Step::Doubt("the answer to a transaction is not whole"),
    }
}

/// What the settling of a lost reply says. None if the items have to be [looked for](search).
pub(crate) fn settled(settled: &Settled) -> Option<Fate> {
    match settled {
        Settled::Applied { .. } => Some(Fate::Stored),
        Settled::Void => Some(Fate::Void),
        Settled::SlotGone => None,
    }
}

/// Looks for the items of a storing that no slot tells of.
pub(crate) fn search(pairs: &[Pair]) -> Txn {
    Txn::reading(pairs.iter().map(|(key, _)| Op::Get(key.clone())).collect())
}

/// What a search says. All were stored or none: one that is there with our value tells that they were. If none is,
/// they were not, or others have taken them already.
pub(crate) fn searched(pairs: &[Pair], answer: &Answer) -> Fate {
    let mut found = pairs.iter().zip(answer.reads());
    let is_there = found.any(|((_, ours), found)| found.first().is_some_and(|stored| stored.value == *ours));
    if is_there { Fate::Stored } else { Fate::Unknown }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::protocol::session::SessionId;
    use crate::protocol::slot::Slot;
    use crate::protocol::txn::Part;

    fn lane() -> Lane {
        Lane::Slot(Slot::new(b"w/7/0".as_slice().into(), SessionId::new(7, 0), 3).created_at(9))
    }

    #[test]
    fn a_storing_whose_slot_is_gone_was_not_carried_out() {
        let nothing = Answer { revision: 20, succeeded: false, parts: vec![Part::Got(vec![])] };
        assert_eq!(answered(&mut lane(), &nothing), Step::Done(Stored::SlotGone));
        assert_eq!(settled(&Settled::SlotGone), None);
    }

    #[test]
    fn what_is_not_found_and_has_no_slot_is_unknown() {
        let pairs = [(b"q/1".as_slice().into(), b"a".to_vec())];
        let answer = |found| Answer { revision: 20, succeeded: true, parts: vec![Part::Got(found)] };
        assert_eq!(searched(&pairs, &answer(vec![])), Fate::Unknown);
        let found = crate::protocol::txn::Stored {
            key: pairs[0].0.clone(),
            value: b"a".to_vec(),
            create_revision: 19,
            mod_revision: 19,
        };
        assert_eq!(searched(&pairs, &answer(vec![found])), Fate::Stored);
    }
}
