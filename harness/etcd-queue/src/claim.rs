//! Taking items out: one transaction that deletes their keys if they still have the versions that were seen.
//!
//! A claim is all or nothing. While other consumers contend for the same items that would fail as a whole
//! over one of them, so that it is then made of parts, small transactions within the one, each carried out
//! or not by itself; each leaves its own evidence beside the slot.
//!
//! What becomes of a lost reply is settled by the slot that the claim was made with, see there. Where the
//! queue may not write its records there is no slot ([`Lane::Bare`]): a claim whose items are all gone after a
//! lost reply is then presumed to have been carried out. Another consumer may have taken them in that
//! moment; handing them out doubles at worst, and never loses.

use std::collections::BTreeSet;

use etcd_client::{Compare, CompareOp, GetOptions, GetResponse, Txn, TxnOp, TxnOpResponse, TxnResponse};

use crate::access::{Access, Setback};
use crate::cache::{Known, Place};
use crate::error::Operation;
use crate::item::{Certainty, Item};
use crate::slot::{self, Look, Settled, Slot};

/// In how many parts a contended claim is made.
const PARTS: usize = 14;

/// Whether a claim stands or falls as a whole.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Shape {
    Whole,
    Parts,
}

/// Items to be taken out; the value of each is known.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Claim {
    pub(crate) items: Vec<(Place, Known)>,
    pub(crate) shape: Shape,
}

/// What a claim is made with.
#[derive(Debug)]
pub(crate) enum Lane {
    Slot(Slot),
    /// The queue may not keep records: a lost reply can only be presumed to mean this or that.
    Bare {
        reply_lost: bool,
    },
}

/// What a claim came to.
#[derive(Debug, Default)]
pub(crate) struct Outcome {
    pub(crate) ours: Vec<Item>,
    /// Still there, as it was.
    pub(crate) left: Vec<(Place, Known)>,
    /// Taken by another consumer, or written over.
    pub(crate) lost: Vec<Place>,
}

impl Claim {
    /// The items by parts, as they are claimed.
    fn parts(&self) -> impl Iterator<Item = &[(Place, Known)]> {
        let each = match self.shape {
            Shape::Whole => self.items.len(),
            Shape::Parts => self.items.len().div_ceil(PARTS),
        };
        self.items.chunks(each.max(1))
    }

    fn txn(&self, lane: &Lane) -> Txn {
        match (lane, self.shape) {
            (Lane::Slot(slot), Shape::Whole) => Txn::new()
                .when(compares(&self.items, Some(slot.guard())))
                .and_then(deletes(&self.items, Some(slot.mark())))
                .or_else(gets(if self.asks_what_is_left() { &self.items } else { &[] }, Some(slot.get()))),
            (Lane::Bare { .. }, _) => Txn::new()
                .when(compares(&self.items, None))
                .and_then(deletes(&self.items, None))
                .or_else(gets(&self.items, None)),
            (Lane::Slot(slot), Shape::Parts) => {
                let parts = self.parts().enumerate().map(|(number, items)| {
                    let part = Txn::new()
                        .when(compares(items, None))
                        .and_then(deletes(items, Some(slot.evidence(number))))
                        .or_else(gets(items, None));
                    TxnOp::txn(part)
                });
                let parts: Vec<TxnOp> = std::iter::once(slot.mark()).chain(parts).collect();
                Txn::new().when([slot.guard()]).and_then(parts).or_else([slot.get()])
            }
        }
    }

    /// Whether a claim that fails as a whole brings what is left of each item. A large one does not: the
    /// question would be a third of a request that hardly ever fails. It is made again in parts instead.
    fn asks_what_is_left(&self) -> bool {
        self.items.len() <= PARTS
    }

    /// The items, out of a claim that is settled.
    fn take(&mut self) -> Self {
        Self { items: std::mem::take(&mut self.items), shape: self.shape }
    }

    /// Everything is as it was: nothing was claimed.
    pub(crate) fn void(self) -> Outcome {
        Outcome { left: self.items, ..Outcome::default() }
    }

    fn taken(self, certainty: Certainty) -> Outcome {
        let ours = self.items.into_iter().map(|item| taken(item, certainty)).collect();
        Outcome { ours, ..Outcome::default() }
    }

    /// What is in doubt is handed out rather than lost.
    pub(crate) fn presumed(self) -> Outcome {
        self.taken(Certainty::Presumed)
    }

    /// What the settling of a lost reply says of it.
    pub(crate) fn settled(self, settled: Settled) -> Outcome {
        match settled {
            Settled::Void => self.void(),
            Settled::Applied { parts } => self.applied(&parts),
        }
    }

    fn applied(self, parts: &BTreeSet<usize>) -> Outcome {
        if self.shape == Shape::Whole {
            return self.taken(Certainty::Confirmed);
        }
        let mut outcome = Outcome::default();
        for (number, items) in self.parts().enumerate() {
            for item in items.iter().cloned() {
                match parts.contains(&number) {
                    true => outcome.ours.push(taken(item, Certainty::Confirmed)),
                    false => outcome.left.push(item),
                }
            }
        }
        outcome
    }

    fn answered_by_parts(&self, answer: &TxnResponse) -> Outcome {
        let mut outcome = Outcome::default();
        let answers = answer.op_responses().into_iter().filter_map(|answer| match answer {
            TxnOpResponse::Txn(part) => Some(part),
            _ => None,
        });
        for (items, part) in self.parts().zip(answers) {
            match part.succeeded() {
                true => {
                    outcome.ours.extend(items.iter().cloned().map(|item| taken(item, Certainty::Confirmed)))
                }
                false => outcome.missed(items, &slot::gets(&part)),
            }
        }
        outcome
    }
}

impl Outcome {
    /// Sorts items of a claim that was not carried out by what was found of them.
    fn missed(&mut self, items: &[(Place, Known)], found: &[GetResponse]) {
        for ((place, known), found) in items.iter().zip(found) {
            match found.kvs().first() {
                Some(kv) if kv.mod_revision() == place.0 => self.left.push((place.clone(), known.clone())),
                _ => self.lost.push(place.clone()),
            }
        }
    }
}

fn taken(((revision, key), known): (Place, Known), certainty: Certainty) -> Item {
    Item::new(key, known.value.unwrap_or_default(), revision, certainty)
}

fn compares(items: &[(Place, Known)], guard: Option<Compare>) -> Vec<Compare> {
    let versions = items
        .iter()
        .map(|((revision, key), _)| Compare::mod_revision(key.to_vec(), CompareOp::Equal, *revision));
    versions.chain(guard).collect()
}

fn deletes(items: &[(Place, Known)], mark: Option<TxnOp>) -> Vec<TxnOp> {
    items.iter().map(|((_, key), _)| TxnOp::delete(key.to_vec(), None)).chain(mark).collect()
}

/// Reads of the slot first and then of all items.
fn gets(items: &[(Place, Known)], slot: Option<TxnOp>) -> Vec<TxnOp> {
    let keys_only = || Some(GetOptions::new().with_keys_only());
    slot.into_iter().chain(items.iter().map(|((_, key), _)| TxnOp::get(key.to_vec(), keys_only()))).collect()
}

/// Sends a claim and says what it came to. A large one that fails as a whole is sent again in parts.
///
/// # Errors
/// After [`Setback::Lost`] nobody knows yet: with a slot, settle it; without, send it again on the same lane.
/// Any other setback says that it was not carried out.
pub(crate) async fn send(access: &Access, claim: &mut Claim, lane: &mut Lane) -> Result<Outcome, Setback> {
    loop {
        let answer = access
            .ask(Operation::Claim, |mut kv| {
                let txn = claim.txn(lane);
                async move { kv.txn(txn).await }
            })
            .await?;
        let found = slot::gets(&answer);
        let slot = match lane {
            Lane::Bare { reply_lost } => return Ok(bare(claim, &answer, &found, *reply_lost)),
            Lane::Slot(slot) => slot,
        };
        if answer.succeeded() {
            slot.moved(&answer);
            return Ok(match claim.shape {
                Shape::Whole => claim.take().taken(Certainty::Confirmed),
                Shape::Parts => claim.answered_by_parts(&answer),
            });
        }
        let (look, items) = match found.split_first() {
            Some((found, items)) => (slot.look(found), items),
            None => return Err(Setback::Lost("the answer to a claim is not whole".to_owned())),
        };
        match look {
            Look::Moved => {}
            Look::Ours => return Err(Setback::Lost("the claim was carried out unasked".to_owned())),
            Look::Unmoved if claim.shape == Shape::Parts => return Ok(claim.take().void()),
            Look::Unmoved if !claim.asks_what_is_left() => claim.shape = Shape::Parts,
            Look::Unmoved => {
                let mut outcome = Outcome::default();
                outcome.missed(&claim.items, items);
                return Ok(outcome);
            }
        }
    }
}

/// Without a slot a claim is always whole: one item that was never deleted since tells that none was taken.
fn bare(claim: &Claim, answer: &TxnResponse, found: &[GetResponse], reply_lost: bool) -> Outcome {
    if answer.succeeded() {
        return claim.clone().taken(Certainty::Confirmed);
    }
    let lives_on = |((revision, _), found): (&Place, &GetResponse)| {
        found.kvs().first().is_some_and(|kv| kv.create_revision() <= *revision)
    };
    if reply_lost && !claim.items.iter().map(|(place, _)| place).zip(found).any(lives_on) {
        return claim.clone().presumed();
    }
    let mut outcome = Outcome::default();
    outcome.missed(&claim.items, found);
    outcome
}

#[cfg(test)]
mod tests {
    use tokio::time::Instant;

    use super::*;

    fn claim(items: usize, shape: Shape) -> Claim {
        let item = |n: usize| {
            let place = (5, format!("q/{n:03}").into_bytes().into());
            (place, Known { value: Some(b"a".to_vec()), seen: Instant::now() })
        };
        Claim { items: (0..items).map(item).collect(), shape }
    }

    #[test]
    fn the_largest_claim_by_parts_keeps_within_what_etcd_takes_at_each_level() {
        // etcd counts each level's own operations and gives the nested ones what is left of 128 (etcd
        // v3.5.16 server/etcdserver/api/v3rpc/key.go, checkTxnRequest).
        let claim = claim(crate::access::MOST_ITEMS, Shape::Parts);
        let (parts, widest) = (claim.parts().count(), claim.parts().map(<[_]>::len).max());
        assert!(parts <= PARTS);
        assert!(widest.is_some_and(|widest| 1 + parts + widest < 128));
    }

    #[test]
    fn of_parts_only_those_with_evidence_are_ours() {
        let outcome = claim(28, Shape::Parts).applied(&BTreeSet::from([0, 13]));
        let ours: Vec<_> = outcome.ours.iter().map(|item| item.key().to_vec()).collect();
        assert_eq!(ours, [b"q/000", b"q/001", b"q/026", b"q/027"].map(|key| key.to_vec()));
        assert_eq!((outcome.left.len(), outcome.lost.len()), (24, 0));
    }

    #[test]
    fn a_whole_claim_is_ours_or_not_as_a_whole() {
        let applied = Settled::Applied { parts: BTreeSet::new() };
        assert_eq!(claim(3, Shape::Whole).settled(applied).ours.len(), 3);
        assert_eq!(claim(3, Shape::Whole).settled(Settled::Void).left.len(), 3);
    }
}
