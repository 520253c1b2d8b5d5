//! `etcdserverpb.Watch`.

use crate::{
    member::Handle,
    proto::watch_server::{Watch, WatchServer},
};

/// The watch service of `member`.
pub fn watch(member: Handle) -> WatchServer<impl Watch> {
    WatchServer::new(WatchService { _member: member })
}

/// What it does not have yet is answered with Unimplemented.
struct WatchService {
    _member: Handle,
}

#[tonic::async_trait]
impl Watch for WatchService {}
