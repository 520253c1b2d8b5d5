//! What is true of some releases and not of others: one row a fact.
//!
//! A new fact is a variant, its spans, and its source; nothing else in the crate knows a version number.

use super::Release;

/// A behaviour that some releases have and others do not.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Fact {
    /// `RangeStream` exists. Source: etcdserverpb/rpc.proto at v3.7.0, and not at v3.6.14.
    RangeStream,
    /// A sort order or target outside of the protocol's enums is refused. Source: v3rpc/key.go,
    /// `checkRangeRequest`, at v3.6.0, and not at v3.5.33.
    UnknownSortRefused,
    /// A range of keys only does not tell their leases, unless it is sorted by value. Source:
    /// storage/mvcc/kvstore_txn.go, `FastKeysOnly`, at v3.7.0, and not at v3.6.14.
    KeysOnlyHidesLease,
    /// A compaction keeps the deletion that happened at its very revision, so a watch from there sees it. Source:
    /// mvcc/key_index.go, `doCompact`, at v3.4.34, v3.5.16 and v3.6.0 (etcd-io/etcd#18089).
    CompactionKeepsItsDeletion,
    /// Compacting needs the role `root`. Source: v3rpc/key.go, `isPermitted`, at v3.4.42, v3.5.28 and v3.6.9.
    CompactionNeedsRoot,
    /// What a nested transaction does is checked against the caller's permissions. Source: apply_auth.go,
    /// `checkTxnReqsPermission`, at v3.4.42, v3.5.28 and v3.6.9.
    NestedPermissionsChecked,
    /// A put in a transaction needs the same permissions as one outside: to read what it returns, and to write all
    /// keys of its lease. Source: apply_auth.go, `checkPutAuth`, at v3.4.44, v3.5.30 and v3.6.11.
    PutPermissionsCheckedInTransaction,
    /// The operations of a transaction are checked in their order, not first all puts and then all ranges. Source:
    /// txn/txn.go, `checkTxn`, at v3.6.0; etcdserver/apply.go, `checkRequests`, at v3.5.33.
    OperationsCheckedInOrder,
    /// A put in a transaction is checked for its lease first and for its key second. Source: txn/put.go, `checkPut`,
    /// at v3.7.0; the other way round at v3.6.14.
    LeaseCheckedBeforeKey,
    /// A watch that is refused leaves its stream listening; before, all later requests on it were ignored. Source:
    /// v3rpc/watch.go, `recvLoop`, at v3.4.8 (etcd-io/etcd#11708).
    RefusedWatchKeepsListening,
    /// A watch that is refused for its token, an old auth revision or a missing login is told so; before, it was
    /// always told `permission denied`. Source: v3rpc/watch.go, `isWatchPermitted`, at v3.4.22 and v3.5.6
    /// (etcd-io/etcd#14322).
    RefusedWatchTellsItsCause,
    /// The refusal of a watch carries no watch id; before, it carried the one that was asked for, by default 0, and
    /// the stream's healthy watch of that id was sent nothing from then on. Source: v3rpc/watch.go, `sendLoop`, at
    /// v3.4.22 and v3.5.6 (etcd-io/etcd#14563).
    RefusedWatchHasNoId,
    /// A request for progress is answered only if all watches of the stream are up to date. Source: v3rpc/watch.go,
    /// `RequestProgressAll`, at v3.4.25, v3.5.8 and v3.6.0.
    ProgressRequestWaitsForSync,
    /// One that was not answered is answered once they are, after something else was sent. Source: v3rpc/watch.go,
    /// `deferredProgress`, at v3.4.25 and v3.5.8; gone at v3.4.31 and v3.5.13.
    UnansweredProgressRequestKept,
    /// A watch that starts in the future is not told of progress. Source: mvcc/watchable_store.go, `progressIfSync`,
    /// at v3.4.38, v3.5.22, v3.6.2 and v3.7.0.
    FutureWatchHasNoProgress,
    /// A watch from below revision 0 is refused. Source: v3rpc/watch.go, `recvLoop`, at v3.4.38, v3.5.24, v3.6.6 and
    /// v3.7.0.
    NegativeWatchRevisionRefused,
    /// A watch of everything from a key on needs to read all of that; before, to read the key. Source:
    /// v3rpc/watch.go, `recvLoop`, at v3.5.33, v3.6.14 and v3.7.1.
    FromKeyWatchPermissionChecked,
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

/// From a patch on, up to but without a later patch of the same line.
const fn between(major: u16, minor: u16, since: u16, before: u16) -> Span {
    Span { since: Some(Release::new(major, minor, since)), before: Some(Release::new(major, minor, before)) }
}

/// From a patch on, but only up to the end of its line: a fix that was carried back.
const fn backport(major: u16, minor: u16, patch: u16) -> Span {
    Span { since: Some(Release::new(major, minor, patch)), before: Some(Release::new(major, minor + 1, 0)) }
}

impl Fact {
    /// The releases of which it is true.
    pub(super) const fn spans(self) -> &'static [Span] {
        match self {
            Self::RangeStream | Self::KeysOnlyHidesLease | Self::LeaseCheckedBeforeKey => {
                const { &[since(3, 7, 0)] }
            }
            Self::UnknownSortRefused | Self::OperationsCheckedInOrder => const { &[since(3, 6, 0)] },
            Self::CompactionKeepsItsDeletion => {
                const { &[backport(3, 4, 34), backport(3, 5, 16), since(3, 6, 0)] }
            }
            Self::CompactionNeedsRoot | Self::NestedPermissionsChecked => {
                const { &[backport(3, 4, 42), backport(3, 5, 28), since(3, 6, 9)] }
            }
            Self::PutPermissionsCheckedInTransaction => {
                const { &[backport(3, 4, 44), backport(3, 5, 30), since(3, 6, 11)] }
            }
            Self::RefusedWatchKeepsListening => const { &[since(3, 4, 8)] },
            Self::RefusedWatchTellsItsCause | Self::RefusedWatchHasNoId => {
                const { &[backport(3, 4, 22), backport(3, 5, 6), since(3, 6, 0)] }
            }
            Self::ProgressRequestWaitsForSync => {
                const { &[backport(3, 4, 25), backport(3, 5, 8), since(3, 6, 0)] }
            }
            Self::UnansweredProgressRequestKept => const { &[between(3, 4, 25, 31), between(3, 5, 8, 13)] },
            Self::FutureWatchHasNoProgress => {
                const { &[backport(3, 4, 38), backport(3, 5, 22), backport(3, 6, 2), since(3, 7, 0)] }
            }
            Self::NegativeWatchRevisionRefused => {
                const { &[backport(3, 4, 38), backport(3, 5, 24), backport(3, 6, 6), since(3, 7, 0)] }
            }
            Self::FromKeyWatchPermissionChecked => {
                const { &[backport(3, 5, 33), backport(3, 6, 14), since(3, 7, 1)] }
            }
        }
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used)]
mod tests {
    use super::*;

    #[test]
    fn a_fix_that_was_carried_back_holds_in_its_line_and_from_the_next_lines_fix_on() {
        let holds = |text: &str| text.parse::<Release>().unwrap().holds(Fact::CompactionNeedsRoot);
        let seen: Vec<_> = ["3.4.41", "3.4.42", "3.5.0", "3.5.27", "3.5.28", "3.6.8", "3.6.9", "3.7.0"]
            .into_iter()
            .map(holds)
            .collect();
        assert_eq!(seen, [false, true, false, false, true, false, true, true]);
    }
}
