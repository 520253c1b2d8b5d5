//! Watches: what changes, told to whoever asked.
//!
//! The member tells the [`Hub`] of each revision as it is applied ([`crate::mvcc::Applied`]). What lies further back
//! the hub reads from the store: [`crate::mvcc::Store::changes`] for the events of a run of revisions,
//! [`crate::mvcc::Store::before`] for the value that an event replaced, [`crate::mvcc::Store::compacted`].

mod hub;

pub use hub::Hub;
