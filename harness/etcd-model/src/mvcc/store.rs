//! The store itself.

use bytes::Bytes;

use super::Applied;
use crate::proto::{Event, KeyValue};

/// All keys of one member.
#[derive(Debug, Default)]
pub struct Store {}

#[allow(clippy::todo, unused_variables)]
impl Store {
    /// The revision that the store has reached; an empty one is at 1.
    pub fn revision(&self) -> i64 {
        1
    }

    /// The revision of the last compaction, -1 if there was none. Reads and watches below it are refused; it itself
    /// can still be read.
    pub fn compacted(&self) -> i64 {
        -1
    }

    /// The events of the revisions `from..=to`, oldest first, as [`Applied`] describes them; those that a
    /// compaction has swept away are missing.
    pub fn changes(&self, from: i64, to: i64) -> impl Iterator<Item = &Event> {
        std::iter::empty()
    }

    /// The key as it was just before `revision`; `None` if it was not there, or is compacted away.
    pub fn before(&self, key: &[u8], revision: i64) -> Option<KeyValue> {
        None
    }

    /// The keys that are attached to a lease now, in order.
    pub fn lease_keys(&self, lease: i64) -> Vec<Bytes> {
        Vec::new()
    }

    /// Deletes `keys` in one revision; `None`, and no new revision, if none of them is there.
    pub fn delete_keys(&mut self, keys: &[Bytes]) -> Option<Applied> {
        None
    }
}
