//! The one member of the cluster: store, leases, access control and watches behind one lock.
//!
//! Everything here is synchronous and takes the time as an argument. [`Handle`] is what the services share.

mod auth;
mod handle;
mod identity;
mod kv;
mod lease;
mod maintenance;
mod permission;
mod proposal;
mod restart;
mod settings;
mod space;
mod state;
#[cfg(test)]
mod tests;
mod watch;

pub use handle::Handle;
pub(crate) use identity::header;
pub use identity::{CLUSTER_ID, MEMBER_ID};
pub use lease::KeepAlive;
pub use restart::{Data, Ending, Saved};
pub use settings::Settings;
pub use state::Member;
