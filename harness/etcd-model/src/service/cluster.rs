//! `etcdserverpb.Cluster`.

use crate::{
    member::Handle,
    proto::cluster_server::{Cluster, ClusterServer},
};

/// The cluster service of `member`.
pub fn cluster(member: Handle) -> ClusterServer<impl Cluster> {
    ClusterServer::new(ClusterService { _member: member })
}

/// What it does not have yet is answered with Unimplemented.
struct ClusterService {
    _member: Handle,
}

#[tonic::async_trait]
impl Cluster for ClusterService {}
