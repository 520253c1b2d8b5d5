//! Settling what a slot's transaction came to; what slots are is told in `protocol/slot.rs`.

use crate::access::{Access, Setback};
use crate::error::Operation;
use crate::protocol::slot::{Doubt, Settled, Slot};

/// How many doubts are settled at a time.
///
/// What is under way on a connection is lost with it. Where a connection breaks again whenever much is asked on it at
/// once, settling all doubts together would lose all answers together, for ever.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Settles {
    Together,
    /// The last answer to one of them was lost: one alone, and nothing is claimed beside it, until one is settled.
    OneByOne,
}

impl Settles {
    /// How it goes on after this answer to the settling of a doubt.
    pub(crate) fn after<T>(answer: &Result<T, Setback>) -> Self {
        match answer {
            Err(Setback::Unsent(_) | Setback::Lost(_)) => Self::OneByOne,
            Ok(_) | Err(Setback::Final(_) | Setback::Full(_)) => Self::Together,
        }
    }

    /// How many doubts more may be settled beside so many transactions under way.
    pub(crate) fn room(self, under_way: usize) -> usize {
        match self {
            Self::Together => usize::MAX,
            Self::OneByOne => 1_usize.saturating_sub(under_way),
        }
    }
}

/// Finds out whether the slot's transaction was carried out, and sees to it that it no longer can be.
///
/// # Errors
/// A setback leaves the doubt as it was; ask again.
pub(crate) async fn settle(access: &Access, slot: &mut Slot, doubt: Doubt) -> Result<Settled, Setback> {
    let records = access.to_records();
    let mut txn = match doubt {
        Doubt::ReplyLost => slot.settling(),
        Doubt::ReplyDoesNotTell => slot.inquiry(),
    };
    let answer = match records.transact(Operation::Record, &txn).await {
        Err(Setback::Full(_)) => {
            // It may have been carried out: then this finds the slot voided.
            txn = slot.settling_when_full();
            records.transact(Operation::Record, &txn).await?
        }
        answer => answer?,
    };
    let settled = slot.settled(&txn, &answer);
    settled.ok_or_else(|| Setback::Lost("the answer of a slot is not whole".to_owned()))
}
