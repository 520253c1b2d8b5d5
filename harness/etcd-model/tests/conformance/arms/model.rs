//! The model: a fresh member over pipes in memory, in tokio's paused time.

use std::time::Duration;

use etcd_model::{
    member::{Handle, Settings},
    release::Release,
    server,
};
use hyper_util::rt::TokioIo;
use tokio::sync::mpsc::unbounded_channel;
use tokio_stream::{StreamExt, wrappers::UnboundedReceiverStream};
use tonic::transport::{Endpoint, Server};
use tower::service_fn;

use crate::case::{Line, Start};

/// What one pipe holds before its writer waits, bytes.
const PIPE_BYTES: usize = 64 * 1024;

/// A model of one release.
pub struct Model {
    member: Handle,
}

impl Model {
    /// A fresh member.
    pub fn start(release: Release, start: Start) -> Self {
        let mut settings = Settings::of(release);
        if let Start::TokenTtlS(ttl_s) = start {
            settings.token_ttl = Duration::from_secs(ttl_s);
        }
        Self { member: Handle::new(settings) }
    }

    /// A connection to it; it is served until the runtime ends.
    pub async fn connect(&self) -> Line {
        let (tell, pipes) = unbounded_channel();
        let routes = server::routes(&self.member);
        let pipes = UnboundedReceiverStream::new(pipes).map(Ok::<_, std::io::Error>);
        tokio::spawn(Server::builder().add_routes(routes).serve_with_incoming(pipes));
        let connector = service_fn(move |_| {
            let (ours, theirs) = tokio::io::duplex(PIPE_BYTES);
            let told = tell.send(theirs).map_err(|_| std::io::Error::other("the model has ended"));
            async move { told.map(|()| TokioIo::new(ours)) }
        });
        let endpoint = Endpoint::from_static("http://model");
        Line { channel: endpoint.connect_with_connector(connector).await.unwrap() }
    }
}
