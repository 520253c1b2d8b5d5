//! The KV calls: check the request, check the caller, apply, tell the watches.

use tokio::time::Instant;

use super::Member;
use crate::{
    auth::{Access, Credential},
    mvcc::{Applied, admission},
    proto::{
        CompactionRequest, CompactionResponse, DeleteRangeRequest, DeleteRangeResponse, PutRequest,
        PutResponse, RangeRequest, RangeResponse, RangeStreamResponse, ResponseHeader, TxnRequest,
        TxnResponse, request_op::Request,
    },
    refusal::Refusal,
    release::Fact,
};

impl Member {
    /// Reads a range.
    ///
    /// # Errors
    /// A malformed request, a caller who may not, or a revision that cannot be read.
    pub fn range(
        &mut self,
        credential: &Credential,
        request: &RangeRequest,
        now: Instant,
    ) -> Result<RangeResponse, Refusal> {
        admission::range(request, self.settings.release)?;
        let caller = self.authority.identify(credential, now)?;
        self.authority.permit(caller.as_ref(), &request.key, &request.range_end, Access::Read)?;
        self.authority.permit_answer(caller.as_ref())?;
        let mut response = self.store.range(request)?;
        self.fill(&mut response.header);
        Ok(response)
    }

    /// Reads a range that is answered in several messages. Whether the release knows the call, and whether the
    /// request may be answered so, the service has seen to.
    ///
    /// # Errors
    /// As [`Self::range`].
    pub fn range_stream(
        &mut self,
        credential: &Credential,
        request: RangeRequest,
        now: Instant,
    ) -> Result<Vec<RangeStreamResponse>, Refusal> {
        let caller = self.authority.identify(credential, now)?;
        self.authority.permit(caller.as_ref(), &request.key, &request.range_end, Access::Read)?;
        let mut messages = self.store.range_stream(request, self.settings.max_request_bytes)?;
        for message in &mut messages {
            self.fill(&mut message.header);
        }
        Ok(messages
            .into_iter()
            .map(|message| RangeStreamResponse { range_response: Some(message) })
            .collect())
    }

    /// Puts a key.
    ///
    /// # Errors
    /// A malformed or too large request, a caller who may not, a lease that does not exist, or `ignore_value` or
    /// `ignore_lease` on a key that does not exist. [`Refusal::NoSpace`] may come after the key was put.
    pub fn put(
        &mut self,
        credential: &Credential,
        request: &PutRequest,
        now: Instant,
    ) -> Result<PutResponse, Refusal> {
        self.check_quota(request, credential, now)?;
        admission::put(request)?;
        let caller = self.admit_proposal(credential, request, now)?;
        let fit = self.fit(request)?;
        self.permit_put(caller.as_ref(), request)?;
        let (mut response, applied) = self.store.put(request, &|lease| self.lessor.exists(lease))?;
        self.tell_of(applied, now);
        self.fill(&mut response.header);
        self.answer(response, fit, now)
    }

    /// Deletes a range.
    ///
    /// # Errors
    /// A malformed or too large request, or a caller who may not.
    pub fn delete_range(
        &mut self,
        credential: &Credential,
        request: &DeleteRangeRequest,
        now: Instant,
    ) -> Result<DeleteRangeResponse, Refusal> {
        admission::delete_range(request)?;
        let caller = self.admit_proposal(credential, request, now)?;
        self.permit_delete(caller.as_ref(), request)?;
        let (mut response, applied) = self.store.delete_range(request);
        self.tell_of(applied, now);
        self.fill(&mut response.header);
        Ok(response)
    }

    /// Carries out a transaction.
    ///
    /// # Errors
    /// A malformed request, one that is too large (unless it only reads: those are not proposed to the cluster), a
    /// caller who may not, or an operation that cannot be carried out. [`Refusal::NoSpace`] may come after all of it
    /// was carried out.
    pub fn txn(
        &mut self,
        credential: &Credential,
        request: &TxnRequest,
        now: Instant,
    ) -> Result<TxnResponse, Refusal> {
        self.check_quota(request, credential, now)?;
        admission::txn(request, self.settings.max_txn_operations, self.settings.release)?;
        if only_reads(request) {
            return self.txn_of_reads(credential, request, now);
        }
        let caller = self.admit_proposal(credential, request, now)?;
        let fit = self.fit(request)?;
        if !self.space.unguarded() {
            self.permit_txn(caller.as_ref(), request)?;
        }
        let (mut response, applied) = self.store.txn(request, &|lease| self.lessor.exists(lease))?;
        self.tell_of(applied, now);
        self.fill(&mut response.header);
        self.answer(response, fit, now)
    }

    /// A transaction that the cluster need not agree on.
    fn txn_of_reads(
        &mut self,
        credential: &Credential,
        request: &TxnRequest,
        now: Instant,
    ) -> Result<TxnResponse, Refusal> {
        let caller = self.authority.identify(credential, now)?;
        self.permit_txn(caller.as_ref(), request)?;
        self.authority.permit_answer(caller.as_ref())?;
        let (mut response, _) = self.store.txn(request, &|lease| self.lessor.exists(lease))?;
        self.fill(&mut response.header);
        Ok(response)
    }

    /// Forgets history. `physical` says to wait until that is done, which here it always is.
    ///
    /// # Errors
    /// A revision that is compacted already or not reached yet, or a caller who may not.
    pub fn compact(
        &mut self,
        credential: &Credential,
        request: &CompactionRequest,
        now: Instant,
    ) -> Result<CompactionResponse, Refusal> {
        let caller = self.admit_proposal(credential, request, now)?;
        if self.settings.release.holds(Fact::CompactionNeedsRoot) {
            self.authority.permit_administration(caller.as_ref())?;
        }
        self.store.compact(request.revision)?;
        Ok(CompactionResponse { header: Some(self.header()) })
    }

    fn tell_of(&mut self, applied: Option<Applied>, now: Instant) {
        if let Some(applied) = applied {
            self.tell(&applied, now);
        }
    }

    /// Completes a header in which the store has noted a revision.
    fn fill(&self, header: &mut Option<ResponseHeader>) {
        if let Some(header) = header {
            *header = self.header_at(header.revision);
        }
    }
}

/// Whether a transaction has range operations alone; one that is nested counts as a write, whatever it holds.
/// Source: etcd v3.5.5 server/etcdserver/v3_server.go, `isTxnReadonly`.
fn only_reads(request: &TxnRequest) -> bool {
    let mut operations = request.success.iter().chain(&request.failure);
    operations.all(|operation| matches!(operation.request, Some(Request::RequestRange(_))))
}
