//! What a transaction will do: the branches that its comparisons choose.
//!
//! All comparisons, nested ones too, look at the store as it was before the transaction. Source: etcd v3.5.5
//! server/etcdserver/apply.go, `compareToPath`.

use std::cmp::Ordering;

use super::{Store, span::Span};
use crate::proto::{
    Compare, DeleteRangeRequest, KeyValue, PutRequest, RangeRequest, TxnRequest,
    compare::{CompareResult, CompareTarget, TargetUnion},
    request_op::Request,
};

/// A transaction whose comparisons have been made.
#[derive(Debug)]
pub(super) struct Plan<'request> {
    /// Whether all of them held.
    pub(super) succeeded: bool,
    /// The operations of the branch they choose.
    pub(super) steps: Vec<Step<'request>>,
}

/// One operation.
#[derive(Debug)]
pub(super) enum Step<'request> {
    Range(&'request RangeRequest),
    Put(&'request PutRequest),
    Delete(&'request DeleteRangeRequest),
    Nested(Plan<'request>),
}

impl<'request> Plan<'request> {
    /// What `request` comes to on `store` as it is.
    pub(super) fn of(request: &'request TxnRequest, store: &Store) -> Self {
        let succeeded = request.compare.iter().all(|compare| holds(compare, store));
        let branch = if succeeded { &request.success } else { &request.failure };
        let steps = branch
            .iter()
            .filter_map(|operation| operation.request.as_ref())
            .map(|operation| match operation {
                Request::RequestRange(range) => Step::Range(range),
                Request::RequestPut(put) => Step::Put(put),
                Request::RequestDeleteRange(delete) => Step::Delete(delete),
                Request::RequestTxn(nested) => Step::Nested(Self::of(nested, store)),
            })
            .collect();
        Self { succeeded, steps }
    }
}

/// Whether a comparison holds for every key of its range. Keys that are not there compare as zeros, except that no
/// comparison of a value holds. Source: the same file, `applyCompare`.
fn holds(compare: &Compare, store: &Store) -> bool {
    let span = Span::of(&compare.key, &compare.range_end);
    let kvs: Vec<&KeyValue> = match span.single() {
        Some(key) => store.get(key).into_iter().collect(),
        None => {
            let places = store.live.in_order(&span, usize::MAX);
            places.into_iter().filter_map(|(_, place)| store.kv_of(place)).collect()
        }
    };
    if kvs.is_empty() {
        return compare.target() != CompareTarget::Value && holds_for(compare, &KeyValue::default());
    }
    kvs.into_iter().all(|kv| holds_for(compare, kv))
}

/// Whether a comparison holds for one key. What it compares with is zero if it is of another kind than its target.
/// Source: the same file, `compareKV`.
fn holds_for(compare: &Compare, kv: &KeyValue) -> bool {
    let with = compare.target_union.as_ref();
    let number = |matching: fn(&TargetUnion) -> Option<i64>| with.and_then(matching).unwrap_or(0);
    let ordering = match CompareTarget::try_from(compare.target) {
        Ok(CompareTarget::Value) => {
            let value = match with {
                Some(TargetUnion::Value(value)) => value.as_ref(),
                _ => &[],
            };
            kv.value.as_ref().cmp(value)
        }
        Ok(CompareTarget::Create) => kv.create_revision.cmp(&number(|with| match with {
            TargetUnion::CreateRevision(revision) => Some(*revision),
            _ => None,
        })),
        Ok(CompareTarget::Mod) => kv.mod_revision.cmp(&number(|with| match with {
            TargetUnion::ModRevision(revision) => Some(*revision),
            _ => None,
        })),
        Ok(CompareTarget::Version) => kv.version.cmp(&number(|with| match with {
            TargetUnion::Version(version) => Some(*version),
            _ => None,
        })),
        Ok(CompareTarget::Lease) => kv.lease.cmp(&number(|with| match with {
            TargetUnion::Lease(lease) => Some(*lease),
            _ => None,
        })),
        Err(_) => Ordering::Equal,
    };
    match CompareResult::try_from(compare.result) {
        Ok(CompareResult::Equal) => ordering.is_eq(),
        Ok(CompareResult::NotEqual) => ordering.is_ne(),
        Ok(CompareResult::Greater) => ordering.is_gt(),
        Ok(CompareResult::Less) => ordering.is_lt(),
        Err(_) => true,
    }
}
