//! Serving one connection.

use hyper::server::conn::http2;
use hyper_util::{rt::TokioIo, service::TowerToHyperService};
use tokio::io::{AsyncRead, AsyncWrite};

use super::{door::Door, tasks::Spawner};

/// How many streams that a client opens and at once resets are remembered before the connection is ended for it: as
/// good as any number. A real etcd has no such limit (or, later, a large one), and many clients in one instant of
/// virtual time are no attack.
const RESET_STREAMS: usize = 100_000;

/// The most that the headers of a call may take, bytes. Source: google.golang.org/grpc v1.41.0
/// internal/transport/defaults.go, `defaultServerMaxHeaderListSize`.
const HEADERS_BYTES: u32 = 16 << 20;

/// Serves one connection until its client closes it, or the server ends.
pub(super) async fn serve(
    io: impl AsyncRead + AsyncWrite + Unpin + Send + 'static,
    door: Door,
    spawner: Spawner,
) {
    let served = http2::Builder::new(spawner)
        // Go's server sends no such header; and the wall's clock would make each run another.
        .auto_date_header(false)
        // Source: etcd v3.5.5 server/embed/config.go, `DefaultMaxConcurrentStreams`.
        .max_concurrent_streams(u32::MAX)
        .max_header_list_size(HEADERS_BYTES)
        .max_pending_accept_reset_streams(RESET_STREAMS)
        .max_local_error_reset_streams(RESET_STREAMS)
        .serve_connection(TokioIo::new(io), TowerToHyperService::new(door));
    if let Err(error) = served.await {
        tracing::debug!(%error, "a connection ended");
    }
}
