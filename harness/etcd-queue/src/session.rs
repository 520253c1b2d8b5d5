//! A session: the identity under which one end of a queue keeps its write slots.
//!
//! Its id is the revision of one write, so that no two sessions share it, whatever their clocks and seeds
//! are. A session that ends in order takes its slots along; what others have left is tidied away a day later.

use etcd_client::{Compare, CompareOp, DeleteOptions, GetOptions, Txn, TxnOp};

use crate::access::{Access, Setback};
use crate::error::Operation;
use crate::slot::Slot;

/// Long after any transaction that was in doubt has been settled.
const ABANDONED_AFTER_S: u64 = 24 * 60 * 60;
/// How many slots of others are looked at when a session begins.
const LOOKED_AT: i64 = 100;

/// A session's name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Session {
    id: String,
}

impl Session {
    /// Begins a session. A lost reply costs an id, of which there are enough.
    pub(crate) async fn begin(access: &Access) -> Result<Self, Setback> {
        let key = access.prefix().sidecar("id");
        let answer = access
            .to_sidecar()
            .ask(Operation::Record, |mut kv| {
                let key = key.clone();
                async move { kv.put(key, "", None).await }
            })
            .await?;
        match answer.header() {
            Some(header) => Ok(Self { id: header.revision().to_string() }),
            None => Err(Setback::Unsent("a write came without its revision".to_owned())),
        }
    }

    pub(crate) fn id(&self) -> &str {
        &self.id
    }

    pub(crate) fn slot(&self, access: &Access, number: usize) -> Slot {
        Slot::new(access.prefix().sidecar(&format!("w/{}/{number}", self.id)))
    }

    /// Takes the slots away. Only for sessions with nothing in doubt.
    pub(crate) async fn end(&self, access: &Access) -> Result<(), Setback> {
        let (from, to) = (format!("w/{}/", self.id), format!("w/{}0", self.id));
        let (from, to) = (access.prefix().sidecar(&from), access.prefix().sidecar(&to));
        access
            .to_sidecar()
            .ask(Operation::Record, |mut kv| {
                let (from, all) = (from.clone(), DeleteOptions::new().with_range(to.clone()));
                async move { kv.delete(from, Some(all)).await }
            })
            .await
            .map(drop)
    }
}

/// Takes away slots that nobody has written for a day. Best effort: what fails is left to the next session.
pub(crate) async fn tidy(access: Access, unix_s: u64) {
    let (from, to) = (access.prefix().sidecar("w/"), access.prefix().sidecar("w0"));
    let some = GetOptions::new().with_range(to).with_limit(LOOKED_AT);
    let sidecar = access.to_sidecar();
    let found = sidecar
        .ask(Operation::Record, |mut kv| {
            let (from, some) = (from.clone(), some.clone());
            async move { kv.get(from, Some(some)).await }
        })
        .await;
    let Ok(found) = found else { return };
    let abandoned: Vec<_> =
        found.kvs().iter().filter(|kv| is_abandoned(kv.value(), unix_s)).map(KeyAt::of).collect();
    for KeyAt { key, revision } in abandoned {
        let done = sidecar
            .ask(Operation::Record, |mut kv| {
                let txn = Txn::new()
                    .when([Compare::mod_revision(key.clone(), CompareOp::Equal, revision)])
                    .and_then([TxnOp::delete(key.clone(), None)]);
                async move { kv.txn(txn).await }
            })
            .await;
        if done.is_err() {
            return;
        }
    }
}

struct KeyAt {
    key: Vec<u8>,
    revision: i64,
}

impl KeyAt {
    fn of(kv: &etcd_client::KeyValue) -> Self {
        Self { key: kv.key().to_vec(), revision: kv.mod_revision() }
    }
}

/// Whether a slot's mark is that old. Marks that say no time are nobody's business.
fn is_abandoned(mark: &[u8], unix_s: u64) -> bool {
    let written_s =
        std::str::from_utf8(mark).ok().and_then(|mark| mark.split(' ').next()?.parse::<u64>().ok());
    written_s.is_some_and(|written_s| unix_s.saturating_sub(written_s) > ABANDONED_AFTER_S)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn slots_are_abandoned_a_day_after_their_last_mark() {
        assert!(is_abandoned(b"1000 3", 1_001 + ABANDONED_AFTER_S));
        assert!(is_abandoned(b"1000 3!", 1_001 + ABANDONED_AFTER_S));
        assert!(!is_abandoned(b"1000 3", 1_000 + ABANDONED_AFTER_S));
        assert!(!is_abandoned(b"2000 3", 1_000), "a clock that is behind tidies nothing away");
        assert!(!is_abandoned(b"what", u64::MAX));
    }
}
