//! The server: an etcd of the scenario's version is started, waited for, and cleared away.

mod address;

pub use address::{Address, Credentials};
