//! `etcdserverpb.Cluster`. There is one member, and no other ever: what changes members is left to tonic to refuse.

use tonic::{Request, Response, Status};

use crate::{
    auth::Credential,
    member::Handle,
    proto::{
        MemberListRequest, MemberListResponse,
        cluster_server::{Cluster, ClusterServer},
    },
};

/// The cluster service of `member`.
pub fn cluster(member: Handle) -> ClusterServer<impl Cluster> {
    ClusterServer::new(ClusterService { member })
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
}
