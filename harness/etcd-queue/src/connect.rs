//! How a client should be connected for a queue.

use std::time::Duration;

use etcd_client::ConnectOptions;

/// After how long without a word from etcd a connection is asked for a sign of life. For who makes the channel of a
/// client himself ([`Client::from_channel`](etcd_client::Client::from_channel)), which no option reaches.
///
/// An etcd ends a connection after the third ping that comes less than 5 s after the one before with nothing sent in
/// between, and after the third one on which no request is under way (etcd v3.5.16 server/embed/config.go,
/// `DefaultGRPCKeepAliveMinTime`; server/embed/etcd.go, `PermitWithoutStream: false`). So a channel must not ping while
/// it is idle, either: without `keep_alive_while_idle`.
pub const KEEP_ALIVE_INTERVAL: Duration = Duration::from_millis(5_200);
/// How long it may take to give one, before the connection is given up.
pub const KEEP_ALIVE_TIMEOUT: Duration = Duration::from_secs(2);
/// How long it may take to connect.
pub(crate) const CONNECT_TIMEOUT: Duration = Duration::from_secs(2);

/// The options to connect a client with that a queue is to recover well on.
///
/// - HTTP/2 keep-alive while requests are under way, 5.2 s and 2 s more: a connection that was dropped without a word
///   is noticed within 7.2 s and made anew. The queue itself notices that its watch is deaf, but only the client can
///   give up a connection. Any shorter, or while idle, etcd ends the connection for its pings.
/// - `require_leader`: a member that has lost its cluster says so instead of keeping a silent watch open.
/// - 2 s to connect, so that another endpoint is tried soon.
///
/// With several endpoints, use [`Queue::connect`](crate::Queue::connect) instead: a client can't be kept from a member
/// that is down or does not answer.
///
/// Add the user with `with_user`, and TLS as you need it.
///
/// ```no_run
/// # async fn run() -> Result<(), etcd_client::Error> {
/// let options = etcd_queue::connect_options().with_user("worker", "secret");
/// let client = etcd_client::Client::connect(["10.0.0.1:2379", "10.0.0.2:2379"], Some(options)).await?;
/// # Ok(())
/// # }
/// ```
pub fn connect_options() -> ConnectOptions {
    ConnectOptions::new()
        .with_keep_alive(KEEP_ALIVE_INTERVAL, KEEP_ALIVE_TIMEOUT)
        .with_keep_alive_while_idle(false)
        .with_connect_timeout(CONNECT_TIMEOUT)
        .with_require_leader(true)
}
