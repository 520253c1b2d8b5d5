//! Sending claims, and what comes of them; what they are and how their answers are read is told in
//! `protocol/claim.rs`.

use crate::access::{Access, Setback};
use futures::future::join_all;

use crate::cache::{Key, Known, Place};
use crate::error::Operation;
use crate::item::{Certainty, Item};
use crate::listing;
use crate::meter::Ending;
use crate::protocol::claim::{self, Fate, Lane, Step};
use crate::protocol::slot::{Doubt, Settled, Slot};
use crate::protocol::txn::Plain;
use crate::slot;

/// Items to be taken out; the value of each is known.
#[derive(Clone, Debug)]
pub(crate) struct Claim {
    pub(crate) what: claim::Claim,
    known: Vec<Known>,
    /// Where etcd refuses all transactions: how far the plain deletes are.
    plainly: Option<Vec<Delete>>,
}

/// One item's plain delete.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Delete {
    Unsent,
    /// It was sent, and not answered.
    Sent,
    Answered(Fate),
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
    pub(crate) fn new(items: Vec<(Place, Known)>, most_operations: usize) -> Self {
        let (places, known) = items.into_iter().unzip();
        Self { what: claim::Claim::whole(places, most_operations), known, plainly: None }
    }

    pub(crate) fn in_parts(mut self) -> Self {
        if let Some(shape) = claim::shape_in_parts(self.what.places.len(), self.what.most_operations) {
            self.what.shape = shape;
        }
        self
    }

    /// It is made without transactions.
    pub(crate) fn plainly(mut self) -> Self {
        self.plainly = Some(vec![Delete::Unsent; self.what.places.len()]);
        self
    }

    pub(crate) fn is_plain(&self) -> bool {
        self.plainly.is_some()
    }

    /// Sorts the items by what became of them.
    pub(crate) fn outcome(self, fates: &[Fate]) -> Outcome {
        let mut outcome = Outcome::default();
        let items = self.what.places.into_iter().zip(self.known);
        for ((place, known), fate) in items.zip(fates) {
            match fate {
                Fate::Ours => outcome.ours.push(taken(place, known, Certainty::Confirmed)),
                Fate::Presumed => outcome.ours.push(taken(place, known, Certainty::Presumed)),
                Fate::Left => outcome.left.push((place, known)),
                Fate::Lost => outcome.lost.push(place),
            }
        }
        outcome
    }

    /// The same became of all of them.
    pub(crate) fn all(self, fate: Fate) -> Outcome {
        let fates = self.what.all(fate);
        self.outcome(&fates)
    }
}

fn taken((revision, key): Place, known: Known, certainty: Certainty) -> Item {
    Item::new(key, known.value.unwrap_or_default(), revision, certainty)
}

/// Sends a claim and says what it came to. A large one that fails as a whole is sent again in parts.
///
/// # Errors
/// After [`Setback::Lost`] nobody knows yet: with a slot, settle it; without, send it again on the same lane. The same
/// goes for [`Setback::Full`], which comes with a slot only. Any other setback says that it was not carried out.
pub(crate) async fn send(access: &Access, claim: &mut Claim, lane: &mut Lane) -> Result<Vec<Fate>, Setback> {
    let access = match lane {
        Lane::Slot(_) => access.clone(),
        Lane::Bare { .. } => access.to_the_end(),
    };
    loop {
        if claim.plainly.is_some() {
            return send_plainly(&access, claim).await;
        }
        let answer = match access.transact(Operation::Claim, &claim.what.txn(lane)).await {
            Err(Setback::Full(_)) if matches!(lane, Lane::Bare { .. }) => {
                // It has been answered. If any item is there as it was, it was not carried out.
                let fates = search(&access, claim).await?;
                if !fates.contains(&Fate::Left) {
                    return Ok(fates);
                }
                *claim = claim.clone().plainly();
                continue;
            }
            answer => answer?,
        };
        match claim.what.answered(lane, &answer) {
            Step::Done(fates) => return Ok(fates),
            Step::Again => {}
            Step::Doubt(why) => return Err(Setback::Lost(why.to_owned())),
        }
    }
}

/// Deletes each item by itself: a delete that tells what it has deleted has claimed it. No key is ever stored twice,
/// so that one that comes late finds nothing.
///
/// # Errors
/// After a setback, send it again.
async fn send_plainly(access: &Access, claim: &mut Claim) -> Result<Vec<Fate>, Setback> {
    let deletes = claim.plainly.get_or_insert_default();
    let items = claim.what.places.iter().zip(&mut claim.known).zip(deletes.iter_mut());
    let open = items.filter(|(_, delete)| !matches!(delete, Delete::Answered(_)));
    let requests = open.map(|(((_, key), known), delete)| async move {
        let next: Key = [&**key, &[0]].concat().into();
        let was_sent = std::mem::replace(delete, Delete::Sent) == Delete::Sent;
        let answer = access.ask_plainly(Operation::Claim, Plain::Delete(key, &next)).await?;
        let deleted = answer.reads().flatten().next();
        if let Some(deleted) = deleted {
            known.value = Some(deleted.value.clone());
        }
        *delete = Delete::Answered(match deleted {
            Some(_) => Fate::Ours,
            None if was_sent => Fate::Presumed,
            None => Fate::Lost,
        });
        Ok(())
    });
    let setback = join_all(requests).await.into_iter().find_map(Result::err);
    let answered = |delete: &Delete| match delete {
        Delete::Answered(fate) => Some(*fate),
        Delete::Unsent | Delete::Sent => None,
    };
    match (setback, deletes.iter().map(answered).collect::<Option<Vec<Fate>>>()) {
        (_, Some(fates)) => Ok(fates),
        (Some(Setback::Unsent(reason) | Setback::Lost(reason)), None) => Err(Setback::Lost(reason)),
        (Some(setback), None) => Err(setback),
        (None, None) => Err(Setback::Lost("an item was left out".to_owned())),
    }
}

/// Finds out what became of a claim whose reply was lost, or did not tell. It won't be carried out any more.
///
/// # Errors
/// A setback leaves the doubt as it was; ask again.
pub(crate) async fn settle(
    access: &Access,
    claim: &Claim,
    slot: &mut Slot,
    doubt: Doubt,
) -> Result<(Vec<Fate>, Ending), Setback> {
    let settled = slot::settle(access, slot, doubt).await?;
    if let Some(fates) = claim.what.settled(&settled) {
        let is_void = settled == Settled::Void;
        return Ok((fates, if is_void { Ending::Void } else { Ending::Applied }));
    }
    let fates = search(access, claim).await?;
    Ok((fates, Ending::Unknown))
}

/// Looks for the items of a claim that can't be carried out any more, and has no slot that tells of it.
pub(crate) async fn search(access: &Access, claim: &Claim) -> Result<Vec<Fate>, Setback> {
    let answer = listing::answer_reads(access, &claim.what.search()).await?;
    let fates = claim.what.searched(&answer);
    fates.ok_or_else(|| Setback::Lost("the answer to a search is not whole".to_owned()))
}
