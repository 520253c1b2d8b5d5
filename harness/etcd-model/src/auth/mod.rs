//! Users, roles, permissions, and the tokens that stand for a login.
//!
//! Asked in two steps, as etcd does: [`Authority::identify`] turns what a call carries into a [`Caller`] (and keeps
//! its token alive), [`Authority::permit`] says whether that caller may read or write a range.

mod authority;
mod credential;

pub use authority::{Access, Authority, Caller};
pub use credential::Credential;
