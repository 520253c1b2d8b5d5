//! Serving: all services of one member, on a port or over pipes in memory.
//!
//! [`Model`] is the whole etcd, running: it holds the member's [`crate::member::Handle`], the task that keeps its
//! time, and its connections. It is stopped and started again on what it has, as a process is on its data.

mod connection;
mod door;
mod model;
mod pipe;
mod port;
mod routes;
mod tasks;

pub use model::Model;
pub use routes::routes;
