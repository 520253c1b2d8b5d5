//! Serving: all services of one member over one listener, on a port or over pipes in memory.

mod pipe;
mod port;
mod routes;

pub use routes::routes;
