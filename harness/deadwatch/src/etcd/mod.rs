//! The server: an etcd of the scenario's version is found, started, waited for, and cleared away.
//!
//! [`choose`] says which etcd serves a run and why not another; [`start`] starts it and returns when it is
//! ready; what it returns is an [`Etcd`], whatever runs it. [`survey`] has the facts for `deadwatch doctor`.

mod address;
mod authentication;
mod backend;
mod binary;
mod choose;
#[cfg(feature = "docker")]
mod docker;
mod embedded;
mod error;
mod log;
mod process;
mod ready;
mod search;
mod server;
mod token;
mod users;

pub(crate) use authentication::switch_on;
pub(crate) use users::make as make_users;

pub use address::{Address, Credentials, Dial, Reset};
pub use backend::{Backend, BackendError, On};
pub use choose::{Choice, Fact, choose, choose_for, survey};
pub use embedded::{Embedding, Time, serve};
pub use error::EtcdError;
pub use search::{Availability, Image, Missing, Presence, Pull, Search, Source};
pub use server::{Control, Etcd, start};
