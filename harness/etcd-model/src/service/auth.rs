//! `etcdserverpb.Auth`.

use crate::{
    member::Handle,
    proto::auth_server::{Auth, AuthServer},
};

/// The auth service of `member`.
pub fn auth(member: Handle) -> AuthServer<impl Auth> {
    AuthServer::new(AuthService { _member: member })
}

/// What it does not have yet is answered with Unimplemented.
struct AuthService {
    _member: Handle,
}

#[tonic::async_trait]
impl Auth for AuthService {}
