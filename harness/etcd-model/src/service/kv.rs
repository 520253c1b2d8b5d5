//! `etcdserverpb.KV`.

use tonic::{Request, Response, Status, codegen::BoxStream};

use super::limit;
use crate::{
    auth::Credential,
    member::Handle,
    mvcc::{self, admission},
    proto::{
        CompactionRequest, CompactionResponse, DeleteRangeRequest, DeleteRangeResponse, PutRequest,
        PutResponse, RangeRequest, RangeResponse, RangeStreamResponse, TxnRequest, TxnResponse,
        kv_server::{Kv, KvServer},
    },
    release::{Fact, Release},
};

/// The KV service of `member`.
pub fn kv(member: Handle) -> KvServer<impl Kv> {
    let most = limit::max_message_bytes(&member);
    KvServer::new(KvService { member }).max_decoding_message_size(most)
}

/// Whether a range may be answered in several messages. Source: etcd v3.7.3 server/etcdserver/api/v3rpc/key.go,
/// `checkRangeStreamRequest`; a call that a release does not know is gRPC's to refuse.
fn streamable(request: &RangeRequest, release: Release) -> Result<(), Status> {
    if !release.holds(Fact::RangeStream) {
        return Err(Status::unimplemented("unknown method RangeStream for service etcdserverpb.KV"));
    }
    admission::range(request, release)?;
    if !mvcc::in_default_order(request) {
        return Err(Status::unimplemented("RangeStream does not support custom sort orders"));
    }
    if mvcc::has_filters(request) {
        return Err(Status::unimplemented("RangeStream does not support revision filters"));
    }
    Ok(())
}

/// Reads and writes of one member.
struct KvService {
    member: Handle,
}

#[tonic::async_trait]
impl Kv for KvService {
    async fn range_stream(
        &self,
        request: Request<RangeRequest>,
    ) -> Result<Response<BoxStream<RangeStreamResponse>>, Status> {
        let credential = Credential::of(request.metadata());
        let request = request.into_inner();
        self.member.settled(&credential).await;
        let messages = self.member.with(|member, now| {
            streamable(&request, member.settings.release)?;
            member.range_stream(&credential, request, now).map_err(Status::from)
        })?;
        Ok(Response::new(Box::pin(tokio_stream::iter(messages.into_iter().map(Ok)))))
    }

    async fn range(&self, request: Request<RangeRequest>) -> Result<Response<RangeResponse>, Status> {
        let credential = Credential::of(request.metadata());
        let request = request.into_inner();
        self.member.settled(&credential).await;
        Ok(Response::new(self.member.with(|member, now| member.range(&credential, &request, now))?))
    }

    async fn put(&self, request: Request<PutRequest>) -> Result<Response<PutResponse>, Status> {
        let credential = Credential::of(request.metadata());
        let request = request.into_inner();
        self.member.settled(&credential).await;
        Ok(Response::new(self.member.with(|member, now| member.put(&credential, &request, now))?))
    }

    async fn delete_range(
        &self,
        request: Request<DeleteRangeRequest>,
    ) -> Result<Response<DeleteRangeResponse>, Status> {
        let credential = Credential::of(request.metadata());
        let request = request.into_inner();
        self.member.settled(&credential).await;
        Ok(Response::new(self.member.with(|member, now| member.delete_range(&credential, &request, now))?))
    }

    async fn txn(&self, request: Request<TxnRequest>) -> Result<Response<TxnResponse>, Status> {
        let credential = Credential::of(request.metadata());
        let request = request.into_inner();
        self.member.settled(&credential).await;
        Ok(Response::new(self.member.with(|member, now| member.txn(&credential, &request, now))?))
    }

    async fn compact(
        &self,
        request: Request<CompactionRequest>,
    ) -> Result<Response<CompactionResponse>, Status> {
        let credential = Credential::of(request.metadata());
        let request = request.into_inner();
        self.member.settled(&credential).await;
        Ok(Response::new(self.member.with(|member, now| member.compact(&credential, &request, now))?))
    }
}
