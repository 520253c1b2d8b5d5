//! What the wire sees pass by.

use tokio::time::Instant;

/// Something that passed over the connection of one client.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sighting {
    /// The client whose connection it was.
    pub client: String,
    /// When it passed.
    pub at: Instant,
    /// What passed.
    pub seen: Seen,
}

/// What passed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Seen {
    /// The client connected.
    Connected,
    /// The connection ended, by whomever.
    Disconnected,
    /// A request left the client: a unary call, or one message on a stream (a watch's create or cancel).
    Request {
        /// The method's path, such as `/etcdserverpb.KV/Range`.
        method: String,
        /// The token that the call or its stream was opened with, if any.
        token: Option<String>,
    },
    /// The server answered a login with this token.
    LoggedIn {
        /// The token.
        token: String,
    },
    /// The server refused to create a watch: one response, created and canceled at once.
    WatchRefused {
        /// The id the response names: -1, or on older servers the id that was asked for.
        watch_id: i64,
        /// The server's reason, byte for byte.
        reason: String,
        /// The token that the stream was opened with, if any.
        token: Option<String>,
    },
    /// The server ended a watch because its revision is compacted.
    WatchCompacted {
        /// The watch.
        watch_id: i64,
        /// The oldest revision that is left.
        compact_revision: i64,
    },
    /// The server ended a unary call with an error, or a stream other than with success.
    Failed {
        /// The method's path.
        method: String,
        /// The gRPC status code, such as 16.
        code: i32,
        /// The status message, percent-decoded.
        message: String,
    },
    /// The server executed a call, and its reply was kept from the client.
    ReplyLost {
        /// The method's path.
        method: String,
    },
    /// A request is held back on its way to the server, and the client's connection is reset.
    RequestHeld {
        /// The method's path.
        method: String,
    },
    /// A request that was held back has reached the server, or is about to.
    RequestReleased {
        /// The method's path.
        method: String,
    },
    /// A request that was held back never reaches the server: nobody let it go in time, or the server is gone.
    RequestDropped {
        /// The method's path.
        method: String,
    },
}
