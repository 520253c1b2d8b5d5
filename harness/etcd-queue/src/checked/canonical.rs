//! States that differ only in what nothing depends on are one state: the order of what has no order, which queue is
//! called the first, requests that can't come to anything any more, and the size of revisions.
//!
//! Revisions are numbered anew, without those that nobody knows any more. While all that are known lie in the past,
//! only their order matters. After a restore some lie in the future, and may come again: how far the next one is away
//! matters, whether one or more. Since others write to the same etcd, each of the two can be.

use std::collections::BTreeSet;
use std::hash::{Hash, Hasher};

use super::model::Protocol;
use super::side::{Job, Work};
use super::world::{Orphan, World};
use crate::protocol::claim::Lane;
use crate::protocol::slot::Slot;
use crate::protocol::txn::{Compare, Op, Txn};

impl World {
    /// The one state that stands for all that are like it.
    pub(crate) fn canonical(mut self, model: &Protocol) -> Self {
        self.forget_what_is_void(model);
        self.number_revisions(model);
        for side in &mut self.sides {
            sort(&mut side.free);
            sort(&mut side.jobs);
            sort(&mut side.taken);
            sort(&mut side.unsettled);
        }
        if model.bound.is_symmetric() && hash(&self.sides[0]) > hash(&self.sides[1]) {
            self.sides.swap(0, 1);
            self.orphans.iter_mut().for_each(|orphan| orphan.side = 1 - orphan.side);
            let owners = self.etcd.keys.values_mut().map(|record| &mut record.owner);
            owners.filter(|owner| **owner < 2).for_each(|owner| *owner = 1 - *owner);
            self.next = self.next.swapped();
        }
        sort(&mut self.orphans);
        self
    }

    /// A revision that has passed never comes again, unless the store is restored.
    fn forget_what_is_void(&mut self, model: &Protocol) {
        let Self { etcd, orphans, restores, .. } = self;
        let may_hold = |compare: &Compare| match compare {
            Compare::ModRevision(key, revision) if *revision > 0 && *revision <= etcd.revision => {
                let holds_in = |store: &super::etcd::Etcd| {
                    store.keys.get(key).is_some_and(|record| record.modified == *revision)
                };
                holds_in(etcd) || *restores > 0 && holds_in(&model.first.etcd)
            }
            _ => true,
        };
        orphans.retain(|orphan| orphan.txn.when.iter().all(may_hold));
    }

    fn number_revisions(&mut self, model: &Protocol) {
        let mut known: BTreeSet<i64> = model.first.etcd.keys.values().map(|record| record.modified).collect();
        known.insert(1);
        self.each_revision(&mut |revision| {
            known.insert(*revision);
        });
        known.remove(&0);
        let mut numbers = Vec::with_capacity(known.len());
        let (mut last, mut number) = (0, 0);
        let now = self.etcd.revision;
        for revision in known {
            let gap = revision - last.max(if revision > now { now } else { 0 });
            number += if revision > now { gap.min(2) } else { 1 };
            numbers.push((revision, number));
            last = revision;
        }
        let passed = numbers.iter().rev().find(|(revision, _)| *revision <= now);
        self.etcd.revision = passed.map_or(1, |(_, number)| *number);
        self.each_revision(&mut |revision| {
            if let Ok(at) = numbers.binary_search_by_key(revision, |(revision, _)| *revision) {
                *revision = numbers[at].1;
            }
        });
    }

    fn each_revision(&mut self, f: &mut impl FnMut(&mut i64)) {
        for record in self.etcd.keys.values_mut() {
            f(&mut record.created);
            f(&mut record.modified);
        }
        for side in &mut self.sides {
            side.free.iter_mut().for_each(|slot| of_slot(slot, f));
            side.jobs.iter_mut().chain(&mut side.unsettled).for_each(|job| of_job(job, f));
        }
        for Orphan { txn, .. } in &mut self.orphans {
            of_txn(txn, f);
        }
    }
}

fn of_slot(slot: &mut Slot, f: &mut impl FnMut(&mut i64)) {
    let mut revision = slot.revision();
    f(&mut revision);
    if revision != slot.revision() {
        *slot = slot.clone().created_at(revision);
    }
}

fn of_job(job: &mut Job, f: &mut impl FnMut(&mut i64)) {
    if let Lane::Slot(slot) = &mut job.lane {
        of_slot(slot, f);
    }
    if let Work::Claim { claim, .. } = &mut job.work {
        claim.places.iter_mut().for_each(|(revision, _)| f(revision));
    }
}

fn of_txn(txn: &mut Txn, f: &mut impl FnMut(&mut i64)) {
    for compare in &mut txn.when {
        if let Compare::ModRevision(_, revision) = compare {
            f(revision);
        }
    }
    for op in txn.then.iter_mut().chain(&mut txn.otherwise) {
        if let Op::Txn(nested) = op {
            of_txn(nested, f);
        }
    }
}

fn sort<T: Hash>(values: &mut [T]) {
    if values.len() > 1 {
        values.sort_by_cached_key(hash);
    }
}

fn hash<T: Hash>(value: &T) -> u64 {
    let mut hasher = Quick::default();
    value.hash(&mut hasher);
    hasher.finish()
}

/// Fast, and the same in every run.
#[derive(Default)]
struct Quick(u64);

impl Hasher for Quick {
    fn write(&mut self, bytes: &[u8]) {
        let mut chunks = bytes.chunks_exact(8);
        for chunk in &mut chunks {
            self.write_u64(u64::from_le_bytes(chunk.try_into().unwrap()));
        }
        for byte in chunks.remainder() {
            self.write_u64(u64::from(*byte));
        }
    }

    fn write_u64(&mut self, word: u64) {
        self.0 = (self.0.rotate_left(5) ^ word).wrapping_mul(0x517c_c1b7_2722_0a95);
    }

    fn finish(&self) -> u64 {
        self.0
    }
}
