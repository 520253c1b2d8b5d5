//! How claims end: acknowledged, given back, put aside, or along with a transaction of the holder's own.
//!
//! Each compares the claim's record and the item, so it is carried out once at most, however often and late it is sent.
//! It is made with a slot: if its reply is lost, the slot tells whether it was carried out, and sees to it that it no
//! longer will be.
//!
//! A full etcd takes no writes, so an acknowledgement is then made by delete alone. If its reply is lost its repetition
//! decides. One that finds item and record gone was carried out before, if the holder's session is still there: while
//! it is, nobody else takes the record away.

use std::time::Duration;

use tokio::sync::oneshot;

use crate::access::{Access, Setback};
use crate::cache::Key;
use crate::error::{Error, Operation};
use crate::key::Prefix;
use crate::lease::claim::{Grave, burial, is_record, look, noted};
use crate::lease::delivery::Ticket;
use crate::lease::fence::Fence;
use crate::lease::letter;
use crate::lease::record::{Expected, NEVER_MS, Noted, Record};
use crate::protocol::slot::{Look, Slot};
use crate::protocol::txn::{Compare, Op, Stored, Txn};

/// How many claims end in one transaction at most.
const MOST_ENDINGS: usize = 63;
/// How often a slot may have moved before an ending rests. Only requests of ours move it, that were given up in doubt.
const MOST_MOVES: usize = 3;

/// How many claims end in one transaction where etcd takes so many operations: each takes two comparisons, and two
/// reads if it fails; one more is the slot's. A read more goes for each that may have been carried out before.
pub(crate) fn width(most_operations: usize, some_may_be_done: bool) -> usize {
    let each = if some_may_be_done { 3 } else { 2 };
    (most_operations.saturating_sub(1) / each).clamp(1, MOST_ENDINGS)
}

/// How a claim ends.
#[derive(Debug)]
pub(crate) enum Kind {
    Ack,
    /// Given back, or put aside if it was handed out often enough.
    Nack {
        delay: Duration,
        value: Vec<u8>,
    },
    Release {
        not_before_ms: u64,
        attempts: u32,
    },
    Bury {
        grave: Grave,
        value: Vec<u8>,
        unix_ms: u64,
        why: String,
    },
    Join {
        compares: Vec<etcd_client::Compare>,
        operations: Vec<etcd_client::TxnOp>,
    },
}

/// What an ending came to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Ended {
    Committed { revision: i64 },
    NotMet,
}

/// A claim that is to end.
#[derive(Debug)]
pub(crate) struct Ending {
    pub(crate) ticket: Ticket,
    pub(crate) kind: Kind,
    pub(crate) reply: Option<Reply>,
    /// Whether it was sent before, and nothing but item and record tell whether it was carried out then.
    pub(crate) may_be_done: bool,
}

/// Whom an ending is answered to. If it is dropped on its way to etcd, nobody knows what became of it.
#[derive(Debug)]
pub(crate) struct Reply {
    sender: Option<oneshot::Sender<Result<Ended, Error>>>,
    on_its_way: Option<Key>,
}

impl Reply {
    pub(crate) fn to(sender: oneshot::Sender<Result<Ended, Error>>) -> Self {
        Self { sender: Some(sender), on_its_way: None }
    }

    fn answer(mut self, answer: Result<Ended, Error>) {
        if let Some(sender) = self.sender.take() {
            // A caller that has gone has no use for it.
            let _ = sender.send(answer);
        }
    }
}

impl Drop for Reply {
    fn drop(&mut self) {
        if let (Some(sender), Some(key)) = (self.sender.take(), &self.on_its_way) {
            let reason = "the queue was closed while it was under way".to_owned();
            let _ = sender.send(Err(Error::Unacknowledged { key: key.escape_ascii().to_string(), reason }));
        }
    }
}

/// What a transaction of endings came to.
#[derive(Debug)]
pub(crate) enum Sent {
    /// All were carried out, at this revision.
    All(i64),
    /// None was this time; and what was found of each.
    Missed(Vec<Found>),
    /// None was: the slot is gone, and all of its session's with it.
    SlotGone,
    /// By delete alone, etcd says that it is full all the same; and what was found of each.
    Full { found: Vec<Found>, error: Error },
}

/// What was found of an ending that was not carried out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Found {
    /// Its holder still has the item.
    Held,
    /// It was carried out before.
    Done,
    /// It may have been carried out before, and nobody can tell any more.
    Unknown,
    Fenced(Fenced),
}

/// Why an ending is not carried out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Fenced {
    pub(crate) fence: Fence,
    /// The record that is there instead.
    pub(crate) record: Option<Noted>,
    pub(crate) is_stored: bool,
}

impl Ending {
    pub(crate) fn new(ticket: Ticket, kind: Kind) -> Self {
        Self { ticket, kind, reply: None, may_be_done: false }
    }

    /// Whether it goes together with others.
    pub(crate) fn is_small(&self) -> bool {
        matches!(self.kind, Kind::Ack | Kind::Release { .. })
    }

    pub(crate) fn key(&self) -> &Key {
        &self.ticket.place.1
    }

    /// The record that giving back leaves.
    pub(crate) fn released(&self) -> Option<Record> {
        let Kind::Release { not_before_ms, attempts } = self.kind else { return None };
        // Of one claim there is one revision: no two that are given back leave the same.
        let nonce = u64::try_from(self.ticket.claim).unwrap_or(0);
        Some(Record { owner: None, attempts, not_before_ms, nonce, ..self.ticket.record() })
    }

    fn operations(&self, prefix: &Prefix) -> Vec<Op> {
        let (item, record) = (self.key().clone(), prefix.about('c', self.key()));
        if let Some(released) = self.released() {
            return vec![Op::put(&record, released.encode(), None)];
        }
        match &self.kind {
            Kind::Bury { grave, value, unix_ms, why } => {
                let Ticket { place, attempts, .. } = &self.ticket;
                let letter = letter::encode(*grave, place.0, *attempts, *unix_ms, why, value);
                burial(prefix, self.key(), letter, *grave, self.ticket.record())
            }
            Kind::Ack | Kind::Nack { .. } | Kind::Release { .. } | Kind::Join { .. } => {
                vec![Op::Delete(item), Op::Delete(record)]
            }
        }
    }

    /// What goes along with it, in the user's own words.
    fn joined(&self) -> (&[etcd_client::Compare], &[etcd_client::TxnOp]) {
        match &self.kind {
            Kind::Join { compares, operations } => (compares, operations),
            _ => (&[], &[]),
        }
    }

    fn compares(&self, prefix: &Prefix) -> Vec<Compare> {
        let (revision, key) = &self.ticket.place;
        let expected = Expected::This(self.ticket.record());
        vec![is_record(prefix, key, &expected), Compare::ModRevision(key.clone(), *revision)]
    }

    fn looks(&self, prefix: &Prefix, may_be_done: bool) -> Vec<Op> {
        let alive = may_be_done.then(|| Op::Look(prefix.layout().alive(self.ticket.session)));
        look(prefix, self.key()).into_iter().chain(alive).collect()
    }

    /// Reads what its looks have found; `None` if that is not whole.
    fn found<'a>(&self, may_be_done: bool, mut found: impl Iterator<Item = &'a [Stored]>) -> Option<Found> {
        let (record, item) = (noted(found.next()?), found.next()?);
        let is_alive = may_be_done && !found.next()?.is_empty();
        let is_stored = item.first().is_some_and(|stored| stored.mod_revision == self.ticket.place.0);
        if may_be_done && let Some(found) = self.found_done(record, is_stored, is_alive) {
            return Some(found);
        }
        let fence = match (record, is_stored) {
            (Some(noted), _) if noted.record == self.ticket.record() => {
                if is_stored {
                    return Some(Found::Held);
                }
                Fence::Taken
            }
            (_, false) => Fence::Gone,
            (Some(Noted { record: Record { owner: Some(owner), attempts, .. }, .. }), true) => {
                Fence::Redelivered { session: owner.to_string(), attempt: attempts }
            }
            (_, true) => Fence::Released,
        };
        Some(Found::Fenced(Fenced { fence, record, is_stored }))
    }

    /// What tells of an ending that may have been carried out before, if anything does.
    fn found_done(&self, record: Option<Noted>, is_stored: bool, is_alive: bool) -> Option<Found> {
        let record = record.map(|noted| noted.record);
        if record == Some(self.ticket.record()) {
            return None;
        }
        match &self.kind {
            Kind::Release { .. } | Kind::Nack { .. } if record == self.released() => Some(Found::Done),
            Kind::Release { .. } | Kind::Nack { .. } => Some(Found::Unknown),
            Kind::Bury { grave: Grave::InPlace, .. } => {
                let is_never = |record: Record| record.owner.is_none() && record.not_before_ms == NEVER_MS;
                record.is_some_and(is_never).then_some(Found::Done)
            }
            Kind::Ack | Kind::Bury { .. } | Kind::Join { .. } if is_stored || record.is_some() => None,
            // Its revision is asked for, and that nothing tells.
            Kind::Join { .. } => Some(Found::Unknown),
            Kind::Ack | Kind::Bury { .. } => Some(if is_alive { Found::Done } else { Found::Unknown }),
        }
    }

    pub(crate) fn fenced(&self, fence: Fence) -> Error {
        Error::Fenced { key: self.key().escape_ascii().to_string(), by: fence }
    }

    pub(crate) fn unknown(&self, reason: &str) -> Error {
        Error::Unacknowledged { key: self.key().escape_ascii().to_string(), reason: reason.to_owned() }
    }

    pub(crate) fn answer(&mut self, answer: Result<Ended, Error>) {
        if let Some(reply) = self.reply.take() {
            reply.answer(answer);
        }
    }

    /// It is sent now.
    pub(crate) fn leaves(&mut self) {
        let key = self.key().clone();
        if let Some(reply) = &mut self.reply {
            reply.on_its_way = Some(key);
        }
    }

    /// It was answered, and not carried out.
    pub(crate) fn is_back(&mut self) {
        if let Some(reply) = self.reply.as_mut().filter(|_| !self.may_be_done) {
            reply.on_its_way = None;
        }
    }
}

fn txn(prefix: &Prefix, endings: &[Ending], slot: Option<&Slot>) -> Txn {
    let compares = endings.iter().flat_map(|ending| ending.compares(prefix));
    let operations = endings.iter().flat_map(|ending| ending.operations(prefix));
    let looks = endings.iter().flat_map(|ending| ending.looks(prefix, ending.may_be_done));
    Txn::new(
        slot.map(Slot::guard).into_iter().chain(compares).collect(),
        slot.map(Slot::mark).into_iter().chain(operations).collect(),
        slot.map(Slot::get).into_iter().chain(looks).collect(),
    )
}

/// What was found of each ending; `None` if that is not whole.
fn found<'a>(endings: &[Ending], mut reads: impl Iterator<Item = &'a [Stored]>) -> Option<Vec<Found>> {
    endings.iter().map(|ending| ending.found(ending.may_be_done, &mut reads)).collect()
}

/// Sends endings, all of which are carried out or none; with a slot, or by delete alone.
///
/// # Errors
/// After [`Setback::Lost`] nobody knows yet, nor after [`Setback::Full`] of one with a slot: settle the slot, or send
/// them again. Any other setback says that they were not carried out.
pub(crate) async fn send(
    access: &Access,
    endings: &[Ending],
    slot: &mut Option<Slot>,
) -> Result<Sent, Setback> {
    let not_whole = || Setback::Lost("the answer to an acknowledgement is not whole".to_owned());
    // One that joins goes alone.
    let (compares, operations) = endings.first().map_or((&[][..], &[][..]), Ending::joined);
    for _ in 0..MOST_MOVES {
        let txn = txn(access.prefix(), endings, slot.as_ref());
        if txn.operations() > access.most_operations() && endings.len() > 1 {
            return Err(Setback::Unsent("etcd takes fewer operations meanwhile".to_owned()));
        }
        let answer = match access.transact_with(Operation::Acknowledge, &txn, compares, operations).await {
            Err(Setback::Full(error)) if slot.is_none() => {
                let found = look_for(access, endings).await?;
                return Ok(Sent::Full { found, error });
            }
            answer => answer?,
        };
        if answer.succeeded {
            if let Some(slot) = slot {
                slot.moved(&answer);
            }
            return Ok(Sent::All(answer.revision));
        }
        let mut reads = answer.reads();
        let look = match slot {
            Some(slot) => slot.look(reads.next().ok_or_else(not_whole)?),
            None => Look::Unmoved,
        };
        match look {
            Look::Moved => {}
            Look::Gone => return Ok(Sent::SlotGone),
            Look::Ours => return Err(Setback::Lost("it was carried out unasked".to_owned())),
            Look::Unmoved => return found(endings, reads).map(Sent::Missed).ok_or_else(not_whole),
        }
    }
    Err(Setback::Unsent("its slot moves again and again".to_owned()))
}

/// Looks for what endings have left behind, whose answer does not tell: each may be done. Nothing of them is under way.
async fn look_for(access: &Access, endings: &[Ending]) -> Result<Vec<Found>, Setback> {
    let looks = endings.iter().flat_map(|ending| ending.looks(access.prefix(), true)).collect();
    let lost = |reason: String| Setback::Lost(reason);
    match access.transact(Operation::Acknowledge, &Txn::reading(looks)).await {
        Ok(answer) => {
            let mut reads = answer.reads();
            let found: Option<Vec<Found>> =
                endings.iter().map(|ending| ending.found(true, &mut reads)).collect();
            found.ok_or_else(|| lost("a look is not whole".to_owned()))
        }
        Err(Setback::Final(error) | Setback::Full(error)) => Err(lost(error.to_string())),
        Err(Setback::Unsent(reason) | Setback::Lost(reason)) => Err(lost(reason)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::protocol::session::SessionId;

    fn ending(kind: Kind, may_be_done: bool) -> Ending {
        let place = (5, b"/q/1".as_slice().into());
        let ticket = Ticket { place, claim: 9, attempts: 2, session: SessionId::new(7, 0), nonce: 3 };
        Ending { may_be_done, ..Ending::new(ticket, kind) }
    }

    fn stored(value: Vec<u8>, mod_revision: i64) -> Vec<Stored> {
        vec![Stored { key: b"k".as_slice().into(), value, create_revision: 5, mod_revision }]
    }

    fn look(ending: &Ending, record: Option<Record>, item: Option<i64>, is_alive: bool) -> Option<Found> {
        let record = record.map_or(vec![], |record| stored(record.encode(), 12));
        let item = item.map_or(vec![], |revision| stored(vec![], revision));
        let alive = if is_alive { stored(vec![], 2) } else { vec![] };
        ending.found(ending.may_be_done, [record, item, alive].iter().map(Vec::as_slice))
    }

    #[test]
    fn endings_keep_within_what_etcd_takes_whatever_that_is() {
        let Ok(prefix) = Prefix::parse("/q") else { panic!("a prefix") };
        let slot = Slot::new(b"w/7/0".as_slice().into(), SessionId::new(7, 0), 3);
        for limit in 4..=128 {
            for may_be_done in [false, true] {
                let endings: Vec<Ending> =
                    (0..width(limit, may_be_done)).map(|_| ending(Kind::Ack, may_be_done)).collect();
                assert!(txn(&prefix, &endings, Some(&slot)).operations() <= limit, "{limit} {may_be_done}");
            }
        }
        assert_eq!(width(128, false), 63);
    }

    #[test]
    fn an_acknowledgement_that_finds_all_gone_was_carried_out_if_its_session_is_there() {
        let (first, again) = (ending(Kind::Ack, false), ending(Kind::Ack, true));
        assert_eq!(look(&again, None, None, true), Some(Found::Done));
        assert_eq!(look(&again, None, None, false), Some(Found::Unknown));
        let gone = Fenced { fence: Fence::Gone, record: None, is_stored: false };
        assert_eq!(look(&first, None, None, true), Some(Found::Fenced(gone)));
        let ours = Some(again.ticket.record());
        assert_eq!(look(&again, ours, Some(5), true), Some(Found::Held));
        let taken = look(&again, ours, None, true);
        assert!(matches!(taken, Some(Found::Fenced(Fenced { fence: Fence::Taken, .. }))), "{taken:?}");
    }

    #[test]
    fn a_holder_is_fenced_off_by_what_a_record_says_and_not_by_when_it_was_written() {
        let first = ending(Kind::Ack, false);
        let other = Record { owner: Some(SessionId::new(8, 0)), ..first.ticket.record() };
        // Of the same revision as the claim: so it may be in a store that was restored.
        let found =
            first.found(false, [stored(other.encode(), 9), stored(vec![], 5)].iter().map(Vec::as_slice));
        let redelivered = Fence::Redelivered { session: SessionId::new(8, 0).to_string(), attempt: 2 };
        assert!(
            matches!(&found, Some(Found::Fenced(Fenced { fence, .. })) if *fence == redelivered),
            "{found:?}"
        );
    }

    #[test]
    fn what_was_given_back_is_known_by_the_record_that_it_leaves() {
        let again = ending(Kind::Release { not_before_ms: 4, attempts: 2 }, true);
        assert_eq!(look(&again, again.released(), Some(5), true), Some(Found::Done));
        assert_eq!(look(&again, None, None, true), Some(Found::Unknown));
    }
}
