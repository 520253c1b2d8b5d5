//! Where the etcd is that a wire leads to. It may move: a restarted etcd may listen elsewhere.

use std::io;
use std::net::SocketAddr;
use std::sync::{PoisonError, RwLock};

use tokio::io::DuplexStream;
use tokio::net::TcpStream;

use crate::etcd::Address;

/// The etcd at the far end, shared by all connections of a wire.
#[derive(Debug)]
pub(super) struct Upstream(RwLock<Whereabouts>);

#[derive(Clone, Debug)]
enum Whereabouts {
    At(Address),
    /// It is down. It was there last, where by now another etcd may listen.
    WasAt(Address),
}

/// The connection to an etcd.
pub(super) enum Server {
    Tcp(TcpStream),
    Pipe(DuplexStream),
}

impl Upstream {
    /// The etcd at that address.
    pub fn new(address: Address) -> Self {
        Self(RwLock::new(Whereabouts::At(address)))
    }

    /// Connections from now on lead there.
    pub fn replace(&self, address: Address) {
        *self.0.write().unwrap_or_else(PoisonError::into_inner) = Whereabouts::At(address);
    }

    /// Connections from now on are refused.
    pub fn remove(&self) {
        let mut whereabouts = self.0.write().unwrap_or_else(PoisonError::into_inner);
        if let Whereabouts::At(address) = &*whereabouts {
            *whereabouts = Whereabouts::WasAt(address.clone());
        }
    }

    /// Where connections lead now, or led last.
    pub fn address(&self) -> Address {
        match self.whereabouts() {
            Whereabouts::At(address) | Whereabouts::WasAt(address) => address,
        }
    }

    /// A new connection to where the etcd is now.
    ///
    /// # Errors
    /// That of the connection; [`io::ErrorKind::ConnectionRefused`] while the etcd is nowhere.
    pub async fn connect(&self) -> io::Result<Server> {
        match self.whereabouts() {
            Whereabouts::At(Address::Tcp(port)) => connect(port).await.map(Server::Tcp),
            Whereabouts::At(Address::Pipe(dial)) => dial.connect().map(Server::Pipe),
            Whereabouts::WasAt(_) => Err(io::ErrorKind::ConnectionRefused.into()),
        }
    }

    fn whereabouts(&self) -> Whereabouts {
        self.0.read().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

async fn connect(port: SocketAddr) -> io::Result<TcpStream> {
    let stream = TcpStream::connect(port).await?;
    stream.set_nodelay(true)?;
    Ok(stream)
}
