//! An etcd in a page: keys with their revisions, leases and a quota. It carries out the crate's transactions, which
//! are data, in one function call.
//!
//! What is as in etcd v3.5.16: all comparisons, those of nested transactions included, read the store as it was
//! before (server/etcdserver/txn/txn.go, `compareToPath`); all writes of a transaction share one revision, and one
//! that changes nothing takes none; a put under a lease that is gone is refused before anything is done.

use std::collections::{BTreeMap, BTreeSet};

use crate::cache::Key;
use crate::protocol::txn::{Answer, Compare, Op, Part, Stored, Txn};

/// One key.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Record {
    pub(crate) value: Vec<u8>,
    pub(crate) created: i64,
    pub(crate) modified: i64,
    pub(crate) lease: Option<i64>,
    /// Which queue wrote it first; 2 if that was before the store was restored.
    pub(crate) owner: usize,
}

/// How much room there is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Quota {
    Free,
    /// The quota is crossed, and the alarm is not raised yet: so many requests that put may still be carried out, and
    /// are then answered as if they were not (server/etcdserver/apply.go, `quotaApplierV3`). The first one that is
    /// refused, as `v3rpc/quota.go` does, raises the alarm.
    Crossed {
        late: u8,
    },
    /// What puts is refused (`applierV3Capped`).
    Full,
}

/// How a request fares in a full etcd.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum WhenFull {
    Refused,
    CarriedOut,
}

/// Why a transaction has no answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Refusal {
    /// `etcdserver: mvcc: database space exceeded`. Whether it was carried out the words don't say.
    NoSpace,
    /// `etcdserver: requested lease not found`. Nothing was done.
    NoLease,
}

/// The store.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Etcd {
    pub(crate) revision: i64,
    pub(crate) keys: BTreeMap<Key, Record>,
    pub(crate) leases: BTreeSet<i64>,
    pub(crate) quota: Quota,
}

impl Etcd {
    pub(crate) fn new() -> Self {
        Self { revision: 1, keys: BTreeMap::new(), leases: BTreeSet::new(), quota: Quota::Free }
    }

    /// Carries out a transaction of one of the queues.
    pub(crate) fn apply(
        &mut self,
        by: usize,
        txn: &Txn,
        when_full: WhenFull,
    ) -> (Result<Answer, Refusal>, Change) {
        let mut at = At { by, revision: self.revision + 1, change: Change::default() };
        (self.answer(txn, when_full, &mut at), at.change)
    }

    fn answer(&mut self, txn: &Txn, when_full: WhenFull, at: &mut At) -> Result<Answer, Refusal> {
        let is_refused = puts(txn)
            && match (self.quota, when_full) {
                (Quota::Free, _) => false,
                (Quota::Crossed { late: late @ 1.. }, WhenFull::CarriedOut) => {
                    self.quota = if late > 1 { Quota::Crossed { late: late - 1 } } else { Quota::Full };
                    true
                }
                (Quota::Crossed { .. } | Quota::Full, _) => {
                    self.quota = Quota::Full;
                    return Err(Refusal::NoSpace);
                }
            };
        let path = self.path(txn);
        if self.names_a_dead_lease(txn, &path) {
            return Err(Refusal::NoLease);
        }
        let mut answer = self.carry_out(txn, &path, at);
        if at.change.is_any {
            self.revision = at.revision;
        }
        answer.revision = self.revision;
        if is_refused { Err(Refusal::NoSpace) } else { Ok(answer) }
    }

    /// Ends a lease, and with it its keys.
    pub(crate) fn end_lease(&mut self, id: i64) {
        if !self.leases.remove(&id) {
            return;
        }
        let before = self.keys.len();
        self.keys.retain(|_, stored| stored.lease != Some(id));
        if self.keys.len() != before {
            self.revision += 1;
        }
    }

    fn path(&self, txn: &Txn) -> Path {
        let succeeded = txn.when.iter().all(|compare| self.holds(compare));
        let nested = branch(txn, succeeded).iter().filter_map(|op| match op {
            Op::Txn(nested) => Some(self.path(nested)),
            _ => None,
        });
        Path { succeeded, nested: nested.collect() }
    }

    fn holds(&self, compare: &Compare) -> bool {
        match compare {
            Compare::ModRevision(key, revision) => {
                self.keys.get(key).map_or(0, |record| record.modified) == *revision
            }
            Compare::Value(key, value) => self.keys.get(key).is_some_and(|record| record.value == *value),
            Compare::Absent(key) => !self.keys.contains_key(key),
            Compare::Present(key) => self.keys.contains_key(key),
            Compare::NoneIn(from, to) => self.keys.range(from.clone()..to.clone()).next().is_none(),
        }
    }

    fn names_a_dead_lease(&self, txn: &Txn, path: &Path) -> bool {
        let mut nested = path.nested.iter();
        branch(txn, path.succeeded).iter().any(|op| match op {
            Op::Put { lease: Some(id), .. } => !self.leases.contains(id),
            Op::Txn(txn) => nested.next().is_some_and(|path| self.names_a_dead_lease(txn, path)),
            _ => false,
        })
    }

    fn carry_out(&mut self, txn: &Txn, path: &Path, at: &mut At) -> Answer {
        let mut nested = path.nested.iter();
        let mut parts = Vec::new();
        for op in branch(txn, path.succeeded) {
            parts.push(match op {
                Op::Get(key) | Op::Look(key) => Part::Got(self.get(key)),
                Op::GetRange(from, to) => Part::Got(self.range(from, to)),
                Op::Put { key, value, lease } => {
                    self.put(key, value, *lease, at);
                    Part::Put
                }
                Op::Delete(key) => Part::Deleted(i64::from(self.delete(key, at))),
                Op::DeleteRange(from, to) => {
                    let gone = self.range(from, to);
                    for stored in &gone {
                        self.delete(&stored.key, at);
                    }
                    Part::Deleted(i64::try_from(gone.len()).unwrap())
                }
                Op::Txn(txn) => Part::Txn(self.carry_out(txn, nested.next().unwrap(), at)),
            });
        }
        Answer { revision: 0, succeeded: path.succeeded, parts }
    }

    fn delete(&mut self, key: &Key, at: &mut At) -> bool {
        let gone = self.keys.remove(key);
        gone.iter().for_each(|record| at.note(key, record.owner));
        gone.is_some()
    }

    fn put(&mut self, key: &Key, value: &[u8], lease: Option<i64>, at: &mut At) {
        let before = self.keys.get(key);
        let (created, owner) = before.map_or((at.revision, at.by), |before| (before.created, before.owner));
        at.note(key, owner);
        let record = Record { value: value.to_vec(), created, modified: at.revision, lease, owner };
        self.keys.insert(key.clone(), record);
    }

    fn get(&self, key: &Key) -> Vec<Stored> {
        self.keys.get_key_value(key).map(stored).into_iter().collect()
    }

    /// What lies from the first key on, up to the second.
    pub(crate) fn range(&self, from: &Key, to: &Key) -> Vec<Stored> {
        self.keys.range(from.clone()..to.clone()).map(stored).collect()
    }
}

fn stored((key, record): (&Key, &Record)) -> Stored {
    Stored {
        key: key.clone(),
        value: record.value.clone(),
        create_revision: record.created,
        mod_revision: record.modified,
    }
}

/// Which branch is taken, and so on for the nested transactions in it.
struct Path {
    succeeded: bool,
    nested: Vec<Path>,
}

/// What a transaction has changed.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Change {
    pub(crate) is_any: bool,
    /// An item that the other queue has stored.
    pub(crate) is_of_anothers_item: bool,
    /// What the other queue remembers beside its items.
    pub(crate) is_of_anothers_record: bool,
}

struct At {
    by: usize,
    revision: i64,
    change: Change,
}

impl At {
    fn note(&mut self, key: &Key, owner: usize) {
        let (is_others, is_item) = (owner != self.by && owner < 2, key.starts_with(b"/"));
        self.change.is_any = true;
        self.change.is_of_anothers_item |= is_others && is_item;
        self.change.is_of_anothers_record |= is_others && !is_item;
    }
}

fn branch(txn: &Txn, succeeded: bool) -> &[Op] {
    if succeeded { &txn.then } else { &txn.otherwise }
}

/// Whether etcd counts it as one that takes room: by either branch, whichever is taken
/// (server/storage/quota.go, `costTxn`).
pub(crate) fn puts(txn: &Txn) -> bool {
    txn.then.iter().chain(&txn.otherwise).any(|op| match op {
        Op::Put { .. } => true,
        Op::Txn(txn) => puts(txn),
        _ => false,
    })
}
