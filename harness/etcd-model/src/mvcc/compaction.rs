//! Forgetting history.

use super::{Store, size};
use crate::{proto::event::EventType, refusal::Refusal, release::Fact};

impl Store {
    /// Forgets what lies before `revision`: of each key, all but the last change up to it is dropped, and that one
    /// too if it is a deletion. The revision itself can still be read.
    ///
    /// # Errors
    /// [`Refusal::Compacted`] if it is not past the last compaction, [`Refusal::FutureRevision`]. Source: etcd
    /// v3.5.5 server/mvcc/kvstore.go, `updateCompactRev`: 0 can be compacted once.
    pub fn compact(&mut self, revision: i64) -> Result<(), Refusal> {
        if revision <= self.compacted {
            return Err(Refusal::Compacted);
        }
        if revision > self.revision {
            return Err(Refusal::FutureRevision);
        }
        self.compacted = revision;
        let keeps_its_deletion = self.release.holds(Fact::CompactionKeepsItsDeletion);
        let (log, size_bytes) = (&mut self.log, &mut self.size_bytes);
        self.histories.retain(|_, history| {
            let passed = history.partition_point(|place| place.main <= revision);
            let Some(last) = passed.checked_sub(1) else { return true };
            let deleted = log.get(&history[last]).is_none_or(|event| event.r#type() == EventType::Delete);
            let kept = !deleted || (keeps_its_deletion && history[last].main == revision);
            for place in history.drain(..if kept { last } else { passed }) {
                if let Some(event) = log.remove(&place) {
                    *size_bytes -= size::of(&event);
                }
            }
            !history.is_empty()
        });
        Ok(())
    }
}
