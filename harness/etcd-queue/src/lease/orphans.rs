//! Records that nobody will end: their items are gone, and so are their holders. A consumer that looks at no claims
//! leaves one behind whenever it takes an item that was given back, or whose holder has died.
//!
//! Each is looked at once, a while after it was seen, and many together: an acknowledgement deletes an item with its
//! record, but two watches tell of the two. What turns out to be no orphan is dropped; the event that makes it one
//! brings it here again. So the records that are kept in vain are at most those of a few seconds.

use std::collections::{BTreeSet, VecDeque};
use std::time::Duration;

use tokio::time::Instant;

use crate::cache::Key;
use crate::lease::claim::Orphan;

/// How long after it was seen a suspect is looked at. A watch that has much to tell may lag by 100 ms (etcd v3.5.5
/// server/mvcc/watchable_store.go, `syncWatchersLoop`).
const LOOKED_AT_AFTER: Duration = Duration::from_secs(2);

/// Records that may be orphans, by when they are looked at.
#[derive(Debug, Default)]
pub(crate) struct Orphans {
    suspects: VecDeque<(Instant, Key)>,
    known: BTreeSet<Key>,
    left: VecDeque<Orphan>,
}

impl Orphans {
    /// The item seems to be gone, and nobody who lives owns the record.
    pub(crate) fn suspect(&mut self, item: Key, now: Instant) {
        if self.known.insert(item.clone()) {
            self.suspects.push_back((now + LOOKED_AT_AFTER, item));
        }
    }

    /// The item is gone and the record was ours: there is nothing to wait for.
    pub(crate) fn leave(&mut self, orphan: Orphan) {
        self.left.push_back(orphan);
    }

    /// Those that were ours, `most` of them.
    pub(crate) fn take_left(&mut self, most: usize) -> Vec<Orphan> {
        self.left.drain(..most.min(self.left.len())).collect()
    }

    /// When the next suspect is looked at.
    pub(crate) fn next_at(&self) -> Option<Instant> {
        self.suspects.front().map(|(at, _)| *at)
    }

    /// The suspects to be looked at now, `most` of them.
    pub(crate) fn take_due(&mut self, most: usize, now: Instant) -> Vec<Key> {
        let mut due = Vec::new();
        while due.len() < most
            && self.next_at().is_some_and(|at| at <= now)
            && let Some((_, item)) = self.suspects.pop_front()
        {
            self.known.remove(&item);
            due.push(item);
        }
        due
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn item(n: u8) -> Key {
        [b'q', b'/', n].as_slice().into()
    }

    #[test]
    fn a_suspect_is_looked_at_once_however_often_it_is_seen() {
        let (mut orphans, now) = (Orphans::default(), Instant::now());
        orphans.suspect(item(1), now);
        orphans.suspect(item(1), now + Duration::from_secs(1));
        orphans.suspect(item(2), now + Duration::from_secs(1));
        assert_eq!(orphans.take_due(9, now), [] as [Key; 0]);
        assert_eq!(orphans.take_due(9, now + LOOKED_AT_AFTER), [item(1)]);
        assert_eq!(orphans.take_due(9, now + LOOKED_AT_AFTER * 2), [item(2)]);
        assert_eq!(orphans.next_at(), None);
        orphans.suspect(item(1), now);
        assert_eq!(orphans.next_at(), Some(now + LOOKED_AT_AFTER), "seen anew");
    }

    #[test]
    fn no_more_are_looked_at_together_than_are_asked_for() {
        let (mut orphans, now) = (Orphans::default(), Instant::now());
        for n in 0..3 {
            orphans.suspect(item(n), now);
        }
        assert_eq!(orphans.take_due(2, now + LOOKED_AT_AFTER), [item(0), item(1)]);
    }
}
