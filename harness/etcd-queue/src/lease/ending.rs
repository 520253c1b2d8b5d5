//! How claims end: acknowledged, given back, put aside, or along with a transaction of the holder's own.
//!
//! Each compares the claim's record and the item, and is made with a slot: if its reply is lost, the slot
//! tells whether it was carried out, and sees to it that it no longer will be.

use std::time::Duration;

use tokio::sync::oneshot;

use crate::access::{Access, Setback};
use crate::cache::Key;
use crate::error::{Error, Operation};
use crate::key::Prefix;
use crate::lease::claim::{is_record, look};
use crate::lease::delivery::Ticket;
use crate::lease::fence::Fence;
use crate::lease::letter;
use crate::lease::record::Record;
use crate::protocol::slot::{Look, Slot};
use crate::protocol::txn::{Compare, Op, Stored, Txn};

/// How many claims end in one transaction: each takes two comparisons, and two reads if it fails; one more is
/// the slot's.
pub(crate) const MOST_ENDINGS: usize = 63;

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
    pub(crate) reply: Option<oneshot::Sender<Result<Ended, Error>>>,
}

/// What a transaction of endings came to.
#[derive(Debug)]
pub(crate) enum Sent {
    /// All were carried out, at this revision.
    All(i64),
    /// None was; what was found of each that is no longer its holder's, and of none the rest.
    Missed(Vec<Option<Found>>),
    /// None was: the slot is gone, and its session with it.
    SlotGone,
}

/// Why an ending was not carried out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Found {
    pub(crate) fence: Fence,
    /// The record that is there instead.
    pub(crate) record: Option<(i64, Record)>,
    pub(crate) is_stored: bool,
}

impl Ending {
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
        let nonce = u64::try_from(self.ticket.claim).unwrap_or(0);
        Some(Record { owner: None, attempts, not_before_ms, item: self.ticket.place.0, nonce })
    }

    fn operations(&self, prefix: &Prefix) -> Vec<Op> {
        let (item, record) = (self.key().clone(), prefix.about('c', self.key()));
        if let Some(released) = self.released() {
            return vec![Op::put(&record, released.encode(), None)];
        }
        let mut operations = vec![Op::Delete(item), Op::Delete(record)];
        if let Kind::Bury { value, unix_ms, why } = &self.kind {
            let buried = letter::encode(self.ticket.attempts, *unix_ms, why, value);
            operations.push(Op::put(&prefix.about('d', self.key()), buried, None));
        }
        operations
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
        vec![is_record(prefix, key, Some(self.ticket.claim)), Compare::ModRevision(key.clone(), *revision)]
    }

    fn found(&self, record: &[Stored], item: &[Stored]) -> Option<Found> {
        let noted = record.first().map(|stored| (stored.mod_revision, Record::decode(&stored.value)));
        let is_stored = item.first().is_some_and(|stored| stored.mod_revision == self.ticket.place.0);
        let is_ours = noted.is_some_and(|(revision, _)| revision == self.ticket.claim);
        let fence = match (noted, is_stored) {
            (Some(_), true) if is_ours => return None,
            (Some(_), false) if is_ours => Fence::Taken,
            (_, false) => Fence::Gone,
            (Some((_, Record { owner: Some(owner), attempts, .. })), true) => {
                Fence::Redelivered { session: owner.to_string(), attempt: attempts }
            }
            (_, true) => Fence::Released,
        };
        Some(Found { fence, record: noted, is_stored })
    }

    pub(crate) fn fenced(&self, found: &Found) -> Error {
        Error::Fenced { key: self.key().escape_ascii().to_string(), by: found.fence.clone() }
    }

    pub(crate) fn answer(&mut self, answer: Result<Ended, Error>) {
        if let Some(reply) = self.reply.take() {
            // A caller that has gone has no use for it.
            let _ = reply.send(answer);
        }
    }
}

fn txn(prefix: &Prefix, endings: &[Ending], slot: &Slot) -> Txn {
    let compares = endings.iter().flat_map(|ending| ending.compares(prefix));
    let operations = endings.iter().flat_map(|ending| ending.operations(prefix));
    let looks = endings.iter().flat_map(|ending| look(prefix, ending.key()));
    Txn::new(
        std::iter::once(slot.guard()).chain(compares).collect(),
        std::iter::once(slot.mark()).chain(operations).collect(),
        std::iter::once(slot.get()).chain(looks).collect(),
    )
}

/// Sends endings, all of which are carried out or none.
///
/// # Errors
/// After [`Setback::Lost`] nobody knows yet: settle the slot. Any other setback says that they were not.
pub(crate) async fn send(access: &Access, endings: &[Ending], slot: &mut Slot) -> Result<Sent, Setback> {
    // One that joins goes alone.
    let (compares, operations) = endings.first().map_or((&[][..], &[][..]), Ending::joined);
    loop {
        let txn = txn(access.prefix(), endings, slot);
        let answer = access.transact_with(Operation::Acknowledge, &txn, compares, operations).await?;
        if answer.succeeded {
            slot.moved(&answer);
            return Ok(Sent::All(answer.revision));
        }
        let found: Vec<&[Stored]> = answer.reads().collect();
        let Some((mark, found)) = found.split_first() else {
            return Err(Setback::Lost("the answer to an acknowledgement is not whole".to_owned()));
        };
        match slot.look(mark) {
            Look::Moved => {}
            Look::Gone => return Ok(Sent::SlotGone),
            Look::Ours => return Err(Setback::Lost("it was carried out unasked".to_owned())),
            Look::Unmoved => {
                let pairs = endings.iter().zip(found.chunks_exact(2));
                return Ok(Sent::Missed(pairs.map(|(ending, two)| ending.found(two[0], two[1])).collect()));
            }
        }
    }
}
