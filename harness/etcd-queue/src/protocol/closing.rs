//! What a queue that closes does with items that it claimed and handed to nobody.

use crate::protocol::broken::Rule;
use crate::protocol::claim::Fate;

/// What becomes of an item at the end.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Parting {
    /// It is stored again, under its own key if that is free.
    PutBack,
    /// It is given to whoever closes the queue, and marked: it may be in other hands, or stored (rule 3).
    HandOut,
    /// It is stored, or another's.
    Forget,
}

/// What becomes of an item whose claim came to this. The item of a claim that was not settled is presumed.
pub(crate) fn part(fate: Fate) -> Parting {
    match fate {
        Fate::Ours => Parting::PutBack,
        Fate::Presumed if Rule::PresumedIsNotPutBack.holds() => Parting::HandOut,
        Fate::Presumed => Parting::PutBack,
        Fate::Left | Fate::Lost => Parting::Forget,
    }
}
