//! What is wrong with a request whatever the store holds.
//!
//! Pure, and first of all: before the caller is looked at. Source: etcd v3.5.5 server/etcdserver/api/v3rpc/key.go.

use std::collections::BTreeSet;

use super::span::Span;
use crate::{
    proto::{
        DeleteRangeRequest, PutRequest, RangeRequest, RequestOp, TxnRequest,
        range_request::{SortOrder, SortTarget},
        request_op::Request,
    },
    refusal::Refusal,
    release::{Fact, Release},
};

/// Checks a range request.
pub(crate) fn range(request: &RangeRequest, release: Release) -> Result<(), Refusal> {
    if request.key.is_empty() {
        return Err(Refusal::EmptyKey);
    }
    let known =
        SortOrder::try_from(request.sort_order).is_ok() && SortTarget::try_from(request.sort_target).is_ok();
    if !known && release.holds(Fact::UnknownSortRefused) {
        return Err(Refusal::InvalidSortOption);
    }
    Ok(())
}

/// Checks a put request.
pub(crate) fn put(request: &PutRequest) -> Result<(), Refusal> {
    if request.key.is_empty() {
        Err(Refusal::EmptyKey)
    } else if request.ignore_value && !request.value.is_empty() {
        Err(Refusal::ValueProvided)
    } else if request.ignore_lease && request.lease != 0 {
        Err(Refusal::LeaseProvided)
    } else {
        Ok(())
    }
}

/// Checks a delete request.
pub(crate) fn delete_range(request: &DeleteRangeRequest) -> Result<(), Refusal> {
    if request.key.is_empty() { Err(Refusal::EmptyKey) } else { Ok(()) }
}

/// Checks a transaction: how many operations, each of them, and that no branch writes a key twice.
pub(crate) fn txn(request: &TxnRequest, max_operations: usize, release: Release) -> Result<(), Refusal> {
    operations(request, max_operations, release)?;
    writes(&request.success)?;
    writes(&request.failure)?;
    Ok(())
}

/// A level counts as much as its longest list does; what is nested in it has only what it leaves over.
fn operations(request: &TxnRequest, max_operations: usize, release: Release) -> Result<(), Refusal> {
    let most = request.compare.len().max(request.success.len()).max(request.failure.len());
    let Some(left) = max_operations.checked_sub(most) else { return Err(Refusal::TooManyOperations) };
    if request.compare.iter().any(|compare| compare.key.is_empty()) {
        return Err(Refusal::EmptyKey);
    }
    request.success.iter().chain(&request.failure).try_for_each(|operation| match &operation.request {
        Some(Request::RequestRange(request)) => range(request, release),
        Some(Request::RequestPut(request)) => put(request),
        Some(Request::RequestDeleteRange(request)) => delete_range(request),
        Some(Request::RequestTxn(request)) => operations(request, left, release),
        None => Err(Refusal::KeyNotFound),
    })
}

/// What a branch writes.
#[derive(Default)]
struct Writes<'request> {
    puts: BTreeSet<&'request [u8]>,
    deletes: Vec<Span>,
}

impl<'request> Writes<'request> {
    /// Adds a key that is put, unless it is put or deleted already.
    fn put(&mut self, key: &'request [u8]) -> Result<(), Refusal> {
        self.not_deleted(key)?;
        if self.puts.insert(key) { Ok(()) } else { Err(Refusal::DuplicateKey) }
    }

    fn not_deleted(&self, key: &[u8]) -> Result<(), Refusal> {
        if self.deletes.iter().any(|span| span.covers(key)) { Err(Refusal::DuplicateKey) } else { Ok(()) }
    }
}

/// What a branch writes, with all that is nested in it; refused if a key is put twice, or put and deleted.
///
/// As in etcd (`checkIntervals`), a few ways around that are open: the deletions of a nested transaction are not
/// held against the puts of one before it, and a deletion of everything from a key on is held against nothing,
/// because its end, a zero byte, lies before its start.
fn writes(branch: &[RequestOp]) -> Result<Writes<'_>, Refusal> {
    let mut writes_here = Writes::default();
    for operation in branch {
        if let Some(Request::RequestDeleteRange(delete)) = &operation.request
            && delete.range_end.as_ref() != [0]
        {
            writes_here.deletes.push(Span::of(&delete.key, &delete.range_end));
        }
    }
    for operation in branch {
        let Some(Request::RequestTxn(nested)) = &operation.request else { continue };
        let (then, otherwise) = (writes(&nested.success)?, writes(&nested.failure)?);
        // Only one of the two will happen: the same key in both is no duplicate.
        for key in &then.puts {
            writes_here.put(key)?;
        }
        for key in &otherwise.puts {
            if then.puts.contains(key) {
                writes_here.not_deleted(key)?;
            } else {
                writes_here.put(key)?;
            }
        }
        writes_here.deletes.extend(then.deletes);
        writes_here.deletes.extend(otherwise.deletes);
    }
    for operation in branch {
        if let Some(Request::RequestPut(put)) = &operation.request {
            writes_here.put(&put.key)?;
        }
    }
    Ok(writes_here)
}
