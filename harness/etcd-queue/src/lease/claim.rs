//! Claiming: many small transactions in one, each for one item, each carried out or not by itself. The whole
//! is carried out only while the claimant's own session is there.

use crate::access::{Access, Setback};
use crate::cache::Key;
use crate::error::Operation;
use crate::key::Prefix;
use crate::lease::claims::Noted;
use crate::lease::letter;
use crate::lease::record::{Record, SessionId};
use crate::lease::shelf::Chosen;
use crate::protocol::txn::{Answer, Compare, Op, Txn};

/// What the parts of a claim have in operations or comparisons at most: a third one where a session must be
/// gone. etcd gives nested transactions what is left of 128 after their siblings (etcd v3.5.16
/// server/etcdserver/api/v3rpc/key.go, checkTxnRequest).
const PART: usize = 2;
const WIDEST_PART: usize = 3;

/// How many items one claim takes, when so many move in other transactions: if none of them is taken over
/// from a session, and if some are.
pub(crate) fn widths(most_items: usize) -> [usize; 2] {
    // Two less than etcd's limit move in the others.
    [PART, WIDEST_PART].map(|part| (most_items + 2).saturating_sub(part).max(1))
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
}

/// What a claim came to.
#[derive(Debug)]
pub(crate) enum Outcome {
    /// Part by part.
    Parts(Vec<Fate>),
    /// The claimant's session is gone: nothing of the claim will last.
    SessionGone,
}

/// A comparison that holds while a session is gone.
pub(crate) fn is_gone(prefix: &Prefix, session: SessionId) -> Compare {
    Compare::Absent(prefix.layout().alive(session))
}

/// A comparison that holds while a record has this revision; with none, while there is none.
pub(crate) fn is_record(prefix: &Prefix, item: &Key, revision: Option<i64>) -> Compare {
    let record = prefix.about('c', item);
    match revision {
        Some(revision) => Compare::ModRevision(record, revision),
        None => Compare::Absent(record),
    }
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
        let Chosen { place: (revision, key), basis, .. } = chosen;
        let compares = [
            Some(Compare::ModRevision(key.clone(), *revision)),
            Some(is_record(prefix, key, basis.record)),
            basis.dead.map(|dead| is_gone(prefix, dead)),
        ];
        let put = Op::put(&prefix.about('c', key), self.record(chosen).encode(), None);
        Op::Txn(Txn::new(compares.into_iter().flatten().collect(), vec![put], look(prefix, key).into()))
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
        let (record, item) = (found.next()?, found.next()?);
        let noted = record
            .first()
            .map(|stored| Noted { record: Record::decode(&stored.value), revision: stored.mod_revision });
        let is_stored = item.first().is_some_and(|stored| stored.mod_revision == chosen.place.0);
        Some(match noted {
            Some(noted) if noted.record == self.record(chosen) => Fate::Ours(noted.revision),
            _ if !is_stored => Fate::ItemGone,
            Some(noted) if Some(noted.revision) != chosen.basis.record => Fate::Held(noted),
            _ => Fate::OwnerLives,
        })
    }
}

/// Sends a claim and says what it came to.
///
/// # Errors
/// After [`Setback::Lost`] nobody knows yet: send it again, as it is. Any other setback says that it was not
/// carried out this time.
pub(crate) async fn send(access: &Access, claim: &Claim) -> Result<Outcome, Setback> {
    let answer = access.transact(Operation::Claim, &claim.txn(access.prefix())).await?;
    if !answer.succeeded {
        return Ok(Outcome::SessionGone);
    }
    let revision = answer.revision;
    let parts = claim.items.iter().zip(answer.nested());
    let fates: Vec<Fate> = parts.filter_map(|(chosen, part)| claim.fate(chosen, part, revision)).collect();
    if revision == 0 || fates.len() != claim.items.len() {
        return Err(Setback::Lost("the answer to a claim is not whole".to_owned()));
    }
    Ok(Outcome::Parts(fates))
}

/// A record whose item may be gone, and the session that must be gone too.
#[derive(Clone, Debug)]
pub(crate) struct Orphan {
    pub(crate) item: Key,
    pub(crate) record: i64,
    pub(crate) owner: Option<SessionId>,
}

/// Takes away records whose items are gone. Best effort: what fails is left to the next look.
pub(crate) async fn tidy(access: &Access, orphans: &[Orphan]) -> Result<(), Setback> {
    let prefix = access.prefix();
    let part = |orphan: &Orphan| {
        let compares = [
            Some(is_record(prefix, &orphan.item, Some(orphan.record))),
            Some(Compare::Absent(orphan.item.clone())),
            orphan.owner.map(|owner| is_gone(prefix, owner)),
        ];
        let delete = Op::Delete(prefix.about('c', &orphan.item));
        Op::Txn(Txn::new(compares.into_iter().flatten().collect(), vec![delete], vec![]))
    };
    let txn = Txn::new(vec![], orphans.iter().map(part).collect(), vec![]);
    access.transact(Operation::Record, &txn).await.map(drop)
}

/// Puts an item aside that was handed out too often and is nobody's. Whether it was carried out just now.
pub(crate) async fn bury(access: &Access, chosen: &Chosen, unix_ms: u64) -> Result<bool, Setback> {
    let (prefix, Chosen { place: (revision, key), known, basis }) = (access.prefix(), chosen);
    let why = match basis.dead {
        Some(dead) => format!("its holder's session {dead} ended"),
        None => "it was given back".to_owned(),
    };
    let value = known.value.as_deref().unwrap_or_default();
    let letter = letter::encode(basis.attempts, unix_ms, &why, value);
    let compares = [
        Some(Compare::ModRevision(key.clone(), *revision)),
        Some(is_record(prefix, key, basis.record)),
        basis.dead.map(|dead| is_gone(prefix, dead)),
    ];
    let operations = vec![
        Op::put(&prefix.about('d', key), letter, None),
        Op::Delete(key.clone()),
        Op::Delete(prefix.about('c', key)),
    ];
    let txn = Txn::new(compares.into_iter().flatten().collect(), operations, vec![]);
    access.transact(Operation::DeadLetters, &txn).await.map(|answer| answer.succeeded)
}
