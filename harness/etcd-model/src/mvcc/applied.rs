//! What one revision changed.

use crate::proto::Event;

/// One revision as it was applied: what the watches are told.
#[derive(Clone, Debug, PartialEq)]
pub struct Applied {
    /// The revision that the store has reached with it.
    pub revision: i64,
    /// Its changes in the order in which they were made; at least one. `prev_kv` is not filled in
    /// ([`super::Store::before`] knows it); the `kv` of a deletion holds the key and `mod_revision` alone.
    pub events: Vec<Event>,
}
