//! How much of its past a watch is told at once.

use crate::proto::Event;

/// The most revisions in one answer about the past. Source: etcd v3.5.5 server/mvcc/watcher_group.go,
/// `watchBatchMaxRevs`.
pub(super) const MAX_REVISIONS: usize = 1000;

/// The first events of a watch's past, whole revisions only.
#[derive(Debug, Default, PartialEq)]
pub(super) struct Batch {
    pub(super) events: Vec<Event>,
    /// The first revision that did not fit, if any.
    pub(super) more_from: Option<i64>,
}

impl Batch {
    /// As much of `events`, which are in the order of their revisions, as fits.
    pub(super) fn of<'store>(events: impl Iterator<Item = &'store Event>) -> Self {
        let mut batch = Self::default();
        let (mut revisions, mut latest) = (0, None);
        for event in events {
            let revision = event.kv.as_ref().map(|kv| kv.mod_revision);
            if revision != latest {
                if revisions == MAX_REVISIONS {
                    batch.more_from = revision;
                    break;
                }
                revisions += 1;
                latest = revision;
            }
            batch.events.push(event.clone());
        }
        batch
    }
}
