//! `etcdserverpb.Maintenance`. Hashes, snapshots and downgrades are left to tonic to refuse.

use tonic::{Code, Request, Response, Status};

use super::limit::max_message_bytes;
use crate::{
    auth::Credential,
    member::Handle,
    proto::{
        AlarmRequest, AlarmResponse, DefragmentRequest, DefragmentResponse, MoveLeaderRequest,
        MoveLeaderResponse, StatusRequest, StatusResponse,
        maintenance_server::{Maintenance, MaintenanceServer},
    },
    refusal::Refusal,
    release::{Fact, Release},
};

/// The maintenance service of `member`.
pub fn maintenance(member: Handle) -> MaintenanceServer<impl Maintenance> {
    let most = max_message_bytes(&member);
    MaintenanceServer::new(MaintenanceService { member }).max_decoding_message_size(most)
}

/// The upkeep of one member.
struct MaintenanceService {
    member: Handle,
}

#[tonic::async_trait]
impl Maintenance for MaintenanceService {
    async fn status(&self, request: Request<StatusRequest>) -> Result<Response<StatusResponse>, Status> {
        let credential = Credential::of(request.metadata());
        Ok(Response::new(self.member.with(|member, now| member.status(&credential, now))?))
    }

    async fn alarm(&self, request: Request<AlarmRequest>) -> Result<Response<AlarmResponse>, Status> {
        let credential = Credential::of(request.metadata());
        let request = request.into_inner();
        match self.member.with(|member, now| member.alarm(&credential, &request, now))? {
            Some(answer) => Ok(Response::new(answer)),
            None => Err(Status::unimplemented("the model has no such alarm")),
        }
    }

    async fn move_leader(
        &self,
        request: Request<MoveLeaderRequest>,
    ) -> Result<Response<MoveLeaderResponse>, Status> {
        let credential = Credential::of(request.metadata());
        let request = request.into_inner();
        Ok(Response::new(self.member.with(|member, now| member.move_leader(&credential, request, now))?))
    }

    async fn defragment(
        &self,
        request: Request<DefragmentRequest>,
    ) -> Result<Response<DefragmentResponse>, Status> {
        let credential = Credential::of(request.metadata());
        let (answer, release) =
            self.member.with(|member, now| (member.defragment(&credential, now), member.settings.release));
        answer.map(Response::new).map_err(|refusal| refused(refusal, release))
    }
}

/// A refusal as this service tells it.
fn refused(refusal: Refusal, release: Release) -> Status {
    if release.holds(Fact::MaintenanceRefusalHasCode) {
        return refusal.into();
    }
    let own_words = match refusal {
        Refusal::AuthOldRevision => Refusal::AuthOldRevisionUnmapped.text().to_owned(),
        // The server's own words say `auth` where those for clients say `etcdserver`.
        _ => refusal.text().replacen("etcdserver", "auth", 1),
    };
    Status::new(Code::Unknown, own_words)
}
