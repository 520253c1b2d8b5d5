//! Watches: what changes, told to whoever asked.
//!
//! The member tells the [`Hub`] of each revision as it is applied ([`crate::mvcc::Applied`]). What lies further back
//! the hub reads from the store: [`crate::mvcc::Store::changes`] for the events of a run of revisions,
//! [`crate::mvcc::Store::before`] for the value that an event replaced, [`crate::mvcc::Store::compacted`].
//!
//! A hub has streams, a stream has [`watcher::Watcher`]s and one [`outlet::Outlet`], through which everything the
//! stream is owed leaves in order. Requests reach it through [`crate::member::Member::watch_request`], which has
//! asked for permission first.

mod batch;
mod denial;
mod fragment;
mod hub;
mod notice;
mod outlet;
mod replay;
mod stream;
#[cfg(test)]
mod tests;
mod watcher;

pub(crate) use denial::Denial;
pub use hub::{Hub, StreamId};
