//! `etcdserverpb.Auth`.

use tonic::{Request, Response, Status};

use super::limit;
use crate::{
    auth::Credential,
    member::Handle,
    proto::{
        AuthDisableRequest, AuthDisableResponse, AuthEnableRequest, AuthEnableResponse, AuthRoleAddRequest,
        AuthRoleAddResponse, AuthRoleDeleteRequest, AuthRoleDeleteResponse, AuthRoleGetRequest,
        AuthRoleGetResponse, AuthRoleGrantPermissionRequest, AuthRoleGrantPermissionResponse,
        AuthRoleListRequest, AuthRoleListResponse, AuthRoleRevokePermissionRequest,
        AuthRoleRevokePermissionResponse, AuthStatusRequest, AuthStatusResponse, AuthUserAddRequest,
        AuthUserAddResponse, AuthUserChangePasswordRequest, AuthUserChangePasswordResponse,
        AuthUserDeleteRequest, AuthUserDeleteResponse, AuthUserGetRequest, AuthUserGetResponse,
        AuthUserGrantRoleRequest, AuthUserGrantRoleResponse, AuthUserListRequest, AuthUserListResponse,
        AuthUserRevokeRoleRequest, AuthUserRevokeRoleResponse, AuthenticateRequest, AuthenticateResponse,
        auth_server::{Auth, AuthServer},
    },
    release::Fact,
};

/// The auth service of `member`.
pub fn auth(member: Handle) -> AuthServer<impl Auth> {
    let most = limit::max_message_bytes(&member);
    AuthServer::new(AuthService { member }).max_decoding_message_size(most)
}

/// Users, roles and logins of one member.
struct AuthService {
    member: Handle,
}

/// Writes the calls that hand a request and its credential on and do nothing else.
macro_rules! hands_on {
    ($($call:ident($Request:ident) -> $Response:ident;)*) => {
        #[tonic::async_trait]
        impl Auth for AuthService {
            async fn authenticate(
                &self,
                request: Request<AuthenticateRequest>,
            ) -> Result<Response<AuthenticateResponse>, Status> {
                let request = request.into_inner();
                Ok(Response::new(self.member.with(|member, now| member.authenticate(&request, now))?))
            }

            async fn auth_status(
                &self,
                request: Request<AuthStatusRequest>,
            ) -> Result<Response<AuthStatusResponse>, Status> {
                if !self.member.with(|member, _| member.settings.release.holds(Fact::AuthStatus)) {
                    return Err(Status::unimplemented("unknown method AuthStatus for service etcdserverpb.Auth"));
                }
                let credential = Credential::of(request.metadata());
                let request = request.into_inner();
                self.member.settled(&credential).await;
                let answer = self.member.with(|member, now| member.auth_status(&credential, &request, now))?;
                Ok(Response::new(answer))
            }
        $(
            async fn $call(&self, request: Request<$Request>) -> Result<Response<$Response>, Status> {
                let credential = Credential::of(request.metadata());
                let request = request.into_inner();
                self.member.settled(&credential).await;
                Ok(Response::new(self.member.with(|member, now| member.$call(&credential, &request, now))?))
            }
        )*}
    };
}

hands_on! {
    auth_enable(AuthEnableRequest) -> AuthEnableResponse;
    auth_disable(AuthDisableRequest) -> AuthDisableResponse;
    user_add(AuthUserAddRequest) -> AuthUserAddResponse;
    user_get(AuthUserGetRequest) -> AuthUserGetResponse;
    user_list(AuthUserListRequest) -> AuthUserListResponse;
    user_delete(AuthUserDeleteRequest) -> AuthUserDeleteResponse;
    user_change_password(AuthUserChangePasswordRequest) -> AuthUserChangePasswordResponse;
    user_grant_role(AuthUserGrantRoleRequest) -> AuthUserGrantRoleResponse;
    user_revoke_role(AuthUserRevokeRoleRequest) -> AuthUserRevokeRoleResponse;
    role_add(AuthRoleAddRequest) -> AuthRoleAddResponse;
    role_get(AuthRoleGetRequest) -> AuthRoleGetResponse;
    role_list(AuthRoleListRequest) -> AuthRoleListResponse;
    role_delete(AuthRoleDeleteRequest) -> AuthRoleDeleteResponse;
    role_grant_permission(AuthRoleGrantPermissionRequest) -> AuthRoleGrantPermissionResponse;
    role_revoke_permission(AuthRoleRevokePermissionRequest) -> AuthRoleRevokePermissionResponse;
}
