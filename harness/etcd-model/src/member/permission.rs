//! What a caller needs to be allowed for each KV request.
//!
//! Source: etcd v3.5.5 server/etcdserver/apply_auth.go; what later releases check on top is a [`Fact`] each.

use super::Member;
use crate::{
    auth::{Access, Caller},
    proto::{DeleteRangeRequest, PutRequest, RequestOp, TxnRequest, request_op::Request},
    refusal::Refusal,
    release::Fact,
};

impl Member {
    /// A put needs to write the key, to read it if it returns what was there, and to write all keys of the lease it
    /// names: who attaches a key to a lease must be able to revoke it.
    pub(super) fn permit_put(&self, caller: Option<&Caller>, request: &PutRequest) -> Result<(), Refusal> {
        self.authority.permit(caller, &request.key, &[], Access::Write)?;
        if request.lease != 0 {
            self.permit_lease(caller, request.lease)?;
        }
        if request.prev_kv {
            self.authority.permit(caller, &request.key, &[], Access::Read)?;
        }
        Ok(())
    }

    /// A deletion needs to write the range, and to read it if it returns what was there.
    pub(super) fn permit_delete(
        &self,
        caller: Option<&Caller>,
        request: &DeleteRangeRequest,
    ) -> Result<(), Refusal> {
        if self.space.unguarded() {
            return Ok(());
        }
        self.authority.permit(caller, &request.key, &request.range_end, Access::Write)?;
        if request.prev_kv {
            self.authority.permit(caller, &request.key, &request.range_end, Access::Read)?;
        }
        Ok(())
    }

    /// Ending a lease, or adding to it, needs to write all of its keys.
    pub(crate) fn permit_lease(&self, caller: Option<&Caller>, lease: i64) -> Result<(), Refusal> {
        self.permit_keys_of(caller, lease, Access::Write)
    }

    /// A transaction needs to read what it compares, and whatever the operations of both branches need.
    pub(super) fn permit_txn(&self, caller: Option<&Caller>, request: &TxnRequest) -> Result<(), Refusal> {
        for compare in &request.compare {
            self.authority.permit(caller, &compare.key, &compare.range_end, Access::Read)?;
        }
        let mut operations = request.success.iter().chain(&request.failure);
        operations.try_for_each(|operation| self.permit_operation(caller, operation))
    }

    fn permit_operation(&self, caller: Option<&Caller>, operation: &RequestOp) -> Result<(), Refusal> {
        let release = self.settings.release;
        match &operation.request {
            Some(Request::RequestRange(range)) => {
                self.authority.permit(caller, &range.key, &range.range_end, Access::Read)
            }
            Some(Request::RequestPut(put)) if release.holds(Fact::PutPermissionsCheckedInTransaction) => {
                self.permit_put(caller, put)
            }
            Some(Request::RequestPut(put)) => self.authority.permit(caller, &put.key, &[], Access::Write),
            Some(Request::RequestDeleteRange(delete)) => {
                if delete.prev_kv {
                    self.authority.permit(caller, &delete.key, &delete.range_end, Access::Read)?;
                }
                self.authority.permit(caller, &delete.key, &delete.range_end, Access::Write)
            }
            Some(Request::RequestTxn(nested)) if release.holds(Fact::NestedPermissionsChecked) => {
                self.permit_txn(caller, nested)
            }
            Some(Request::RequestTxn(_)) | None => Ok(()),
        }
    }
}
