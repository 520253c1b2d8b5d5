//! The KV calls: check the request, check the caller, apply, tell the watches.

use tokio::time::Instant;

use super::Member;
use crate::{
    auth::Credential,
    proto::{
        CompactionRequest, CompactionResponse, DeleteRangeRequest, DeleteRangeResponse, PutRequest,
        PutResponse, RangeRequest, RangeResponse, TxnRequest, TxnResponse,
    },
    refusal::Refusal,
};

#[allow(clippy::todo, unused_variables, missing_docs)]
impl Member {
    pub fn range(
        &mut self,
        credential: &Credential,
        request: RangeRequest,
        now: Instant,
    ) -> Result<RangeResponse, Refusal> {
        todo!()
    }

    pub fn put(
        &mut self,
        credential: &Credential,
        request: PutRequest,
        now: Instant,
    ) -> Result<PutResponse, Refusal> {
        todo!()
    }

    pub fn delete_range(
        &mut self,
        credential: &Credential,
        request: DeleteRangeRequest,
        now: Instant,
    ) -> Result<DeleteRangeResponse, Refusal> {
        todo!()
    }

    pub fn txn(
        &mut self,
        credential: &Credential,
        request: TxnRequest,
        now: Instant,
    ) -> Result<TxnResponse, Refusal> {
        todo!()
    }

    pub fn compact(
        &mut self,
        credential: &Credential,
        request: CompactionRequest,
        now: Instant,
    ) -> Result<CompactionResponse, Refusal> {
        todo!()
    }
}
