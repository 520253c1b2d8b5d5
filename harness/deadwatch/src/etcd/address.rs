//! Where an etcd is reached, and as whom.

use std::net::SocketAddr;

use tonic::transport::{Channel, Endpoint};

/// Where a client reaches an etcd.
#[derive(Clone, Debug)]
pub enum Address {
    /// A plain-text port, on loopback.
    Tcp(SocketAddr),
}

impl Address {
    /// A channel to it that connects when it is first used and again whenever it has to, without credentials.
    pub fn channel(&self) -> Channel {
        match self {
            Self::Tcp(address) => endpoint(&format!("http://{address}")).connect_lazy(),
        }
    }
}

/// A tonic endpoint for a text that is known to be a URI.
fn endpoint(uri: &str) -> Endpoint {
    Endpoint::try_from(uri.to_owned())
        .unwrap_or_else(|_| Endpoint::from_static("http://127.0.0.1:0"))
        .tcp_nodelay(true)
}

/// A user and its password.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Credentials {
    /// The user's name.
    pub user: String,
    /// Its password.
    pub password: String,
}

impl Credentials {
    /// The user of the story: `root` with the password `root`.
    pub fn root() -> Self {
        Self { user: "root".to_owned(), password: "root".to_owned() }
    }
}
