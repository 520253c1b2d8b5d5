//! `etcdserverpb.Maintenance`.

use crate::{
    member::Handle,
    proto::maintenance_server::{Maintenance, MaintenanceServer},
};

/// The maintenance service of `member`.
pub fn maintenance(member: Handle) -> MaintenanceServer<impl Maintenance> {
    MaintenanceServer::new(MaintenanceService { _member: member })
}

/// What it does not have yet is answered with Unimplemented.
struct MaintenanceService {
    _member: Handle,
}

#[tonic::async_trait]
impl Maintenance for MaintenanceService {}
