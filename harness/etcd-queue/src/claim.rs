//! Taking one item out: a transaction that deletes its key if it still has the version that was seen.
//!
//! The reply to a claim can be lost after etcd has carried it out. The same transaction is then sent
//! again, which settles three of four cases: it succeeds (the first one never applied, and never can,
//! since the version is gone), or the key still lives (somebody wrote over it, nobody took it). If the key
//! is gone, either the first attempt took it or another consumer did in that moment, and nothing that is
//! stored tells which. The item is then handed out as [`Certainty::Presumed`]: doubled at worst, never
//! lost. A record of each claim beside the item, which would tell, is left for the next version.

use etcd_client::{Compare, CompareOp, GetOptions, Txn, TxnOp, TxnOpResponse};

use crate::access::{Access, Setback};
use crate::error::Operation;
use crate::item::{Certainty, Item};

/// Whether an earlier attempt of the same claim may have been carried out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Doubt {
    None,
    ReplyLost,
}

/// An item to be taken out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Claim {
    pub(crate) key: Vec<u8>,
    pub(crate) revision: i64,
    pub(crate) value: Vec<u8>,
    pub(crate) doubt: Doubt,
}

/// What etcd answered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Answer {
    Deleted,
    /// The version is not there any more; `created` is the key's present create revision, if it lives.
    Missed {
        created: Option<i64>,
    },
}

/// What that comes to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Settlement {
    Ours(Item),
    /// Another consumer took the item, or a producer wrote over it.
    LostRace,
}

pub(crate) async fn send(access: &Access, claim: &Claim) -> Result<Answer, Setback> {
    let answer = access
        .ask(Operation::Claim, |mut kv| {
            let key = || claim.key.clone();
            let present = GetOptions::new().with_keys_only();
            let txn = Txn::new()
                .when([Compare::mod_revision(key(), CompareOp::Equal, claim.revision)])
                .and_then([TxnOp::delete(key(), None)])
                .or_else([TxnOp::get(key(), Some(present))]);
            async move { kv.txn(txn).await }
        })
        .await?;
    if answer.succeeded() {
        return Ok(Answer::Deleted);
    }
    let created = answer.op_responses().iter().find_map(|answer| match answer {
        TxnOpResponse::Get(get) => get.kvs().first().map(etcd_client::KeyValue::create_revision),
        _ => None,
    });
    Ok(Answer::Missed { created })
}

pub(crate) fn settle(claim: Claim, answer: Answer) -> Settlement {
    let certainty = match (answer, claim.doubt) {
        (Answer::Deleted, _) => Certainty::Confirmed,
        (Answer::Missed { .. }, Doubt::None) => return Settlement::LostRace,
        // The key has lived since before the claim: it was written over, and never deleted.
        (Answer::Missed { created: Some(created) }, _) if created <= claim.revision => {
            return Settlement::LostRace;
        }
        (Answer::Missed { .. }, Doubt::ReplyLost) => Certainty::Presumed,
    };
    Settlement::Ours(Item::new(claim.key, claim.value, claim.revision, certainty))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn settled(doubt: Doubt, answer: Answer) -> Option<Certainty> {
        let claim = Claim { key: b"q/1".to_vec(), revision: 5, value: b"a".to_vec(), doubt };
        match settle(claim, answer) {
            Settlement::Ours(item) => Some(item.certainty()),
            Settlement::LostRace => None,
        }
    }

    #[test]
    fn a_delete_is_ours_whatever_happened_to_an_earlier_attempt() {
        assert_eq!(settled(Doubt::None, Answer::Deleted), Some(Certainty::Confirmed));
        assert_eq!(settled(Doubt::ReplyLost, Answer::Deleted), Some(Certainty::Confirmed));
    }

    #[test]
    fn a_miss_without_a_lost_reply_is_a_lost_race() {
        assert_eq!(settled(Doubt::None, Answer::Missed { created: None }), None);
        assert_eq!(settled(Doubt::None, Answer::Missed { created: Some(9) }), None);
    }

    #[test]
    fn a_key_that_is_gone_after_a_lost_reply_is_presumed_ours() {
        assert_eq!(settled(Doubt::ReplyLost, Answer::Missed { created: None }), Some(Certainty::Presumed));
        let recreated = Answer::Missed { created: Some(6) };
        assert_eq!(settled(Doubt::ReplyLost, recreated), Some(Certainty::Presumed));
    }

    #[test]
    fn a_key_that_lives_on_after_a_lost_reply_was_written_over_and_not_taken() {
        assert_eq!(settled(Doubt::ReplyLost, Answer::Missed { created: Some(5) }), None);
    }
}
