//! `etcdserverpb.Lease`.

use futures::{StreamExt, stream};
use tokio::time::sleep_until;
use tonic::{Request, Response, Status, Streaming, codegen::BoxStream};

use super::limit::{Requests, in_gos_words, max_message_bytes};
use crate::{
    auth::Credential,
    member::{Handle, KeepAlive},
    proto::{
        LeaseGrantRequest, LeaseGrantResponse, LeaseKeepAliveRequest, LeaseKeepAliveResponse,
        LeaseLeasesRequest, LeaseLeasesResponse, LeaseRevokeRequest, LeaseRevokeResponse,
        LeaseTimeToLiveRequest, LeaseTimeToLiveResponse,
        lease_server::{Lease, LeaseServer},
    },
};

/// The lease service of `member`.
pub fn lease(member: Handle) -> LeaseServer<impl Lease> {
    let most = max_message_bytes(&member);
    LeaseServer::new(LeaseService { member }).max_decoding_message_size(most)
}

/// Leases of one member.
struct LeaseService {
    member: Handle,
}

#[tonic::async_trait]
impl Lease for LeaseService {
    async fn lease_grant(
        &self,
        request: Request<LeaseGrantRequest>,
    ) -> Result<Response<LeaseGrantResponse>, Status> {
        let credential = Credential::of(request.metadata());
        let request = request.into_inner();
        self.member.settled(&credential).await;
        Ok(Response::new(self.member.with(|member, now| member.lease_grant(&credential, &request, now))?))
    }

    async fn lease_revoke(
        &self,
        request: Request<LeaseRevokeRequest>,
    ) -> Result<Response<LeaseRevokeResponse>, Status> {
        let credential = Credential::of(request.metadata());
        let request = request.into_inner();
        self.member.settled(&credential).await;
        Ok(Response::new(self.member.with(|member, now| member.lease_revoke(&credential, &request, now))?))
    }

    async fn lease_keep_alive(
        &self,
        request: Request<Streaming<LeaseKeepAliveRequest>>,
    ) -> Result<Response<BoxStream<LeaseKeepAliveResponse>>, Status> {
        let kept = Kept {
            credential: Credential::of(request.metadata()),
            member: self.member.clone(),
            requests: request.into_inner(),
        };
        Ok(Response::new(Box::pin(stream::try_unfold(kept, Kept::answer))))
    }

    async fn lease_time_to_live(
        &self,
        request: Request<LeaseTimeToLiveRequest>,
    ) -> Result<Response<LeaseTimeToLiveResponse>, Status> {
        let credential = Credential::of(request.metadata());
        let request = request.into_inner();
        let answer = self.member.with(|member, now| member.lease_time_to_live(&credential, &request, now))?;
        Ok(Response::new(answer))
    }

    async fn lease_leases(
        &self,
        request: Request<LeaseLeasesRequest>,
    ) -> Result<Response<LeaseLeasesResponse>, Status> {
        let credential = Credential::of(request.metadata());
        Ok(Response::new(self.member.with(|member, now| member.lease_leases(&credential, now))?))
    }
}

/// A stream of keep-alives: one answer to each, in order. It ends as the client ends it, or with a refusal.
struct Kept {
    member: Handle,
    credential: Credential,
    requests: Streaming<LeaseKeepAliveRequest>,
}

impl Kept {
    async fn answer(mut self) -> Result<Option<(LeaseKeepAliveResponse, Self)>, Status> {
        let Some(request) = self.requests.next().await else { return Ok(None) };
        let request = request.map_err(|status| in_gos_words(&status, Requests::Stream).unwrap_or(status))?;
        self.member.with(|member, _| member.settings.pace).request().await;
        let answer =
            match self.member.with(|member, now| member.lease_keep_alive(&self.credential, &request, now))? {
                KeepAlive::Now(answer) => answer,
                KeepAlive::At(moment, answer) => {
                    sleep_until(moment).await;
                    answer
                }
            };
        Ok(Some((answer, self)))
    }
}
