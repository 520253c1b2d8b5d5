//! Where the etcd is that a wire leads to. It may move: a restarted etcd may listen elsewhere.

use std::io;
use std::net::SocketAddr;
use std::sync::{PoisonError, RwLock};

use tokio::net::TcpStream;

use crate::etcd::Address;

/// The etcd at the far end, shared by all connections of a wire.
#[derive(Debug)]
pub(super) struct Upstream(RwLock<Address>);

impl Upstream {
    /// The etcd at that address.
    pub fn new(address: Address) -> Self {
        Self(RwLock::new(address))
    }

    /// Connections from now on lead there.
    pub fn replace(&self, address: Address) {
        *self.0.write().unwrap_or_else(PoisonError::into_inner) = address;
    }

    /// Where connections lead now.
    pub fn address(&self) -> Address {
        self.0.read().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

/// A new connection to a port.
///
/// # Errors
/// That of the connection, such as a refused one.
pub(super) async fn connect(port: SocketAddr) -> io::Result<TcpStream> {
    let stream = TcpStream::connect(port).await?;
    stream.set_nodelay(true)?;
    Ok(stream)
}
