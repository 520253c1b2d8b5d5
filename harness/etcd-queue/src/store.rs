//! Storing items in order in one transaction, if none of their keys is in use: what enqueueing and putting
//! back have in common.

use etcd_client::{Compare, CompareOp, Txn, TxnOp};

use crate::access::{Access, Setback};
use crate::claim::Lane;
use crate::error::Operation;
use crate::listing::{self, Read};
use crate::slot::{self, Look, Settled};

/// A key and the value to be stored under it.
pub(crate) type Pair = (Vec<u8>, Vec<u8>);

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Stored {
    All,
    /// One of the keys is in use; nothing was stored.
    KeyInUse,
}

/// What became of a storing whose reply was lost.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Fate {
    Stored,
    /// It was not stored, and never will be.
    Void,
    /// Without records: nothing of it is there, and nobody can tell why.
    Unknown,
}

/// Sends a storing.
///
/// # Errors
/// After [`Setback::Lost`] nobody knows yet: ask for its [`fate`].
pub(crate) async fn send(
    access: &Access,
    operation: Operation,
    pairs: &[Pair],
    lane: &mut Lane,
) -> Result<Stored, Setback> {
    loop {
        let slot = match lane {
            Lane::Slot(slot) => Some(slot),
            Lane::Bare { .. } => None,
        };
        let unused = pairs.iter().map(|(key, _)| Compare::version(key.clone(), CompareOp::Equal, 0));
        let puts = pairs.iter().map(|(key, value)| TxnOp::put(key.clone(), value.clone(), None));
        let txn = Txn::new()
            .when(unused.chain(slot.as_ref().map(|slot| slot.guard())).collect::<Vec<_>>())
            .and_then(puts.chain(slot.as_ref().map(|slot| slot.mark())).collect::<Vec<_>>())
            .or_else(slot.as_ref().map(|slot| slot.get()).into_iter().collect::<Vec<_>>());
        let answer = access
            .ask(operation, |mut kv| {
                let txn = txn.clone();
                async move { kv.txn(txn).await }
            })
            .await?;
        let Some(slot) = slot else {
            return Ok(if answer.succeeded() { Stored::All } else { Stored::KeyInUse });
        };
        if answer.succeeded() {
            slot.moved(&answer);
            return Ok(Stored::All);
        }
        match slot::gets(&answer).first().map(|found| slot.look(found)) {
            Some(Look::Moved) => {}
            Some(Look::Ours) => return Ok(Stored::All),
            Some(Look::Unmoved) => return Ok(Stored::KeyInUse),
            None => return Err(Setback::Lost("the answer to a transaction is not whole".to_owned())),
        }
    }
}

/// Finds out what became of a storing whose reply was lost.
///
/// # Errors
/// A setback leaves the doubt as it was; ask again.
pub(crate) async fn fate(access: &Access, pairs: &[Pair], lane: &mut Lane) -> Result<Fate, Setback> {
    if let Lane::Slot(slot) = lane {
        return Ok(match slot::settle(access, slot).await? {
            Settled::Applied { .. } => Fate::Stored,
            Settled::Void => Fate::Void,
        });
    }
    let keys = pairs.iter().map(|(key, _)| key.as_slice().into()).collect();
    let reads = listing::read(access, keys).await?;
    let is_there = |(read, (_, ours)): (&Read, &Pair)| match read {
        Read::Stored { value, .. } => value == ours,
        Read::Gone { .. } | Read::TooLarge { .. } => false,
    };
    Ok(if reads.iter().zip(pairs).any(is_there) { Fate::Stored } else { Fate::Unknown })
}
