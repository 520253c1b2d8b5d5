//! Taking items out: one transaction that deletes their keys if they still have the versions that were seen.
//!
//! A claim is all or nothing. While other consumers contend for the same items that would fail as a whole over one
//! of them, so it is then made of parts, small transactions within the one, each carried out or not by itself; each
//! leaves its own evidence beside the slot.
//!
//! Where the queue can't write a slot, since it may not or since etcd is full, the claim is by delete alone
//! ([`Lane::Bare`]). If its reply is lost, its repetition decides: it stands open while its items have their
//! revisions; if one of them was taken by another it never will be carried out; if all are gone it is presumed that
//! it was. Handing presumed items out doubles at worst, and never loses.

use std::collections::BTreeSet;

use crate::cache::Place;
use crate::protocol::slot::{Look, Settled, Slot};
use crate::protocol::txn::{Answer, Compare, Op, Stored, Txn};

/// In how many parts a contended claim is made, if etcd takes as many.
const PARTS: usize = 14;

/// Whether a claim stands or falls as a whole.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Shape {
    Whole,
    Parts {
        /// How many items there are in each.
        each: usize,
    },
}

/// What a transaction is made with.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Lane {
    Slot(Slot),
    /// No records can be kept: a lost reply can only be presumed to mean this or that.
    Bare {
        reply_lost: bool,
    },
}

/// Items to be taken out.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Claim {
    pub(crate) places: Vec<Place>,
    pub(crate) shape: Shape,
    /// How many operations etcd takes in one transaction, as far as is known.
    pub(crate) most_operations: usize,
}

/// What became of one item of a claim.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Fate {
    /// This claim took it out.
    Ours,
    /// It is gone, and this claim may have taken it out.
    Presumed,
    /// Still there, as it was: this claim did not take it, and never will.
    Left,
    /// Taken by another consumer, or written over.
    Lost,
}

/// What is to be done after an answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Step<T> {
    Done(T),
    /// It was not carried out, for a reason that has passed: send it once more, as it is now.
    Again,
    /// The answer does not tell: settle it.
    Doubt(&'static str),
}

/// How the items of a contended claim are divided, where etcd takes so many operations; not at all, where that would
/// be more than it takes.
pub(crate) fn shape_in_parts(items: usize, most_operations: usize) -> Option<Shape> {
    // The slot's mark stands beside the parts, and an evidence in each. A part has what the others leave.
    let fits = |each: &usize| items.div_ceil(*each) + each + 2 <= most_operations;
    let mut eaches = items.div_ceil(PARTS).max(1)..=items;
    (items > 1).then(|| eaches.find(fits)).flatten().map(|each| Shape::Parts { each })
}

impl Claim {
    pub(crate) fn whole(places: Vec<Place>, most_operations: usize) -> Self {
        Self { places, shape: Shape::Whole, most_operations }
    }

    /// The items by parts, as they are claimed.
    fn parts(&self) -> impl Iterator<Item = &[Place]> {
        let each = match self.shape {
            Shape::Whole => self.places.len(),
            Shape::Parts { each } => each,
        };
        self.places.chunks(each.max(1))
    }

    pub(crate) fn txn(&self, lane: &Lane) -> Txn {
        match (lane, self.shape) {
            (Lane::Slot(slot), Shape::Whole) => Txn::new(
                compares(&self.places, Some(slot.guard())),
                deletes(&self.places, Some(slot.mark())),
                looks(if self.asks_what_is_left() { &self.places } else { &[] }, Some(slot.get())),
            ),
            (Lane::Bare { .. }, _) => {
                Txn::new(compares(&self.places, None), deletes(&self.places, None), looks(&self.places, None))
            }
            (Lane::Slot(slot), Shape::Parts { .. }) => {
                let parts = self.parts().enumerate().map(|(number, places)| {
                    Op::Txn(Txn::new(
                        compares(places, None),
                        deletes(places, Some(slot.evidence(number))),
                        looks(places, None),
                    ))
                });
                let then = std::iter::once(slot.mark()).chain(parts).collect();
                Txn::new(vec![slot.guard()], then, vec![slot.get()])
            }
        }
    }

    /// Whether a claim that fails as a whole brings what is left of each item. A large one does not: the question
    /// would be a third of a request that hardly ever fails. It is made again in parts instead.
    fn asks_what_is_left(&self) -> bool {
        self.places.len() <= PARTS || shape_in_parts(self.places.len(), self.most_operations).is_none()
    }

    /// Reads the answer, and says what became of each item.
    pub(crate) fn answered(&mut self, lane: &mut Lane, answer: &Answer) -> Step<Vec<Fate>> {
        let slot = match lane {
            Lane::Bare { reply_lost } => return Step::Done(self.answered_bare(answer, *reply_lost)),
            Lane::Slot(slot) => slot,
        };
        if answer.succeeded {
            slot.moved(answer);
            return match self.shape {
                Shape::Whole => Step::Done(self.all(Fate::Ours)),
                Shape::Parts { .. } => self.answered_by_parts(answer),
            };
        }
        let mut found = answer.reads();
        let Some(shown) = found.next() else { return Step::Doubt("the answer to a claim is not whole") };
        match slot.look(shown) {
            Look::Moved => Step::Again,
            Look::Ours => Step::Doubt("the claim was carried out unasked"),
            Look::Gone => Step::Done(self.all(Fate::Left)),
            Look::Unmoved => match self.shape {
                Shape::Parts { .. } => Step::Done(self.all(Fate::Left)),
                Shape::Whole if self.asks_what_is_left() => Step::Done(missed(&self.places, found)),
                Shape::Whole => match shape_in_parts(self.places.len(), self.most_operations) {
                    Some(shape) => {
                        self.shape = shape;
                        Step::Again
                    }
                    None => Step::Done(self.all(Fate::Left)),
                },
            },
        }
    }

    /// What the settling of a lost reply says of each item. None if it has to be [looked for](Self::search).
    pub(crate) fn settled(&self, settled: &Settled) -> Option<Vec<Fate>> {
        match (settled, self.shape) {
            (Settled::Void, _) => Some(self.all(Fate::Left)),
            (Settled::Applied { .. }, Shape::Whole) => Some(self.all(Fate::Ours)),
            (Settled::Applied { parts }, Shape::Parts { .. }) => Some(self.applied(parts)),
            (Settled::SlotGone, _) => None,
        }
    }

    /// Looks for the items of a claim whose slot is gone.
    pub(crate) fn search(&self) -> Txn {
        Txn::reading(looks(&self.places, None))
    }

    /// What a search says of each item: the claim can't be carried out any more, so what is there as it was is left,
    /// and what has gone may have been taken by it.
    pub(crate) fn searched(&self, answer: &Answer) -> Option<Vec<Fate>> {
        let found: Vec<&[Stored]> = answer.reads().collect();
        let fates = self.places.iter().zip(&found).map(|(place, found)| match fate(place, found) {
            Fate::Lost if !lives_on(place, found) => Fate::Presumed,
            fate => fate,
        });
        (found.len() == self.places.len()).then(|| fates.collect())
    }

    /// Everything is as it was: nothing was claimed.
    pub(crate) fn all(&self, fate: Fate) -> Vec<Fate> {
        vec![fate; self.places.len()]
    }

    fn applied(&self, applied: &BTreeSet<usize>) -> Vec<Fate> {
        let fate = |number| if applied.contains(&number) { Fate::Ours } else { Fate::Left };
        self.parts().enumerate().flat_map(|(number, places)| vec![fate(number); places.len()]).collect()
    }

    fn answered_by_parts(&self, answer: &Answer) -> Step<Vec<Fate>> {
        let mut fates = Vec::with_capacity(self.places.len());
        for (places, part) in self.parts().zip(answer.nested()) {
            match part.succeeded {
                true => fates.extend(vec![Fate::Ours; places.len()]),
                false => fates.extend(missed(places, part.reads())),
            }
        }
        if fates.len() == self.places.len() {
            Step::Done(fates)
        } else {
            Step::Doubt("the answer to a claim is not whole")
        }
    }

    /// By delete alone a claim is always whole: one item that was never deleted since tells that none was taken.
    fn answered_bare(&self, answer: &Answer, reply_lost: bool) -> Vec<Fate> {
        if answer.succeeded {
            return self.all(Fate::Ours);
        }
        let lives_on = |(place, found): (&Place, &[Stored])| lives_on(place, found);
        if reply_lost && !self.places.iter().zip(answer.reads()).any(lives_on) {
            return self.all(Fate::Presumed);
        }
        missed(&self.places, answer.reads())
    }
}

/// Sorts items of a claim that was not carried out by what was found of them.
fn missed<'a>(places: &[Place], found: impl Iterator<Item = &'a [Stored]>) -> Vec<Fate> {
    places.iter().zip(found).map(|(place, found)| fate(place, found)).collect()
}

fn fate((revision, _): &Place, found: &[Stored]) -> Fate {
    match found.first() {
        Some(stored) if stored.mod_revision == *revision => Fate::Left,
        _ => Fate::Lost,
    }
}

/// Whether an item was never deleted since it was seen, though it may have been written over.
fn lives_on((revision, _): &Place, found: &[Stored]) -> bool {
    found.first().is_some_and(|stored| stored.create_revision <= *revision)
}

fn compares(places: &[Place], guard: Option<Compare>) -> Vec<Compare> {
    let versions = places.iter().map(|(revision, key)| Compare::ModRevision(key.clone(), *revision));
    versions.chain(guard).collect()
}

fn deletes(places: &[Place], mark: Option<Op>) -> Vec<Op> {
    places.iter().map(|(_, key)| Op::Delete(key.clone())).chain(mark).collect()
}

/// A read of the slot first, and looks at all items then.
fn looks(places: &[Place], slot: Option<Op>) -> Vec<Op> {
    slot.into_iter().chain(places.iter().map(|(_, key)| Op::Look(key.clone()))).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::protocol::session::SessionId;
    use crate::protocol::txn::Part;

    fn place(n: usize) -> Place {
        (5, format!("q/{n:03}").into_bytes().into())
    }

    fn claim(items: usize, shape: Shape) -> Claim {
        Claim { places: (0..items).map(place).collect(), shape, most_operations: 128 }
    }

    fn lane() -> Lane {
        Lane::Slot(Slot::new(b"w/7/0".as_slice().into(), SessionId::new(7, 0), 3).created_at(9))
    }

    fn stored(n: usize, create_revision: i64, mod_revision: i64) -> Vec<Stored> {
        vec![Stored { key: place(n).1, value: vec![], create_revision, mod_revision }]
    }

    fn found(reads: Vec<Vec<Stored>>) -> Answer {
        Answer { revision: 9, succeeded: false, parts: reads.into_iter().map(Part::Got).collect() }
    }

    #[test]
    fn claims_by_parts_keep_within_what_etcd_takes_whatever_that_is() {
        for limit in 2..=128 {
            for items in 1..=126 {
                let Some(shape) = shape_in_parts(items, limit) else { continue };
                let txn = claim(items, shape).txn(&lane());
                assert!(txn.operations() <= limit, "{items} of {limit}: {}", txn.operations());
            }
        }
        assert_eq!(shape_in_parts(126, 128), Some(Shape::Parts { each: 9 }));
        assert!(shape_in_parts(14, 16).is_some());
        assert_eq!(shape_in_parts(1, 128), None);
    }

    #[test]
    fn of_parts_only_those_with_evidence_are_ours() {
        let claim = claim(28, Shape::Parts { each: 2 });
        let fates = claim.settled(&Settled::Applied { parts: BTreeSet::from([0, 13]) }).unwrap_or_default();
        let ours: Vec<usize> = (0..28).filter(|&n| fates[n] == Fate::Ours).collect();
        assert_eq!(ours, [0, 1, 26, 27]);
        assert_eq!(fates.iter().filter(|fate| **fate == Fate::Left).count(), 24);
    }

    #[test]
    fn a_whole_claim_is_ours_or_not_as_a_whole() {
        let whole = claim(3, Shape::Whole);
        let applied = Settled::Applied { parts: BTreeSet::new() };
        assert_eq!(whole.settled(&applied), Some(vec![Fate::Ours; 3]));
        assert_eq!(whole.settled(&Settled::Void), Some(vec![Fate::Left; 3]));
        assert_eq!(whole.settled(&Settled::SlotGone), None);
    }

    #[test]
    fn without_its_slot_what_is_there_is_left_and_what_has_gone_is_presumed() {
        let answer = found(vec![stored(0, 5, 5), vec![], stored(2, 8, 8), stored(3, 5, 8)]);
        let fates = claim(4, Shape::Whole).searched(&answer);
        assert_eq!(fates, Some(vec![Fate::Left, Fate::Presumed, Fate::Presumed, Fate::Lost]));
    }

    #[test]
    fn by_delete_alone_one_item_that_lives_on_tells_that_none_was_taken() {
        let bare = claim(2, Shape::Whole);
        assert_eq!(bare.answered_bare(&found(vec![vec![], vec![]]), true), vec![Fate::Presumed; 2]);
        assert_eq!(bare.answered_bare(&found(vec![vec![], vec![]]), false), vec![Fate::Lost; 2]);
        let one_lives = found(vec![vec![], stored(1, 5, 5)]);
        assert_eq!(bare.answered_bare(&one_lives, true), [Fate::Lost, Fate::Left]);
    }

    #[test]
    fn a_claim_whose_slot_is_gone_was_not_carried_out() {
        let (mut claim, mut lane) = (claim(2, Shape::Whole), lane());
        let answer = found(vec![vec![], stored(0, 5, 5), stored(1, 5, 5)]);
        assert_eq!(claim.answered(&mut lane, &answer), Step::Done(vec![Fate::Left; 2]));
        assert!(matches!(lane, Lane::Slot(slot) if slot.is_gone()));
    }
}
