//! The crate's transactions as plain data, and etcd's answers to them.
//!
//! Every decision of the protocol is made on these types, so that a model can carry them out on a store of its own
//! and feed the answers back. They become etcd's own types in `crate::access`, and nowhere else.

use etcd_client::{
    CompareOp, DeleteOptions, GetOptions, GetResponse, PutOptions, TxnOp, TxnOpResponse, TxnResponse,
};

use crate::cache::Key;

/// What has to hold for a transaction to be carried out.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Compare {
    /// The key was written last at this revision.
    ModRevision(Key, i64),
    /// The key holds this value.
    Value(Key, Vec<u8>),
    /// The key is not there.
    Absent(Key),
    /// The key is there.
    Present(Key),
    /// There is no key from the first one on, up to the second.
    NoneIn(Key, Key),
}

/// What a transaction does, in order.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Op {
    Put {
        key: Key,
        value: Vec<u8>,
        /// The lease that the key hangs on. Each put says it anew: one without takes the key off its lease.
        lease: Option<i64>,
    },
    Delete(Key),
    DeleteRange(Key, Key),
    Get(Key),
    /// Reads all of a key but its value.
    Look(Key),
    GetRange(Key, Key),
    Txn(Txn),
}

/// One transaction.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub(crate) struct Txn {
    pub(crate) when: Vec<Compare>,
    pub(crate) then: Vec<Op>,
    pub(crate) otherwise: Vec<Op>,
}

/// A key as etcd has it.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Stored {
    pub(crate) key: Key,
    pub(crate) value: Vec<u8>,
    pub(crate) create_revision: i64,
    pub(crate) mod_revision: i64,
}

impl Stored {
    pub(crate) fn of(kv: &etcd_client::KeyValue) -> Self {
        Self {
            key: kv.key().into(),
            value: kv.value().to_vec(),
            create_revision: kv.create_revision(),
            mod_revision: kv.mod_revision(),
        }
    }
}

/// The answer to one operation.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Part {
    Put,
    Deleted(i64),
    /// What was read, in the order of the keys.
    Got(Vec<Stored>),
    Txn(Answer),
}

/// The answer to a transaction.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub(crate) struct Answer {
    /// The store's revision: if the transaction wrote anything, the revision of that.
    pub(crate) revision: i64,
    pub(crate) succeeded: bool,
    pub(crate) parts: Vec<Part>,
}

/// A transaction that is one plain request. A full etcd may refuse a transaction whatever is in it (before 3.5.7,
/// etcdserver/quota.go, `Available`), and never a plain read or delete.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Plain<'a> {
    Read(&'a Key, &'a Key),
    /// It tells what it deletes.
    Delete(&'a Key, &'a Key),
}

impl Op {
    pub(crate) fn put(key: &Key, value: Vec<u8>, lease: Option<i64>) -> Self {
        Op::Put { key: key.clone(), value, lease }
    }

    fn to_etcd(&self) -> TxnOp {
        match self {
            Op::Put { key, value, lease } => {
                let leased = lease.map(|lease| PutOptions::new().with_lease(lease));
                TxnOp::put(key.to_vec(), value.clone(), leased)
            }
            Op::Delete(key) => TxnOp::delete(key.to_vec(), None),
            Op::DeleteRange(from, to) => {
                TxnOp::delete(from.to_vec(), Some(DeleteOptions::new().with_range(to.to_vec())))
            }
            Op::Get(key) | Op::Look(key) | Op::GetRange(key, _) => TxnOp::get(key.to_vec(), self.to_get()),
            Op::Txn(txn) => TxnOp::txn(txn.to_etcd()),
        }
    }

    /// How it reads, if it does nothing else.
    fn to_get(&self) -> Option<GetOptions> {
        match self {
            Op::Get(_) => Some(GetOptions::new()),
            Op::Look(_) => Some(GetOptions::new().with_keys_only()),
            Op::GetRange(_, to) => Some(GetOptions::new().with_range(to.to_vec())),
            _ => None,
        }
    }

    fn depth(&self) -> usize {
        match self {
            Op::Txn(txn) => txn.operations(),
            _ => 0,
        }
    }
}

impl Compare {
    fn to_etcd(&self) -> etcd_client::Compare {
        use etcd_client::Compare as Etcd;
        match self {
            Compare::ModRevision(key, revision) => {
                Etcd::mod_revision(key.to_vec(), CompareOp::Equal, *revision)
            }
            Compare::Value(key, value) => Etcd::value(key.to_vec(), CompareOp::Equal, value.clone()),
            Compare::Absent(key) => Etcd::version(key.to_vec(), CompareOp::Equal, 0),
            Compare::Present(key) => Etcd::version(key.to_vec(), CompareOp::Greater, 0),
            Compare::NoneIn(from, to) => {
                Etcd::version(from.to_vec(), CompareOp::Equal, 0).with_range(to.to_vec())
            }
        }
    }
}

impl Txn {
    pub(crate) fn new(when: Vec<Compare>, then: Vec<Op>, otherwise: Vec<Op>) -> Self {
        Self { when, then, otherwise }
    }

    /// Only reads.
    pub(crate) fn reading(reads: Vec<Op>) -> Self {
        Self { then: reads, ..Self::default() }
    }

    /// What it reads, and how, if it does nothing else.
    pub(crate) fn only_reads(&self) -> Option<Vec<(Key, GetOptions)>> {
        let read = |op: &Op| match op {
            Op::Get(key) | Op::Look(key) | Op::GetRange(key, _) => Some((key.clone(), op.to_get()?)),
            _ => None,
        };
        let is_unconditional = self.when.is_empty() && self.otherwise.is_empty();
        is_unconditional.then(|| self.then.iter().map(read).collect()).flatten()
    }

    /// The plain request that does the same, where there is one.
    pub(crate) fn as_plain(&self) -> Option<Plain<'_>> {
        match (self.when.as_slice(), self.then.as_slice()) {
            ([], [Op::GetRange(from, to)]) => Some(Plain::Read(from, to)),
            ([], [Op::GetRange(from, to), Op::DeleteRange(first, behind)])
                if (from, to) == (first, behind) =>
            {
                Some(Plain::Delete(from, to))
            }
            _ => None,
        }
    }

    pub(crate) fn to_etcd(&self) -> etcd_client::Txn {
        self.to_etcd_with(&[], &[])
    }

    /// With comparisons and operations of the user's own behind those that are ours.
    pub(crate) fn to_etcd_with(
        &self,
        compares: &[etcd_client::Compare],
        operations: &[TxnOp],
    ) -> etcd_client::Txn {
        let when = self.when.iter().map(Compare::to_etcd).chain(compares.iter().cloned());
        let then = self.then.iter().map(Op::to_etcd).chain(operations.iter().cloned());
        etcd_client::Txn::new()
            .when(when.collect::<Vec<_>>())
            .and_then(then.collect::<Vec<_>>())
            .or_else(self.otherwise.iter().map(Op::to_etcd).collect::<Vec<_>>())
    }

    /// How many operations etcd counts: those of the longest list of each level, since a nested transaction has
    /// what its siblings leave of the limit (etcd v3.5.16 server/etcdserver/api/v3rpc/key.go, `checkTxnRequest`).
    pub(crate) fn operations(&self) -> usize {
        let own = self.when.len().max(self.then.len()).max(self.otherwise.len());
        let deepest = self.then.iter().chain(&self.otherwise).map(Op::depth).max();
        own + deepest.unwrap_or(0)
    }
}

impl Part {
    pub(crate) fn of_get(got: &GetResponse) -> Self {
        Part::Got(stored(got))
    }
}

impl Answer {
    pub(crate) fn of(response: &TxnResponse) -> Self {
        let parts = response.op_responses().into_iter().map(|part| match part {
            TxnOpResponse::Put(_) => Part::Put,
            TxnOpResponse::Get(got) => Part::Got(stored(&got)),
            TxnOpResponse::Delete(deleted) => Part::Deleted(deleted.deleted()),
            TxnOpResponse::Txn(txn) => Part::Txn(Self::of(&txn)),
        });
        let revision = response.header().map_or(0, etcd_client::ResponseHeader::revision);
        Self { revision, succeeded: response.succeeded(), parts: parts.collect() }
    }

    /// The answer to a plain request.
    pub(crate) fn to_plain<'a>(
        header: Option<&etcd_client::ResponseHeader>,
        kvs: impl Iterator<Item = &'a etcd_client::KeyValue>,
    ) -> Self {
        let revision = header.map_or(0, etcd_client::ResponseHeader::revision);
        Self { revision, succeeded: true, parts: vec![Part::Got(kvs.map(Stored::of).collect())] }
    }

    /// What was read by each read, in order.
    pub(crate) fn reads(&self) -> impl Iterator<Item = &[Stored]> {
        self.parts.iter().filter_map(|part| match part {
            Part::Got(stored) => Some(stored.as_slice()),
            Part::Put | Part::Deleted(_) | Part::Txn(_) => None,
        })
    }

    /// The answers of nested transactions, in order.
    pub(crate) fn nested(&self) -> impl Iterator<Item = &Answer> {
        self.parts.iter().filter_map(|part| match part {
            Part::Txn(answer) => Some(answer),
            Part::Put | Part::Deleted(_) | Part::Got(_) => None,
        })
    }
}

fn stored(got: &GetResponse) -> Vec<Stored> {
    got.kvs().iter().map(Stored::of).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nested_transactions_count_on_top_of_the_longest_list_they_stand_in() {
        let key: Key = b"k".as_slice().into();
        let inner = Txn::new(vec![Compare::Absent(key.clone()); 3], vec![Op::Delete(key.clone())], vec![]);
        assert_eq!(inner.operations(), 3);
        let outer = Txn::new(vec![], vec![Op::Get(key), Op::Txn(inner)], vec![]);
        assert_eq!(outer.operations(), 5);
    }
}
