//! The gRPC services: each reads a call's credential, calls the member, and turns refusals into statuses.
//!
//! They decide nothing. A service that waits (a watch's stream, a lease's keep-alive) waits outside of the lock.

mod auth;
mod cluster;
mod kv;
mod lease;
mod limit;
mod maintenance;
mod watch;

pub use auth::auth;
pub use cluster::cluster;
pub use kv::kv;
pub use lease::lease;
pub(crate) use limit::{Requests, in_gos_words};
pub use maintenance::maintenance;
pub use watch::watch;
