//! A client layer that behaves as Go's clientv3 does, quirk for quirk, on top of `etcd-client`.
//!
//! The recipes under test are at the mercy of their client: which watches share a stream, whose token that
//! stream carries, what a watch's channel says when it ends. `etcd-client` alone would hide all of it, because
//! it opens a stream per watch. [`crate::subject::recipe`] runs on this layer; nothing else does.
//!
//! | file | what of clientv3 it retells |
//! |---|---|
//! | `generation` | what differs between releases, as data |
//! | `error` | how errors are classed and printed |
//! | `dial` | what counts as a connection, and what broke it |
//! | `connection` | calls wait for a connection, which is tried again with gRPC's backoff |
//! | `unary` | what follows a failed unary call |
//! | `session` | logins, and the calls themselves |
//! | `watch` | a watch's request, its responses, its channel |
//! | `demultiplexer` | which watch a response belongs to, who is resumed, who ends, with what: a pure state machine |
//! | `stream` | the task that feeds it from the wire |
//! | `client` | what the recipes hold |
//!
//! Left out, because no recipe comes near it: leases, watches with options (progress, fragments, filters),
//! contexts with metadata or a deadline (a second stream, `WithRequireLeader`), several endpoints, TLS. Jitter is
//! left out too: where clientv3 spreads a wait by a tenth or a fifth, this layer waits the middle of it.

mod client;
mod connection;
mod demultiplexer;
mod dial;
mod error;
mod generation;
mod session;
mod stream;
mod unary;
mod watch;

pub use client::Client;
pub use error::Error;
pub use generation::{AuthOff, Generation, RefusedWatch, StreamLogin, TokenInRefresh, UnaryRefresh};
pub use watch::{Event, EventKind, WatchChannel, WatchResponse};
