//! Puts, deletions and transactions: checked against the store first, then written in one revision.

use super::{
    Applied, Store, Write,
    plan::{Plan, Step},
    range::Counting,
    span::Span,
};
use crate::{
    proto::{
        DeleteRangeRequest, DeleteRangeResponse, PutRequest, PutResponse, RangeRequest, ResponseHeader,
        ResponseOp, TxnRequest, TxnResponse, response_op::Response,
    },
    refusal::Refusal,
    release::Fact,
};

/// Says whether a lease of some id exists.
pub(crate) type LeaseExists<'lessor> = &'lessor dyn Fn(i64) -> bool;

impl Store {
    /// Puts a key. The answer's header holds the revision alone.
    ///
    /// # Errors
    /// [`Refusal::LeaseNotFound`], and [`Refusal::KeyNotFound`] if something of a key that is not there is to stay.
    pub(crate) fn put(
        &mut self,
        request: &PutRequest,
        lease_exists: LeaseExists<'_>,
    ) -> Result<(PutResponse, Option<Applied>), Refusal> {
        // In this order: etcd v3.5.5 server/etcdserver/apply.go, `applierV3backend.Put`.
        self.check_lease(request, lease_exists)?;
        self.check_key(request)?;
        let mut write = Write::of(self);
        let response = write.put_requested(request);
        Ok((response, write.finish()))
    }

    /// Deletes a range. The answer's header holds the revision alone.
    pub(crate) fn delete_range(
        &mut self,
        request: &DeleteRangeRequest,
    ) -> (DeleteRangeResponse, Option<Applied>) {
        let mut write = Write::of(self);
        let response = write.delete_requested(request);
        (response, write.finish())
    }

    /// Carries out a transaction. The answer's header, and those in it, hold the revision alone; that of a nested
    /// transaction holds nothing.
    ///
    /// # Errors
    /// As those of [`Self::put`] and [`Self::range`], for any operation of the branches that are taken; nothing is
    /// written then.
    pub(crate) fn txn(
        &mut self,
        request: &TxnRequest,
        lease_exists: LeaseExists<'_>,
    ) -> Result<(TxnResponse, Option<Applied>), Refusal> {
        let plan = Plan::of(request, self);
        if self.release.holds(Fact::OperationsCheckedInOrder) {
            self.check(&plan, lease_exists, &[Checked::Puts, Checked::Ranges])?;
        } else {
            self.check(&plan, lease_exists, &[Checked::Puts])?;
            self.check(&plan, lease_exists, &[Checked::Ranges])?;
        }
        let mut write = Write::of(self);
        let mut response = write.carry_out(&plan)?;
        response.header = Some(header(write.visible()));
        Ok((response, write.finish()))
    }

    /// Checks those operations of a plan that are of the kinds `what`.
    fn check(&self, plan: &Plan<'_>, lease_exists: LeaseExists<'_>, what: &[Checked]) -> Result<(), Refusal> {
        for step in &plan.steps {
            match step {
                Step::Put(put) if what.contains(&Checked::Puts) => {
                    if self.release.holds(Fact::LeaseCheckedBeforeKey) {
                        self.check_lease(put, lease_exists)?;
                        self.check_key(put)?;
                    } else {
                        self.check_key(put)?;
                        self.check_lease(put, lease_exists)?;
                    }
                }
                Step::Range(range) if what.contains(&Checked::Ranges) => self.check_revision(range)?,
                Step::Nested(plan) => self.check(plan, lease_exists, what)?,
                Step::Put(_) | Step::Range(_) | Step::Delete(_) => {}
            }
        }
        Ok(())
    }

    /// A range in a transaction cannot see the transaction's own revision by number, and below 0 it is refused as
    /// compacted where a range outside is taken to mean now. Source: the same file, `checkRequestRange`.
    fn check_revision(&self, request: &RangeRequest) -> Result<(), Refusal> {
        match request.revision {
            0 => Ok(()),
            revision if revision > self.revision => Err(Refusal::FutureRevision),
            revision if revision < self.compacted => Err(Refusal::Compacted),
            _ => Ok(()),
        }
    }

    fn check_lease(&self, request: &PutRequest, lease_exists: LeaseExists<'_>) -> Result<(), Refusal> {
        if request.lease == 0 || lease_exists(request.lease) { Ok(()) } else { Err(Refusal::LeaseNotFound) }
    }

    fn check_key(&self, request: &PutRequest) -> Result<(), Refusal> {
        let keeps_something = request.ignore_value || request.ignore_lease;
        if keeps_something && self.get(&request.key).is_none() { Err(Refusal::KeyNotFound) } else { Ok(()) }
    }
}

/// A kind of operation that is checked before a transaction is carried out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Checked {
    Puts,
    Ranges,
}

impl Write<'_> {
    /// Carries out a plan that has been checked.
    fn carry_out(&mut self, plan: &Plan<'_>) -> Result<TxnResponse, Refusal> {
        let mut responses = Vec::with_capacity(plan.steps.len());
        for step in &plan.steps {
            let response = match step {
                Step::Range(range) => {
                    Response::ResponseRange(self.store.range_seen(range, self.visible(), Counting::All)?)
                }
                Step::Put(put) => Response::ResponsePut(self.put_requested(put)),
                Step::Delete(delete) => Response::ResponseDeleteRange(self.delete_requested(delete)),
                Step::Nested(plan) => Response::ResponseTxn(self.carry_out(plan)?),
            };
            responses.push(ResponseOp { response: Some(response) });
        }
        Ok(TxnResponse { header: Some(header(0)), succeeded: plan.succeeded, responses })
    }

    /// Puts what a request says. If it wants to keep something of a key that this very transaction has deleted,
    /// there is nothing to keep and what it brings (nothing) is put. That goes unnoticed only where a deletion from
    /// a key on went before, and etcd does not survive it (seen on 3.5.5 and 3.7.3); this one does.
    fn put_requested(&mut self, request: &PutRequest) -> PutResponse {
        let previous = self.store.get(&request.key).cloned();
        let value = match &previous {
            Some(previous) if request.ignore_value => &previous.value,
            _ => &request.value,
        };
        let lease = match &previous {
            Some(previous) if request.ignore_lease => previous.lease,
            _ => request.lease,
        };
        let revision = self.put(&request.key, value, lease);
        PutResponse { header: Some(header(revision)), prev_kv: previous.filter(|_| request.prev_kv) }
    }

    fn delete_requested(&mut self, request: &DeleteRangeRequest) -> DeleteRangeResponse {
        let span = Span::of(&request.key, &request.range_end);
        let prev_kvs = if request.prev_kv { self.held(&span) } else { Vec::new() };
        let deleted = self.delete(&span);
        DeleteRangeResponse { header: Some(header(self.visible())), deleted, prev_kvs }
    }
}

/// A header as the answers within a transaction have it.
fn header(revision: i64) -> ResponseHeader {
    ResponseHeader { revision, ..ResponseHeader::default() }
}
