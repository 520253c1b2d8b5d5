//! Leases: granting, keeping alive, expiring, revoking.
//!
//! A lease's keys are known to the store, not here: [`crate::mvcc::Store::lease_keys`]. A lease that ends hands its
//! id to [`crate::member::Member`], which deletes those keys in one revision (`Store::delete_keys`).

mod lessor;
#[cfg(test)]
mod tests;

pub(crate) use lessor::Leases;
pub use lessor::{Granted, Lessor, Renewal};
