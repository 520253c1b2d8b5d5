//! Where a connection goes that carries nothing any more.

use std::io;

use tokio::io::{AsyncRead, AsyncWrite, AsyncWriteExt, copy, sink};

use super::link::{Condition, Link};

/// Swallows what both sides send, until the client has ended its side.
///
/// A network that drops every packet acknowledges nothing, and a sender blocks once its kernel's buffer of some
/// megabytes is full. Here everything is read and thrown away instead, for three reasons: the end of a client is
/// noticed, so that nothing is left behind; loopback's buffers and those in memory, which differ a lot, don't show;
/// and a sender has to stop all the same, by HTTP/2's windows of 64 KiB, which nobody opens any more.
///
/// The server's end is not told to the client, since the news would have to pass the hole.
///
/// # Errors
/// A reset, where the connection is cut after all.
pub(super) async fn swallow<C, S>(client: &mut C, server: &mut S, link: &Link) -> io::Result<()>
where
    C: AsyncRead + Unpin,
    S: AsyncRead + AsyncWrite + Unpin,
{
    let (mut from_client, mut from_server) = (sink(), sink());
    let unheard = async {
        // However it ends, nobody is told.
        let _ = copy(&mut *server, &mut from_server).await;
        let _ = server.shutdown().await;
        std::future::pending::<()>().await;
    };
    tokio::select! {
        biased;
        _ = link.worse_than(Condition::Silenced) => Err(io::ErrorKind::ConnectionReset.into()),
        _ = copy(client, &mut from_client) => Ok(()),
        () = unheard => Ok(()),
    }
}
