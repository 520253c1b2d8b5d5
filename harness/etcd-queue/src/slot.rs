//! Write slots: how a lost reply is settled.
//!
//! A slot is a key beside the queue that one session writes. Every transaction that moves items carries one
//! more comparison, that the slot still has the revision the session knows, and one more write, a mark that
//! no other transaction leaves there:
//!
//! `If(<its own>, mod(slot) == m) Then(<its own>, Put(slot, mark)) Else(Get(slot), …)`
//!
//! If its reply is lost, [`settle`] sends `If(mod(slot) == m) Then(Put(slot, mark!)) Else(Get(slot))`. Both
//! want the slot at `m` and both move it, so that only one of them is ever carried out, however late it
//! arrives. Either the slot is voided, and the transaction never will be; or the slot holds its mark, and it
//! was. The settling may be repeated as often as its own replies are lost.

use std::collections::BTreeSet;

use etcd_client::{Compare, CompareOp, GetOptions, GetResponse, Txn, TxnOp, TxnOpResponse, TxnResponse};

use crate::access::{Access, Setback};
use crate::error::Operation;

/// One slot, used by one transaction at a time.
#[derive(Debug)]
pub(crate) struct Slot {
    key: Vec<u8>,
    /// Its revision as the session knows it; 0 while it was never written.
    revision: i64,
    turn: u64,
    mark: Vec<u8>,
}

/// What the slot shows when a transaction was not carried out as it was sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Look {
    /// It is as it was: one of the transaction's own comparisons failed.
    Unmoved,
    /// It holds this turn's mark: the transaction was carried out before, when it was sent without our doing.
    Ours,
    /// It is another one's, or gone: an earlier turn was given up in doubt, or the slot was tidied away. Its
    /// present revision is known now, so that the transaction can be sent again.
    Moved,
}

/// What became of a transaction whose reply was lost.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Settled {
    /// It was carried out; with the numbers of the parts that left evidence of themselves.
    Applied { parts: BTreeSet<usize> },
    /// It was not, and never will be.
    Void,
}

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
            Ok(_) | Err(Setback::Final(_)) => Self::Together,
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

impl Slot {
    pub(crate) fn new(key: Vec<u8>) -> Self {
        Self { key, revision: 0, turn: 0, mark: Vec::new() }
    }

    /// Begins a turn, with a mark of its own. Marks begin with the time of day, by which slots that nobody
    /// uses any more are known.
    pub(crate) fn begin(&mut self, unix_s: u64) {
        self.turn += 1;
        self.mark = format!("{unix_s} {}", self.turn).into_bytes();
    }

    /// The revision of what was carried out with it last.
    pub(crate) fn revision(&self) -> i64 {
        self.revision
    }

    pub(crate) fn guard(&self) -> Compare {
        Compare::mod_revision(self.key.clone(), CompareOp::Equal, self.revision)
    }

    pub(crate) fn mark(&self) -> TxnOp {
        TxnOp::put(self.key.clone(), self.mark.clone(), None)
    }

    pub(crate) fn get(&self) -> TxnOp {
        TxnOp::get(self.key.clone(), None)
    }

    /// The mark of one part of a transaction whose parts are carried out or not, each by itself.
    pub(crate) fn evidence(&self, part: usize) -> TxnOp {
        let key = [self.key.as_slice(), format!("/{part}").as_bytes()].concat();
        TxnOp::put(key, self.mark.clone(), None)
    }

    fn get_evidence(&self) -> TxnOp {
        let (from, to) = ([self.key.as_slice(), b"/"].concat(), [self.key.as_slice(), b"0"].concat());
        TxnOp::get(from, Some(GetOptions::new().with_range(to)))
    }

    /// Notes that a transaction with this slot's mark was carried out.
    pub(crate) fn moved(&mut self, answer: &TxnResponse) {
        self.revision = answer.header().map_or(self.revision, etcd_client::ResponseHeader::revision);
    }

    /// Reads what an `Else` branch found.
    pub(crate) fn look(&mut self, found: &GetResponse) -> Look {
        let (revision, value) = match found.kvs().first() {
            Some(kv) => (kv.mod_revision(), kv.value()),
            None => (0, [].as_slice()),
        };
        if revision == self.revision {
            return Look::Unmoved;
        }
        if value == self.mark {
            // The revision stays: settling must find the slot moved.
            return Look::Ours;
        }
        self.revision = revision;
        Look::Moved
    }

    fn void_mark(&self) -> Vec<u8> {
        [self.mark.as_slice(), b"!"].concat()
    }

    fn parts(&self, found: &GetResponse) -> BTreeSet<usize> {
        let marked = found.kvs().iter().filter(|kv| kv.value() == self.mark);
        marked.filter_map(|kv| part_of(&self.key, kv.key())).collect()
    }
}

fn part_of(slot: &[u8], key: &[u8]) -> Option<usize> {
    let part = key.strip_prefix(slot)?.strip_prefix(b"/")?;
    std::str::from_utf8(part).ok()?.parse().ok()
}

/// Finds out whether the slot's transaction was carried out, and sees to it that it no longer can be.
///
/// # Errors
/// A setback leaves the doubt as it was; ask again.
pub(crate) async fn settle(access: &Access, slot: &mut Slot) -> Result<Settled, Setback> {
    let answer = access
        .to_sidecar()
        .ask(Operation::Record, |mut kv| {
            let txn = Txn::new()
                .when([slot.guard()])
                .and_then([TxnOp::put(slot.key.clone(), slot.void_mark(), None)])
                .or_else([slot.get(), slot.get_evidence()]);
            async move { kv.txn(txn).await }
        })
        .await?;
    if answer.succeeded() {
        slot.moved(&answer);
        return Ok(Settled::Void);
    }
    let found = gets(&answer);
    let Some((slots, evidence)) = found.split_first() else {
        return Err(Setback::Lost("the answer of a slot is not whole".to_owned()));
    };
    if slot.look(slots) != Look::Ours {
        return Ok(Settled::Void);
    }
    slot.revision = slots.kvs().first().map_or(slot.revision, etcd_client::KeyValue::mod_revision);
    Ok(Settled::Applied { parts: evidence.first().map(|found| slot.parts(found)).unwrap_or_default() })
}

/// The answers to the reads among a transaction's operations, in order.
pub(crate) fn gets(answer: &TxnResponse) -> Vec<GetResponse> {
    let answers = answer.op_responses().into_iter();
    answers
        .filter_map(|answer| match answer {
            TxnOpResponse::Get(get) => Some(get),
            _ => None,
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_two_turns_of_a_slot_have_the_same_mark() {
        let mut slot = Slot::new(b"w/7/0".to_vec());
        slot.begin(1_700_000_000);
        let first = (slot.mark.clone(), slot.void_mark());
        slot.begin(1_700_000_000);
        assert_eq!(slot.mark, b"1700000000 2");
        assert!(slot.mark != first.0 && slot.mark != first.1 && slot.void_mark() != first.0);
    }

    #[test]
    fn evidence_is_known_by_its_number() {
        assert_eq!(part_of(b"w/7/0", b"w/7/0/13"), Some(13));
        for foreign in ["w/7/0", "w/7/01/2", "w/7/0/x"] {
            assert_eq!(part_of(b"w/7/0", foreign.as_bytes()), None, "{foreign}");
        }
    }
}
