//! Storing items, and what becomes of a storing; how its answers are read is told in `protocol/storing.rs`.

use crate::access::{Access, Setback};
use crate::error::Operation;
use crate::listing;
use crate::protocol::claim::{Lane, Step};
use crate::protocol::slot::Doubt;
use crate::protocol::storing::{self, Fate, Pair, Stored};
use crate::slot;

/// Sends a storing.
///
/// # Errors
/// After [`Setback::Lost`] and [`Setback::Full`] nobody knows yet: ask for its [`fate`].
pub(crate) async fn send(
    access: &Access,
    operation: Operation,
    pairs: &[Pair],
    lane: &mut Lane,
) -> Result<Stored, Setback> {
    let access = match lane {
        Lane::Slot(_) => access.clone(),
        Lane::Bare { .. } => access.to_the_end(),
    };
    loop {
        let answer = access.transact(operation, &storing::txn(pairs, lane)).await?;
        match storing::answered(lane, &answer) {
            Step::Done(stored) => return Ok(stored),
            Step::Again => {}
            Step::Doubt(why) => return Err(Setback::Lost(why.to_owned())),
        }
    }
}

/// Finds out what became of a storing whose reply was lost, or did not tell. It won't be carried out any more, if it
/// was made with a slot.
///
/// # Errors
/// A setback leaves the doubt as it was; ask again.
pub(crate) async fn fate(
    access: &Access,
    pairs: &[Pair],
    lane: &mut Lane,
    doubt: Doubt,
) -> Result<Fate, Setback> {
    if let Lane::Slot(slot) = lane
        && let Some(fate) = storing::settled(&slot::settle(access, slot, doubt).await?)
    {
        return Ok(fate);
    }
    let answer = listing::answer_reads(access, &storing::search(pairs)).await?;
    Ok(storing::searched(pairs, &answer))
}
