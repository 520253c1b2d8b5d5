//! Where a queue keeps its records: `__rq1:<bytes>:<prefix>/<kind>/…`.
//!
//! 1 is the number of the layout, `<bytes>` the length of the queue's prefix in decimal. Since the length comes
//! first, no queue's records can begin as another's do, whatever the queues are called (rule 4). All of a queue's
//! records are one range, to be granted as one: [`records_range`].
//!
//! | kind | what | until |
//! |---|---|---|
//! | `a/<session>` | a consumer that is alive | its own short lease ends |
//! | `c/<item>` | who holds an item of a `LeaseQueue`, see `lease/record.rs`; `<item>` is its key without the prefix | the item's end |
//! | `d/<item>` | a dead letter, see `lease/letter.rs` | it is requeued or purged |
//! | `s/<layout>/<session>` | a session: its layout, and its crate's version as the value | its lease ends |
//! | `w/<session>/<slot>` | a write slot; below it the evidence of parts | its session's lease ends |

use std::ops::Range;

use crate::cache::Key;
use crate::error::Error;
use crate::key::Prefix;
use crate::protocol::broken::Rule;
use crate::protocol::session::SessionId;

/// The layout's number as it stands in the names of sessions, with two digits so that later ones sort behind.
pub(crate) const LAYOUT: &str = "01";
const HEAD: &str = "__rq1:";
/// What all layouts begin with.
const FAMILY: &str = "__rq";

/// The range that all records of a queue lie in: the first key, and the first key behind them. A user of the queue
/// needs the right to read and write it, beside that on the items, `[<prefix>/, <prefix>0)`.
///
/// ```
/// let range = etcd_queue::records_range("/jobs")?;
/// assert_eq!(range, "__rq1:5:/jobs/".to_owned().."__rq1:5:/jobs0".to_owned());
/// # Ok::<(), etcd_queue::Error>(())
/// ```
///
/// # Errors
/// [`Error::BadPrefix`] if no queue can have this prefix.
pub fn records_range(prefix: &str) -> Result<Range<String>, Error> {
    let prefix = Prefix::parse(prefix)?;
    Ok(Layout::of(prefix.name()).range())
}

/// Whether a queue may not have this name: its items would lie among records, or a consumer that takes everything
/// that begins with its queue's name, as the recipe of etcd's Go client does, would take records for items.
pub(crate) fn is_reserved(prefix: &str) -> bool {
    prefix.starts_with(FAMILY) || HEAD.starts_with(prefix)
}

/// The layout of one queue's records.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Layout {
    head: String,
}

impl Layout {
    pub(crate) fn of(prefix: &str) -> Self {
        let head = if Rule::RecordsDoNotOverlap.holds() {
            format!("{HEAD}{}:{prefix}", prefix.len())
        } else {
            format!("{FAMILY}{prefix}")
        };
        Self { head }
    }

    pub(crate) fn range(&self) -> Range<String> {
        // `0` follows `/` in ASCII.
        format!("{}/", self.head)..format!("{}0", self.head)
    }

    /// The key of a record.
    pub(crate) fn key(&self, record: &str) -> Key {
        format!("{}/{record}", self.head).into_bytes().into()
    }

    /// A record's key without what all of them begin with.
    pub(crate) fn record<'a>(&self, key: &'a [u8]) -> Option<&'a [u8]> {
        key.strip_prefix(self.head.as_bytes())?.strip_prefix(b"/")
    }

    /// The record of a session.
    pub(crate) fn session(&self, id: SessionId) -> Key {
        self.key(&format!("s/{LAYOUT}/{id}"))
    }

    /// The sessions of later layouts: those who know them must not be joined by us.
    pub(crate) fn later_sessions(&self) -> (Key, Key) {
        (self.key(&format!("s/{LAYOUT}0")), self.key("s0"))
    }

    pub(crate) fn slot(&self, id: SessionId, number: usize) -> Key {
        self.key(&format!("w/{id}/{number}"))
    }

    /// All slots of a session and their evidence.
    #[cfg(test)]
    pub(crate) fn slots(&self, id: SessionId) -> (Key, Key) {
        (self.key(&format!("w/{id}/")), self.key(&format!("w/{id}0")))
    }

    /// A consumer that is alive.
    pub(crate) fn alive(&self, id: SessionId) -> Key {
        self.key(&format!("a/{id}"))
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn no_queues_records_lie_among_anothers_whatever_the_names_are() {
        let names = [
            "/jobs",
            "/jobs/w",
            "/jobs/c",
            "/jobs/s",
            "/jobs/d",
            "/jobs/a",
            "/jobs/w/17",
            "/job",
            "jobs",
            "5:/jobs",
            "/jobs0",
            "/jobs/5:/jobs",
            "6:/jobs",
            "/",
            "/jobs:",
            "1",
            "11",
            "1:1",
        ];
        for one in names {
            let range = Layout::of(one).range();
            for other in names.iter().filter(|other| **other != one) {
                let Range { start, end } = Layout::of(other).range();
                assert!(
                    range.end <= start || end <= range.start,
                    "{one} and {other}: {range:?} {start} {end}"
                );
            }
        }
    }

    #[test]
    fn the_old_layout_overlaps() {
        let overlaps = || {
            let [outer, inner] = ["/jobs", "/jobs/w"].map(|name| Layout::of(name).range());
            outer.start <= inner.start && inner.end <= outer.end
        };
        assert!(!overlaps());
        assert!(crate::protocol::broken::with_broken(Some(Rule::RecordsDoNotOverlap), overlaps));
    }

    #[test]
    fn every_record_lies_in_the_range_that_is_granted() {
        let (layout, id) = (Layout::of("/jobs"), SessionId::new(7, 1));
        let range = records_range("/jobs").unwrap();
        let (later, end) = layout.later_sessions();
        for key in [layout.session(id), layout.slot(id, 3), layout.alive(id), later, end, layout.key("c/17")]
        {
            assert!(range.start.as_bytes() <= &*key && &*key < range.end.as_bytes(), "{key:?}");
        }
    }

    #[test]
    fn names_under_which_records_lie_are_reserved() {
        for name in ["_", "__", "__r", "__rq", "__rq1", "__rq1:", "__rq1:5:/jobs", "__rq2:5:/jobs"] {
            assert!(is_reserved(name), "{name}");
            assert!(records_range(name).is_err(), "{name}");
        }
        for name in ["/jobs", "_jobs", "__jobs", "rq1:", "/__rq1:5:/jobs"] {
            assert!(!is_reserved(name), "{name}");
        }
    }
}
