//! `etcdserverpb.KV`.

use tonic::{Request, Response, Status};

use super::limit;
use crate::{
    auth::Credential,
    member::Handle,
    proto::{
        CompactionRequest, CompactionResponse, DeleteRangeRequest, DeleteRangeResponse, PutRequest,
        PutResponse, RangeRequest, RangeResponse, TxnRequest, TxnResponse,
        kv_server::{Kv, KvServer},
    },
};

/// The KV service of `member`.
pub fn kv(member: Handle) -> KvServer<impl Kv> {
    KvServer::new(KvService { member }).max_decoding_message_size(usize::MAX)
}

/// Reads and writes of one member.
struct KvService {
    member: Handle,
}

#[tonic::async_trait]
impl Kv for KvService {
    async fn range(&self, request: Request<RangeRequest>) -> Result<Response<RangeResponse>, Status> {
        let credential = Credential::of(request.metadata());
        let request = request.into_inner();
        limit::admit(&request)?;
        Ok(Response::new(self.member.with(|member, now| member.range(&credential, request, now))?))
    }

    async fn put(&self, request: Request<PutRequest>) -> Result<Response<PutResponse>, Status> {
        let credential = Credential::of(request.metadata());
        let request = request.into_inner();
        limit::admit(&request)?;
        Ok(Response::new(self.member.with(|member, now| member.put(&credential, request, now))?))
    }

    async fn delete_range(
        &self,
        request: Request<DeleteRangeRequest>,
    ) -> Result<Response<DeleteRangeResponse>, Status> {
        let credential = Credential::of(request.metadata());
        let request = request.into_inner();
        limit::admit(&request)?;
        Ok(Response::new(self.member.with(|member, now| member.delete_range(&credential, request, now))?))
    }

    async fn txn(&self, request: Request<TxnRequest>) -> Result<Response<TxnResponse>, Status> {
        let credential = Credential::of(request.metadata());
        let request = request.into_inner();
        limit::admit(&request)?;
        Ok(Response::new(self.member.with(|member, now| member.txn(&credential, request, now))?))
    }

    async fn compact(
        &self,
        request: Request<CompactionRequest>,
    ) -> Result<Response<CompactionResponse>, Status> {
        let credential = Credential::of(request.metadata());
        let request = request.into_inner();
        limit::admit(&request)?;
        Ok(Response::new(self.member.with(|member, now| member.compact(&credential, request, now))?))
    }
}
