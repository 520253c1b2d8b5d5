//! What is true of some releases and not of others: one row a fact.
//!
//! A new fact is a variant, its spans, and its source; nothing else in the crate knows a version number.

use super::Release;

/// A behaviour that some releases have and others do not.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Fact {
    /// `RangeStream` exists. Source: etcd v3.7.3 etcdserverpb/rpc.proto; not in v3.6.4's.
    RangeStream,
    /// A sort order or target outside of the protocol's enums is refused. Source: etcd v3.7.3
    /// server/etcdserver/api/v3rpc/key.go, `checkRangeRequest`; v3.5.5's has no such check.
    UnknownSortRefused,
}

/// A run of releases: from `since` on (`None`: from the first), up to but without `before` (`None`: to this day).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Span {
    pub(super) since: Option<Release>,
    pub(super) before: Option<Release>,
}

/// From a release on, in every later line too.
const fn since(major: u16, minor: u16, patch: u16) -> Span {
    Span { since: Some(Release::new(major, minor, patch)), before: None }
}

impl Fact {
    /// The releases of which it is true.
    pub(super) const fn spans(self) -> &'static [Span] {
        match self {
            Self::RangeStream => const { &[since(3, 7, 0)] },
            Self::UnknownSortRefused => const { &[since(3, 7, 0)] },
        }
    }
}
