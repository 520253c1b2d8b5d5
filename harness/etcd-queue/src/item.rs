//! One item, taken out of etcd and handed to one caller.

use crate::cache::{Key, Place};

/// How sure it is that nobody else was handed the same item.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Certainty {
    /// etcd answered that this queue's claim deleted the item: nobody else has it.
    Confirmed,
    /// The answer to the claim was lost, and nothing tells any more what became of it: the queue may not keep its
    /// records (see [`Queue::degraded`](crate::Queue::degraded)), etcd was full, or the records ended with their
    /// session. The item had gone when it was looked for. This queue's claim is the likely reason; another consumer's
    /// is the other one. The item is handed out rather than lost.
    ///
    /// Among the items of an [`Error::LeftOver`](crate::Error::LeftOver) it may also be one that is still stored, or
    /// stored again: etcd did not say before the queue was closed.
    Presumed,
}

/// An item that was claimed: it is no longer stored in etcd.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Item {
    key: Key,
    value: Vec<u8>,
    revision: i64,
    certainty: Certainty,
}

impl Item {
    pub(crate) fn new(key: Key, value: Vec<u8>, revision: i64, certainty: Certainty) -> Self {
        Self { key, value, revision, certainty }
    }

    /// The same item, of which it is no longer certain that nobody else has it.
    pub(crate) fn presumed(self) -> Self {
        Self { certainty: Certainty::Presumed, ..self }
    }

    pub(crate) fn place(&self) -> Place {
        (self.revision, self.key.clone())
    }

    /// The key that the item was stored under: `<prefix>/<unix nanoseconds>`.
    pub fn key(&self) -> &[u8] {
        &self.key
    }

    /// What was enqueued.
    pub fn value(&self) -> &[u8] {
        &self.value
    }

    /// What was enqueued, without a copy.
    pub fn into_value(self) -> Vec<u8> {
        self.value
    }

    /// The revision at which the item was stored: items are handed out in its order.
    pub fn revision(&self) -> i64 {
        self.revision
    }

    /// Whether it is certain that nobody else was handed the item; see [`Certainty`].
    pub fn certainty(&self) -> Certainty {
        self.certainty
    }
}
