//! How the channel of each member is made.

use std::time::Duration;

use etcd_client::{Channel, Client, ConnectOptions};
use futures::FutureExt;
use tonic::transport::Endpoint;

use crate::access::User;
use crate::connect::{CONNECT_TIMEOUT, KEEP_ALIVE_INTERVAL, KEEP_ALIVE_TIMEOUT};
use crate::error::Error;

/// How [`Cluster::connect`](crate::Cluster::connect) connects; each setting has a default that recovers well.
///
/// ```
/// use etcd_queue::ClusterOptions;
///
/// let options = ClusterOptions::new().user("worker", "secret");
/// ```
#[derive(Clone)]
#[must_use = "nothing is connected before the options are given away"]
pub struct ClusterOptions {
    pub(super) user: Option<User>,
    pub(super) seed: Option<u64>,
    keep_alive: [Duration; 2],
    connect_timeout: Duration,
    require_leader: bool,
    #[cfg(feature = "tls")]
    tls: Option<etcd_client::TlsOptions>,
}

impl Default for ClusterOptions {
    fn default() -> Self {
        Self::new()
    }
}

impl ClusterOptions {
    /// No user, no TLS, and what [`connect_options`](crate::connect_options) has for the rest.
    pub fn new() -> Self {
        Self {
            user: None,
            seed: None,
            keep_alive: [KEEP_ALIVE_INTERVAL, KEEP_ALIVE_TIMEOUT],
            connect_timeout: CONNECT_TIMEOUT,
            require_leader: true,
            #[cfg(feature = "tls")]
            tls: None,
        }
    }

    /// As whom to log in. Each member gets a login of its own, with the first request that it refuses without one.
    pub fn user(mut self, name: impl Into<String>, password: impl Into<String>) -> Self {
        self.user = Some(User { name: name.into(), password: password.into() });
        self
    }

    /// After how long without a word a connection in use is asked for a sign of life, and how long that may take;
    /// [`KEEP_ALIVE_INTERVAL`] and [`KEEP_ALIVE_TIMEOUT`] by default. An etcd ends connections that ask more often
    /// than every 5 s, unless it was started with another `--grpc-keepalive-min-time`.
    pub fn keep_alive(mut self, interval: Duration, timeout: Duration) -> Self {
        self.keep_alive = [interval, timeout];
        self
    }

    /// How long it may take to connect; 2 s by default.
    pub fn connect_timeout(mut self, timeout: Duration) -> Self {
        self.connect_timeout = timeout;
        self
    }

    /// Whether a member that has lost its cluster is to refuse requests and end watches, so that another one is
    /// asked; `true` by default.
    pub fn require_leader(mut self, require_leader: bool) -> Self {
        self.require_leader = require_leader;
        self
    }

    /// TLS for endpoints with `https://` and for those without a scheme, as
    /// [`ConnectOptions::with_tls`](etcd_client::ConnectOptions::with_tls) has it.
    #[cfg(feature = "tls")]
    pub fn tls(mut self, tls: etcd_client::TlsOptions) -> Self {
        self.tls = Some(tls);
        self
    }

    /// What decides which member is asked first: the same seed, the same member. Random by default, so that many
    /// processes share all members.
    pub fn seed(mut self, seed: u64) -> Self {
        self.seed = Some(seed);
        self
    }

    /// A client on a channel of a member's own. It has no user yet: the queue logs it in.
    pub(super) fn client(&self, channel: Channel) -> Result<Client, Error> {
        let options = ConnectOptions::new().with_require_leader(self.require_leader);
        // Without a user there is nothing to wait for.
        let made = Client::from_channel(channel, Some(options)).now_or_never();
        match made {
            Some(Ok(client)) => Ok(client),
            Some(Err(error)) => Err(refused("", error.to_string())),
            None => Err(refused("", "a client without a user waits for a login".to_owned())),
        }
    }

    /// A channel that connects when it is first used, and again whenever its connection has ended.
    pub(super) fn channel(&self, endpoint: &str) -> Result<Channel, Error> {
        let made = Endpoint::from_shared(self.uri(endpoint)).and_then(|endpoint| self.secured(endpoint));
        let made = made.map_err(|error| refused(endpoint, with_causes(&error)))?;
        let [interval, timeout] = self.keep_alive;
        let made = made
            .http2_keep_alive_interval(interval)
            .keep_alive_timeout(timeout)
            .keep_alive_while_idle(false)
            .connect_timeout(self.connect_timeout);
        Ok(Channel::Tonic(made.connect_lazy()))
    }

    fn uri(&self, endpoint: &str) -> String {
        if endpoint.contains("://") {
            return endpoint.to_owned();
        }
        let scheme = if self.has_tls() { "https" } else { "http" };
        format!("{scheme}://{endpoint}")
    }

    #[cfg(feature = "tls")]
    fn has_tls(&self) -> bool {
        self.tls.is_some()
    }

    #[cfg(feature = "tls")]
    fn secured(&self, endpoint: Endpoint) -> Result<Endpoint, tonic::transport::Error> {
        match endpoint.uri().scheme_str() {
            Some("https") => endpoint.tls_config(self.tls.clone().unwrap_or_default()),
            _ => Ok(endpoint),
        }
    }

    #[cfg(not(feature = "tls"))]
    #[allow(clippy::unused_self)]
    fn has_tls(&self) -> bool {
        false
    }

    #[cfg(not(feature = "tls"))]
    #[allow(clippy::unused_self, clippy::unnecessary_wraps)]
    fn secured(&self, endpoint: Endpoint) -> Result<Endpoint, tonic::transport::Error> {
        Ok(endpoint)
    }
}

fn with_causes(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        text = format!("{text}: {error}");
        cause = error.source();
    }
    text
}

pub(super) fn refused(endpoint: &str, reason: String) -> Error {
    Error::BadEndpoint { endpoint: endpoint.to_owned(), reason }
}

impl std::fmt::Debug for ClusterOptions {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("ClusterOptions").field("keep_alive", &self.keep_alive).finish_non_exhaustive()
    }
}
