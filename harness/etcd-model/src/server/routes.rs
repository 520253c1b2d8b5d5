//! The services of one member, ready to be served over anything.

use tonic::service::Routes;

use crate::{member::Handle, service};

/// All services of `member`.
pub fn routes(member: &Handle) -> Routes {
    Routes::new(service::kv(member.clone()))
        .add_service(service::watch(member.clone()))
        .add_service(service::lease(member.clone()))
        .add_service(service::auth(member.clone()))
        .add_service(service::cluster(member.clone()))
        .add_service(service::maintenance(member.clone()))
}
