//! Where an etcd is reached, and as whom.

use std::{
    fmt, io,
    net::SocketAddr,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
};

use hyper_util::rt::TokioIo;
use tokio::io::DuplexStream;
use tonic::transport::{Channel, Endpoint};
use tower::service_fn;

/// Where a client reaches an etcd.
#[derive(Clone, Debug)]
pub enum Address {
    /// A plain-text port, on loopback.
    Tcp(SocketAddr),
    /// Pipes in memory, within this process and in whatever time its runtime keeps.
    Pipe(Dial),
}

impl Address {
    /// A channel to it that connects when it is first used and again whenever it has to, without credentials.
    pub fn channel(&self) -> Channel {
        self.channel_with(|endpoint| endpoint)
    }

    /// What a client is told who connects by itself: `127.0.0.1:2379`; of pipes in memory a name that leads nowhere.
    pub fn endpoint(&self) -> String {
        match self {
            Self::Tcp(address) => address.to_string(),
            Self::Pipe(_) => "in-memory".to_owned(),
        }
    }

    /// A channel to it as [`channel`](Self::channel) makes it, with the connection's settings changed first, its keep-alive for one.
    pub fn channel_with(&self, set: impl FnOnce(Endpoint) -> Endpoint) -> Channel {
        match self {
            Self::Tcp(address) => set(endpoint(&format!("http://{address}"))).connect_lazy(),
            Self::Pipe(dial) => {
                let dial = dial.clone();
                let connect = move |_| {
                    let connection = dial.connect();
                    async move { connection.map(TokioIo::new) }
                };
                set(Endpoint::from_static("http://in-memory"))
                    .connect_with_connector_lazy(service_fn(connect))
            }
        }
    }
}

/// Opens connections in memory.
#[derive(Clone)]
pub struct Dial(Arc<dyn Fn() -> io::Result<(DuplexStream, Reset)> + Send + Sync>);

impl Dial {
    /// Opens connections by calling this; they are never reset.
    pub fn new(connect: impl Fn() -> io::Result<DuplexStream> + Send + Sync + 'static) -> Self {
        Self::resettable(move || Ok((connect()?, Reset::default())))
    }

    /// Opens connections by calling this; the other side can reset them.
    pub fn resettable(
        connect: impl Fn() -> io::Result<(DuplexStream, Reset)> + Send + Sync + 'static,
    ) -> Self {
        Self(Arc::new(connect))
    }

    /// Opens a connection: the client's end of it.
    ///
    /// # Errors
    /// [`io::ErrorKind::ConnectionRefused`] where nobody serves.
    pub fn connect(&self) -> io::Result<DuplexStream> {
        self.connect_resettable().map(|(connection, _)| connection)
    }

    /// The same, and whether it was reset.
    ///
    /// # Errors
    /// Those of [`Dial::connect`].
    pub fn connect_resettable(&self) -> io::Result<(DuplexStream, Reset)> {
        (self.0)()
    }
}

/// Whether the other side has reset a connection in memory, which ends like one that is finished: a pipe has but one
/// way to end. Clones are one and the same.
#[derive(Clone, Debug, Default)]
pub struct Reset(Arc<AtomicBool>);

impl Reset {
    /// The connection is reset; its other end is dropped right after this.
    pub fn set(&self) {
        self.0.store(true, Ordering::Release);
    }

    /// Whether its end is a reset.
    pub fn is_set(&self) -> bool {
        self.0.load(Ordering::Acquire)
    }
}

impl fmt::Debug for Dial {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Dial")
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
