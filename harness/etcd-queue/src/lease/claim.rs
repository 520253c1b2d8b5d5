//! Claiming: many small transactions in one, each for one item, each carried out or not by itself. The whole
//! is carried out only while the claimant's own session is there.

use crate::access::{Access, Setback};
use crate::cache::Key;
use crate::error::{Error, Operation};
use crate::key::Prefix;
use crate::lease::letter;
use crate::lease::record::{Expected, NEVER_MS, Noted, Record, SessionId};
use crate::lease::shelf::Chosen;
use crate::protocol::txn::{Answer, Compare, Op, Stored, Txn};

/// What the parts of a claim have in operations or comparisons at most: a third one where a session must be
/// gone. etcd gives nested transactions what is left of its limit after their siblings (etcd v3.5.16
/// server/etcdserver/api/v3rpc/key.go, checkTxnRequest).
const PART: usize = 2;
const WIDEST_PART: usize = 3;

/// How many items one claim takes where etcd takes so many operations: if none of them is taken over from a session,
/// and if some are.
pub(crate) fn widths(most_operations: usize) -> [usize; 2] {
    [PART, WIDEST_PART].map(|part| most_operations.saturating_sub(part).max(1))
}

/// Items to be claimed together; the value of each is known.
#[derive(Clone, Debug)]
pub(crate) struct Claim {
    pub(crate) session: SessionId,
    pub(crate) nonce: u64,
    pub(crate) items: Vec<Chosen>,
    /// Whether a reply to it was lost: until it is answered it may have been carried out.
    pub(crate) is_in_doubt: bool,
}

/// What one part of a claim came to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Fate {
    /// It is ours, by a record of this revision.
    Ours(i64),
    /// The item is gone, or written over.
    ItemGone,
    /// Somebody else's record is there.
    Held(Noted),
    /// All is as it was, so that the session that was to be gone is there.
    OwnerLives,
    /// It was not claimed, and all is as it was.
    Left,
}

/// What a claim came to.
#[derive(Debug)]
pub(crate) enum Outcome {
    /// Part by part.
    Parts(Vec<Fate>),
    /// etcd says that it is full. What it has carried out before it said so is ours; the rest never will be.
    Full { fates: Vec<Fate>, error: Error },
    /// The claimant's session is gone: nothing of the claim will last.
    SessionGone,
}

/// A comparison that holds while a session is gone.
pub(crate) fn is_gone(prefix: &Prefix, session: SessionId) -> Compare {
    Compare::Absent(prefix.layout().alive(session))
}

/// A comparison that holds while an item's record is what is expected.
pub(crate) fn is_record(prefix: &Prefix, item: &Key, expected: &Expected) -> Compare {
    let key = prefix.about('c', item);
    match expected {
        Expected::Nothing => Compare::Absent(key),
        Expected::This(record) => Compare::Value(key, record.encode()),
        Expected::WrittenAt(revision) => Compare::ModRevision(key, *revision),
    }
}

/// What a look has found of the record.
pub(crate) fn noted(found: &[Stored]) -> Option<Noted> {
    found.first().map(|stored| Noted::found(&stored.value, stored.mod_revision))
}

/// Reads of the record and of the item's revision.
pub(crate) fn look(prefix: &Prefix, item: &Key) -> [Op; 2] {
    [Op::Get(prefix.about('c', item)), Op::Look(item.clone())]
}

impl Claim {
    /// The record that an item's claim leaves.
    pub(crate) fn record(&self, chosen: &Chosen) -> Record {
        Record {
            owner: Some(self.session),
            attempts: chosen.basis.attempts.saturating_add(1),
            not_before_ms: 0,
            item: chosen.place.0,
            nonce: self.nonce,
        }
    }

    fn part(&self, prefix: &Prefix, chosen: &Chosen) -> Op {
        let key = &chosen.place.1;
        let put = Op::put(&prefix.about('c', key), self.record(chosen).encode(), None);
        Op::Txn(Txn::new(compares(prefix, chosen), vec![put], look(prefix, key).into()))
    }

    fn txn(&self, prefix: &Prefix) -> Txn {
        let own = Compare::Present(prefix.layout().alive(self.session));
        let parts = self.items.iter().map(|chosen| self.part(prefix, chosen)).collect();
        Txn::new(vec![own], parts, vec![])
    }

    fn fate(&self, chosen: &Chosen, part: &Answer, revision: i64) -> Option<Fate> {
        if part.succeeded {
            return Some(Fate::Ours(revision));
        }
        let mut found = part.reads();
        let (record, item) = (noted(found.next()?), found.next()?);
        Some(match record {
            Some(noted) if noted.record == self.record(chosen) => Fate::Ours(noted.revision),
            record => missed(chosen, record, item),
        })
    }
}

/// What has to hold for an item to be claimed, or put aside, as it was seen.
fn compares(prefix: &Prefix, chosen: &Chosen) -> Vec<Compare> {
    let Chosen { place: (revision, key), basis, .. } = chosen;
    let compares = [
        Some(Compare::ModRevision(key.clone(), *revision)),
        Some(is_record(prefix, key, &basis.record)),
        basis.dead.map(|dead| is_gone(prefix, dead)),
    ];
    compares.into_iter().flatten().collect()
}

/// Why an item was not had.
fn missed(chosen: &Chosen, record: Option<Noted>, item: &[Stored]) -> Fate {
    let is_stored = item.first().is_some_and(|stored| stored.mod_revision == chosen.place.0);
    match record {
        _ if !is_stored => Fate::ItemGone,
        Some(noted) if noted.expected() != chosen.basis.record => Fate::Held(noted),
        _ => Fate::OwnerLives,
    }
}

/// Sends a claim and says what it came to.
///
/// # Errors
/// After [`Setback::Lost`] nobody knows yet: send it again, as it is. Any other setback says that it was not
/// carried out this time.
pub(crate) async fn send(access: &Access, claim: &Claim) -> Result<Outcome, Setback> {
    let txn = claim.txn(access.prefix());
    if txn.operations() > access.most_operations() && claim.items.len() > 1 {
        return Err(Setback::Unsent("etcd takes fewer operations meanwhile".to_owned()));
    }
    let answer = match access.transact(Operation::Claim, &txn).await {
        Err(Setback::Full(error)) => {
            let fates = look_for(access, claim).await.map_err(in_doubt)?;
            return Ok(Outcome::Full { fates, error });
        }
        answer => answer?,
    };
    if !answer.succeeded {
        return Ok(Outcome::SessionGone);
    }
    let parts = claim.items.iter().zip(answer.nested());
    let fates: Vec<Fate> =
        parts.filter_map(|(chosen, part)| claim.fate(chosen, part, answer.revision)).collect();
    if answer.revision == 0 || fates.len() != claim.items.len() {
        return Err(Setback::Lost("the answer to a claim is not whole".to_owned()));
    }
    Ok(Outcome::Parts(fates))
}

/// What a claim has left behind whose answer does not tell. Nothing of it is under way.
async fn look_for(access: &Access, claim: &Claim) -> Result<Vec<Fate>, Setback> {
    let mut fates = Vec::with_capacity(claim.items.len());
    for some in claim.items.chunks(access.most_operations().max(1)) {
        let reads = some.iter().map(|chosen| Op::Get(access.prefix().about('c', &chosen.place.1))).collect();
        let answer = access.to_records().transact(Operation::Record, &Txn::reading(reads)).await?;
        fates.extend(some.iter().zip(answer.reads()).map(|(chosen, found)| match noted(found) {
            Some(noted) if noted.record == claim.record(chosen) => Fate::Ours(noted.revision),
            _ => Fate::Left,
        }));
    }
    if fates.len() == claim.items.len() {
        Ok(fates)
    } else {
        Err(Setback::Lost("what a claim has left is not whole".to_owned()))
    }
}

/// As long as it was not looked for, a claim is in doubt.
fn in_doubt(setback: Setback) -> Setback {
    match setback {
        Setback::Final(error) | Setback::Full(error) => Setback::Lost(error.to_string()),
        Setback::Unsent(reason) | Setback::Lost(reason) => Setback::Lost(reason),
    }
}

/// A record whose item may be gone, and the session that must be gone too.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Orphan {
    pub(crate) item: Key,
    pub(crate) record: Expected,
    pub(crate) owner: Option<SessionId>,
}

/// How many records are tidied away together where etcd takes so many operations.
pub(crate) fn most_orphans(most_operations: usize) -> usize {
    most_operations.saturating_sub(WIDEST_PART).clamp(1, 100)
}

/// Takes away records whose items are gone, as many together as [`most_orphans`] says.
///
/// # Errors
/// A setback leaves them to a later look.
pub(crate) async fn tidy(access: &Access, orphans: &[Orphan]) -> Result<(), Setback> {
    let prefix = access.prefix();
    let part = |orphan: &Orphan| {
        let compares = [
            Some(is_record(prefix, &orphan.item, &orphan.record)),
            Some(Compare::Absent(orphan.item.clone())),
            orphan.owner.map(|owner| is_gone(prefix, owner)),
        ];
        let delete = Op::Delete(prefix.about('c', &orphan.item));
        Op::Txn(Txn::new(compares.into_iter().flatten().collect(), vec![delete], vec![]))
    };
    let txn = Txn::new(vec![], orphans.iter().map(part).collect(), vec![]);
    access.transact(Operation::Record, &txn).await.map(drop)
}

/// Where an item is put that was handed out too often.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Grave {
    /// Out of the queue, with its value.
    Apart,
    /// It stays where it is, since a request with its value and what goes along is more than etcd takes.
    InPlace,
}

/// What putting an item aside came to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Burial {
    /// At this revision.
    Done(i64),
    /// Why not.
    Missed(Fate),
}

/// What puts an item aside: its letter, and the end of its claim.
pub(crate) fn burial(prefix: &Prefix, key: &Key, letter: Vec<u8>, grave: Grave, left: Record) -> Vec<Op> {
    let (letter_key, record) = (prefix.about('d', key), prefix.about('c', key));
    let letter = Op::put(&letter_key, letter, None);
    match grave {
        Grave::Apart => vec![Op::Delete(key.clone()), Op::Delete(record), letter],
        Grave::InPlace => {
            let never = Record { owner: None, not_before_ms: NEVER_MS, ..left };
            vec![Op::put(&record, never.encode(), None), letter]
        }
    }
}

/// Puts an item aside that was handed out too often and is nobody's. It may be sent again: it is carried out once, and
/// then the item is gone, or its record says so.
///
/// # Errors
/// After [`Setback::Lost`] or [`Setback::Full`] nobody knows: send it again.
pub(crate) async fn bury(
    access: &Access,
    chosen: &Chosen,
    unix_ms: u64,
    grave: Grave,
) -> Result<Burial, Setback> {
    let (prefix, Chosen { place: (revision, key), known, basis }) = (access.prefix(), chosen);
    let why = match basis.dead {
        Some(dead) => format!("its holder's session {dead} ended"),
        None => "it was given back".to_owned(),
    };
    let value = match grave {
        Grave::Apart => known.value.as_deref().unwrap_or_default(),
        Grave::InPlace => &[],
    };
    let letter = letter::encode(grave, *revision, basis.attempts, unix_ms, &why, value);
    let left = Record { attempts: basis.attempts, item: *revision, ..Record::default() };
    let operations = burial(prefix, key, letter, grave, left);
    let txn = Txn::new(compares(prefix, chosen), operations, look(prefix, key).into());
    let answer = access.transact(Operation::DeadLetters, &txn).await?;
    if answer.succeeded {
        return Ok(Burial::Done(answer.revision));
    }
    let mut found = answer.reads();
    match (found.next().map(noted), found.next()) {
        (Some(record), Some(item)) => Ok(Burial::Missed(missed(chosen, record, item))),
        _ => Err(Setback::Lost("the answer to putting an item aside is not whole".to_owned())),
    }
}

#[cfg(test)]
mod tests {
    use tokio::time::Instant;

    use super::*;
    use crate::cache::Known;
    use crate::lease::claims::Basis;

    fn claim(items: usize, dead: Option<SessionId>) -> Claim {
        let chosen = |n: usize| Chosen {
            place: (5, format!("/q/{n:03}").into_bytes().into()),
            known: Known { value: Some(vec![]), seen: Instant::now() },
            basis: Basis { dead, ..Basis::default() },
        };
        let session = SessionId::new(7, 0);
        Claim { session, nonce: 1, items: (0..items).map(chosen).collect(), is_in_doubt: false }
    }

    #[test]
    fn claims_keep_within_what_etcd_takes_whatever_that_is() {
        let Ok(prefix) = Prefix::parse("/q") else { panic!("a prefix") };
        for limit in 4..=128 {
            let [fit, fit_taken_over] = widths(limit);
            assert!(claim(fit, None).txn(&prefix).operations() <= limit);
            assert!(claim(fit_taken_over, Some(SessionId::new(8, 0))).txn(&prefix).operations() <= limit);
        }
        assert_eq!(widths(128), [126, 125]);
    }
}
