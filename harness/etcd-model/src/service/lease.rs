//! `etcdserverpb.Lease`.

use crate::{
    member::Handle,
    proto::lease_server::{Lease, LeaseServer},
};

/// The lease service of `member`.
pub fn lease(member: Handle) -> LeaseServer<impl Lease> {
    LeaseServer::new(LeaseService { _member: member })
}

/// What it does not have yet is answered with Unimplemented.
struct LeaseService {
    _member: Handle,
}

#[tonic::async_trait]
impl Lease for LeaseService {}
