//! Requests drawn at random, from few enough keys that they meet, odd ones included.

use etcd_model::proto::{
    CompactionRequest, Compare, DeleteRangeRequest, PutRequest, RangeRequest, RequestOp, TxnRequest,
    compare::TargetUnion, request_op::Request,
};

use crate::call::Call;

/// The source of requests: the same seed draws the same ones.
pub struct Draw {
    state: u64,
}

const KEYS: [&str; 8] = ["a", "a/1", "a/2", "b", "c", "c/1", "d", "\u{1}"];
const ENDS: [&str; 12] = ["", "", "", "\0", "b", "c", "c0", "d", "a", "a/2", "z", "\u{2}"];
const VALUES: [&str; 5] = ["", "x", "y", "z", "zz"];

impl Draw {
    pub fn new(seed: u64) -> Self {
        Self { state: seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1 }
    }

    /// A number below `bound`.
    fn below(&mut self, bound: u64) -> u64 {
        self.state ^= self.state << 13;
        self.state ^= self.state >> 7;
        self.state ^= self.state << 17;
        (self.state >> 16) % bound
    }

    fn one_in(&mut self, chances: u64) -> bool {
        self.below(chances) == 0
    }

    fn of<T: Copy>(&mut self, choices: &[T]) -> T {
        choices[usize::try_from(self.below(choices.len() as u64)).unwrap()]
    }

    fn key(&mut self) -> bytes::Bytes {
        if self.one_in(60) { bytes::Bytes::new() } else { self.of(&KEYS).into() }
    }

    /// A revision near what is current, mostly: the past, now and then the future.
    fn revision(&mut self, current: i64) -> i64 {
        match self.below(6) {
            0 => current + i64::try_from(self.below(3)).unwrap(),
            1 => -i64::try_from(self.below(3)).unwrap(),
            _ => (current - i64::try_from(self.below(30)).unwrap()).max(0),
        }
    }

    /// Some request, for a store at revision `current`.
    pub fn call(&mut self, current: i64) -> Call {
        match self.below(20) {
            0..=5 => Call::Put(self.put()),
            6..=10 => Call::Range(self.range(current)),
            11 => Call::RangeStream(self.range(current)),
            12..=13 => Call::Delete(self.delete()),
            14..=18 => {
                let mut txn = self.txn(current, 2);
                if deletes_from_a_key_on(&txn) {
                    keep_nothing(&mut txn);
                }
                Call::Txn(txn)
            }
            _ => Call::Compact(self.compaction(current)),
        }
    }

    fn put(&mut self) -> PutRequest {
        let (ignore_value, ignore_lease) = (self.one_in(8), self.one_in(8));
        PutRequest {
            key: self.key(),
            value: if ignore_value && !self.one_in(4) {
                bytes::Bytes::new()
            } else {
                self.of(&VALUES).into()
            },
            lease: if self.one_in(20) { 77 } else { 0 },
            prev_kv: self.one_in(3),
            ignore_value,
            ignore_lease,
        }
    }

    fn delete(&mut self) -> DeleteRangeRequest {
        DeleteRangeRequest { key: self.key(), range_end: self.of(&ENDS).into(), prev_kv: self.one_in(2) }
    }

    fn range(&mut self, current: i64) -> RangeRequest {
        let filter = |draw: &mut Self| if draw.one_in(8) { draw.revision(current) } else { 0 };
        RangeRequest {
            min_mod_revision: filter(self),
            max_mod_revision: filter(self),
            min_create_revision: filter(self),
            max_create_revision: filter(self),
            revision: if self.one_in(3) { self.revision(current) } else { 0 },
            key: self.key(),
            range_end: self.of(&["", "\0", "\0", "b", "c", "d", "z", "a"]).into(),
            limit: if self.one_in(2) { i64::try_from(self.below(4)).unwrap() } else { 0 },
            sort_order: i32::try_from(self.below(3)).unwrap(),
            sort_target: i32::try_from(self.below(5)).unwrap(),
            serializable: self.one_in(4),
            keys_only: self.one_in(6),
            count_only: self.one_in(8),
        }
    }

    fn compaction(&mut self, current: i64) -> CompactionRequest {
        CompactionRequest { revision: self.revision(current), physical: self.one_in(2) }
    }

    fn txn(&mut self, current: i64, depth: u64) -> TxnRequest {
        let compares = self.below(3);
        let compare = (0..compares).map(|_| self.compare(current)).collect();
        TxnRequest { compare, success: self.branch(current, depth), failure: self.branch(current, depth) }
    }

    fn branch(&mut self, current: i64, depth: u64) -> Vec<RequestOp> {
        let operations = self.below(4);
        (0..operations).map(|_| RequestOp { request: self.operation(current, depth) }).collect()
    }

    fn operation(&mut self, current: i64, depth: u64) -> Option<Request> {
        match self.below(if depth == 0 { 10 } else { 13 }) {
            0..=3 => Some(Request::RequestPut(self.put())),
            4..=6 => Some(Request::RequestRange(self.range(current))),
            7..=9 => Some(Request::RequestDeleteRange(self.delete())),
            10 if self.one_in(10) => None,
            _ => Some(Request::RequestTxn(self.txn(current, depth - 1))),
        }
    }

    fn compare(&mut self, current: i64) -> Compare {
        let small = i64::try_from(self.below(4)).unwrap();
        let revision = self.revision(current);
        let target_union = match self.below(6) {
            0 => Some(TargetUnion::Version(small)),
            1 => Some(TargetUnion::CreateRevision(revision)),
            2 => Some(TargetUnion::ModRevision(revision)),
            3 => Some(TargetUnion::Value(self.of(&VALUES).into())),
            4 => Some(TargetUnion::Lease(small)),
            _ => None,
        };
        let matching = match target_union {
            Some(TargetUnion::Version(_)) | None => 0,
            Some(TargetUnion::CreateRevision(_)) => 1,
            Some(TargetUnion::ModRevision(_)) => 2,
            Some(TargetUnion::Value(_)) => 3,
            Some(TargetUnion::Lease(_)) => 4,
        };
        let target = if self.one_in(10) { i32::try_from(self.below(6)).unwrap() } else { matching };
        Compare {
            result: i32::try_from(self.below(4)).unwrap(),
            target,
            key: self.key(),
            range_end: self.of(&ENDS).into(),
            target_union,
        }
    }
}

/// Whether a transaction deletes everything from some key on. etcd does not hold that against its puts, and checks
/// those against the store as it was before: a put after it that wants to keep a key's value or lease finds nothing
/// there, and the whole server goes down (3.5.5 and 3.7.3; and again at each start, since the log still has it).
fn deletes_from_a_key_on(txn: &TxnRequest) -> bool {
    txn.success.iter().chain(&txn.failure).any(|operation| match &operation.request {
        Some(Request::RequestDeleteRange(delete)) => delete.range_end.as_ref() == [0],
        Some(Request::RequestTxn(nested)) => deletes_from_a_key_on(nested),
        _ => false,
    })
}

/// Makes all puts of a transaction bring their own value and lease.
fn keep_nothing(txn: &mut TxnRequest) {
    for operation in txn.success.iter_mut().chain(&mut txn.failure) {
        match &mut operation.request {
            Some(Request::RequestPut(put)) => (put.ignore_value, put.ignore_lease) = (false, false),
            Some(Request::RequestTxn(nested)) => keep_nothing(nested),
            _ => {}
        }
    }
}
