//! Connections through a port of this machine, in real time.

use std::{io, net::SocketAddr, time::Duration};

use tokio::net::TcpListener;

use super::{connection, door::Door, tasks::Spawner};

/// How long nobody is let in after that failed: what holds the room now needs time to leave.
const RETRY_AFTER: Duration = Duration::from_millis(10);

/// Takes a port; 0 is any that is free.
pub(super) async fn bind(address: SocketAddr) -> io::Result<TcpListener> {
    TcpListener::bind(address).await
}

/// Serves whoever connects, until the server ends.
pub(super) async fn accept(listener: TcpListener, door: Door, spawner: Spawner) {
    loop {
        match listener.accept().await {
            Ok((stream, _)) => {
                // As Go does: small answers leave at once.
                if let Err(error) = stream.set_nodelay(true) {
                    tracing::debug!(%error, "a connection keeps its delay");
                }
                spawner.spawn(connection::serve(stream, door.clone(), spawner.clone()));
            }
            Err(error) => {
                // The one that wanted to connect has gone, or there is no room now: others may come.
                tracing::debug!(%error, "a connection was not accepted");
                tokio::time::sleep(RETRY_AFTER).await;
            }
        }
    }
}
