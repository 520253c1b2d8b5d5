//! `etcdserverpb.Cluster`. There is one member, and no other ever: adding one is left to tonic
//! to refuse.

use tonic::{Request, Response, Status};

use super::limit::max_message_bytes;
use crate::{
    auth::Credential,
    member::Handle,
    proto::{
        MemberListRequest, MemberListResponse, MemberPromoteRequest, MemberPromoteResponse,
        MemberRemoveRequest, MemberRemoveResponse, MemberUpdateRequest, MemberUpdateResponse,
        cluster_server::{Cluster, ClusterServer},
    },
};

/// The cluster service of `member`.
pub fn cluster(member: Handle) -> ClusterServer<impl Cluster> {
    let most = max_message_bytes(&member);
    ClusterServer::new(ClusterService { member }).max_decoding_message_size(most)
}

/// The cluster of one member.
struct ClusterService {
    member: Handle,
}

#[tonic::async_trait]
impl Cluster for ClusterService {
    async fn member_list(
        &self,
        request: Request<MemberListRequest>,
    ) -> Result<Response<MemberListResponse>, Status> {
        let credential = Credential::of(request.metadata());
        let request = request.into_inner();
        Ok(Response::new(self.member.with(|member, now| member.member_list(&credential, &request, now))?))
    }

    async fn member_remove(
        &self,
        request: Request<MemberRemoveRequest>,
    ) -> Result<Response<MemberRemoveResponse>, Status> {
        let credential = Credential::of(request.metadata());
        let id = request.into_inner().id;
        Err(self.member.with(|member, now| member.member_remove(&credential, id, now)).into())
    }

    async fn member_update(
        &self,
        request: Request<MemberUpdateRequest>,
    ) -> Result<Response<MemberUpdateResponse>, Status> {
        let credential = Credential::of(request.metadata());
        let request = request.into_inner();
        Ok(Response::new(self.member.with(|member, now| member.member_update(&credential, request, now))?))
    }

    async fn member_promote(
        &self,
        request: Request<MemberPromoteRequest>,
    ) -> Result<Response<MemberPromoteResponse>, Status> {
        let credential = Credential::of(request.metadata());
        let id = request.into_inner().id;
        Err(self.member.with(|member, now| member.member_promote(&credential, id, now)).into())
    }
}
