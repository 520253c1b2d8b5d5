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

    // Space.
    /// What costs nothing passes a quota that is used up; before, a transaction that puts nothing is refused too, even
    /// one that only reads. Source: etcdserver/quota.go, `Available`, at v3.4.20, v3.5.7 and v3.6.0.
    CostlessPassesQuota,
    /// The puts of nested transactions count as the others do; before, they cost nothing, and so pass the quota and
    /// its alarm. Source: storage/quota.go, `costTxnReq`, at v3.5.33, v3.6.14 and v3.7.1; not in 3.4.
    NestedPutsCost,
    /// Permissions are checked whatever alarm is raised; before, what is proposed to the cluster was carried out for
    /// anybody from the alarm on, until it was cleared or the member restarted. Source: etcdserver/apply/uber_applier.go,
    /// `restoreAlarms`, at v3.6.0; etcdserver/apply.go, `Alarm`, at v3.5.33, puts `applierV3Capped` around the backend
    /// alone.
    AlarmKeepsPermissions,
    /// `Status` tells an alarm without a space behind it. Source: etcdserverpb/rpc.pb.go, `AlarmMember.String`, at v3.7.0
    /// and not at v3.6.14.
    AlarmToldWithoutSpace,

    // Authentication.
    /// As long as authentication is off, nobody looks at a call's token; before, one that is not known is refused
    /// even then. Source: auth/store.go, `AuthInfoFromCtx`, at v3.4.28, v3.5.10 and v3.6.0.
    TokenIgnoredWhileOff,
    /// A token may follow the word `Bearer`. Source: auth/store.go, `AuthInfoFromCtx`, at v3.5.32, v3.6.13 and v3.7.0;
    /// not in 3.4.
    BearerTokenTaken,
    /// A token that is older than the last change of users or roles is refused in the words that clients know; before,
    /// as an unknown error. Source: v3rpc/util.go, `toGRPCErrorMap`, at v3.4.19, v3.5.2 and v3.6.0.
    OldRevisionHasCode,
    /// A signed token is no longer good in the second that it names as its end. Source: auth/jwt.go, which library it
    /// imports: `golang-jwt` at v3.4.37, v3.5.6 and v3.6.0, before that one that compared whole seconds.
    SignedTokenEndsWithItsSecond,
    /// A permission must be on a range that can hold something. Source: auth/range_perm_cache.go,
    /// `isValidPermissionRange`, at v3.4.25, v3.5.8 and v3.6.0.
    PermissionRangeChecked,
    /// The role `root`, asked for its permissions, shows one on all keys. Source: auth/store.go, `rootPerm`, at v3.6.0.
    RootRoleShowsItsPermission,
    /// `AuthStatus` exists. Source: etcdserverpb/rpc.proto at v3.5.0, and not at v3.4.45.
    AuthStatus,
    /// Anybody may ask for `AuthStatus`; before, with authentication on, only who has the role `root`. Source:
    /// etcdserver/apply/auth.go, `needAdminPermission`, at v3.7.0.
    AuthStatusOpen,
    /// A password is hashed before the change is proposed, an empty new one not at all: no login is good after that.
    /// Source: etcdserver/v3_server.go, `UserChangePassword`, at v3.5.0.
    EmptyNewPasswordLocksOut,
    /// A password of more than 72 bytes is refused; before, what is beyond them did not count. Source: the version of
    /// `golang.org/x/crypto` in go.mod at v3.4.28, v3.5.10 and v3.6.0.
    LongPasswordRefused,

    // Leases.
    /// Granting, revoking and asking for a lease need a token, keeping one alive needs to write its keys, and listing
    /// them all needs to read all keys of all. Source: etcdserver/v3_server.go, `requireAuthInfo`, `checkLeaseRenew`
    /// and `checkLeaseLeases`, at v3.4.42, v3.5.28 and v3.6.9.
    LeaseCallsChecked,
    /// Asking for a lease's keys needs to read them. Source: etcdserver/v3_server.go, `checkLeaseTimeToLive`, at
    /// v3.4.26, v3.5.9 and v3.6.0.
    LeaseKeysChecked,
    /// Who has the role `root` is not asked about each key of a lease. Source: etcdserver/apply_auth.go,
    /// `checkLeasePutsKeys`, at v3.4.27, v3.5.10 and v3.6.0.
    RootOwnsEveryLease,

    // The cluster and its upkeep.
    /// `Status` needs the role `root`. Source: v3rpc/maintenance.go, `authMaintenanceServer.Status`, at v3.4.42, v3.5.28
    /// and v3.6.0; no longer at v3.5.32 and v3.6.12.
    StatusNeedsRoot,
    /// `Status` needs a token. Source: the same at v3.5.32, v3.6.12 and v3.7.0.
    StatusNeedsToken,
    /// `Status` tells the version and the quota of the storage, and of a downgrade. Source: v3rpc/maintenance.go,
    /// `Status`, at v3.6.0 and not at v3.5.33.
    StatusTellsStorage,
    /// `MemberList` needs a token. Source: etcdserver/server.go, `MemberList`, at v3.5.28 and v3.6.9; not in 3.4.
    MemberListNeedsToken,
    /// Setting and clearing alarms needs the role `root`. Source: v3rpc/maintenance.go, `authMaintenanceServer.Alarm`,
    /// at v3.4.42, v3.5.28 and v3.6.9.
    AlarmChangeNeedsRoot,
    /// Asking for alarms needs the role `root`. Source: the same at v3.4.42, v3.5.28 and v3.6.9.
    AlarmListNeedsRoot,
    /// Asking for alarms needs a token. Source: the same at v3.4.43, v3.5.29 and v3.6.10.
    AlarmListNeedsToken,
    /// Whom `Defragment`, `Snapshot`, `Hash` and `HashKV` refuse is told so in the words that clients know; before, as an
    /// unknown error. Source: v3rpc/maintenance.go, `authMaintenanceServer`, at v3.6.0 and not at v3.5.33.
    MaintenanceRefusalHasCode,

    /// `MoveLeader` needs the role `root`. Source: v3rpc/maintenance.go, `authMaintenanceServer.MoveLeader`, at v3.4.42,
    /// v3.5.28 and v3.6.0.
    MoveLeaderNeedsRoot,

    // Watches.
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

/// The answer to CVE-2026-33413, which closed many calls at once.
const CLOSED: &[Span] = &[backport(3, 4, 42), backport(3, 5, 28), since(3, 6, 9)];

/// In 3.6 from its first release on, and carried back to these patches.
const fn before_3_6(patch_of_3_4: u16, patch_of_3_5: u16) -> [Span; 3] {
    [backport(3, 4, patch_of_3_4), backport(3, 5, patch_of_3_5), since(3, 6, 0)]
}

impl Fact {
    /// The releases of which it is true.
    pub(super) const fn spans(self) -> &'static [Span] {
        match self {
            Self::RangeStream
            | Self::AlarmToldWithoutSpace
            | Self::KeysOnlyHidesLease
            | Self::LeaseCheckedBeforeKey => const { &[since(3, 7, 0)] },
            Self::UnknownSortRefused | Self::OperationsCheckedInOrder | Self::StatusTellsStorage => {
                const { &[since(3, 6, 0)] }
            }
            Self::CompactionKeepsItsDeletion => {
                const { &[backport(3, 4, 34), backport(3, 5, 16), since(3, 6, 0)] }
            }
            Self::CompactionNeedsRoot
            | Self::NestedPermissionsChecked
            | Self::LeaseCallsChecked
            | Self::AlarmChangeNeedsRoot => CLOSED,
            Self::PutPermissionsCheckedInTransaction => {
                const { &[backport(3, 4, 44), backport(3, 5, 30), since(3, 6, 11)] }
            }
            Self::CostlessPassesQuota => const { &before_3_6(20, 7) },
            Self::NestedPutsCost => const { &[backport(3, 5, 33), backport(3, 6, 14), since(3, 7, 1)] },
            Self::TokenIgnoredWhileOff | Self::LongPasswordRefused => const { &before_3_6(28, 10) },
            Self::BearerTokenTaken => const { &[backport(3, 5, 32), since(3, 6, 13)] },
            Self::OldRevisionHasCode => const { &before_3_6(19, 2) },
            Self::SignedTokenEndsWithItsSecond => const { &before_3_6(37, 6) },
            Self::PermissionRangeChecked => const { &before_3_6(25, 8) },
            Self::RootRoleShowsItsPermission
            | Self::MaintenanceRefusalHasCode
            | Self::AlarmKeepsPermissions => const { &[since(3, 6, 0)] },
            Self::AuthStatus | Self::EmptyNewPasswordLocksOut => const { &[since(3, 5, 0)] },
            Self::AuthStatusOpen => const { &[since(3, 7, 0)] },
            Self::LeaseKeysChecked => const { &before_3_6(26, 9) },
            Self::RootOwnsEveryLease => const { &before_3_6(27, 10) },
            Self::StatusNeedsRoot => {
                const { &[backport(3, 4, 42), between(3, 5, 28, 32), between(3, 6, 0, 12)] }
            }
            Self::StatusNeedsToken => const { &[backport(3, 5, 32), since(3, 6, 12)] },
            Self::MemberListNeedsToken => const { &[backport(3, 5, 28), since(3, 6, 9)] },
            Self::MoveLeaderNeedsRoot => const { &before_3_6(42, 28) },
            Self::AlarmListNeedsRoot => {
                const { &[between(3, 4, 42, 43), between(3, 5, 28, 29), between(3, 6, 9, 10)] }
            }
            Self::AlarmListNeedsToken => const { &[backport(3, 4, 43), backport(3, 5, 29), since(3, 6, 10)] },
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

    /// The first release of each line of which a fact is true, and the first of which it no longer is.
    fn turns(fact: Fact) -> String {
        let mut turns = Vec::new();
        for minor in 4..=7 {
            let mut held = false;
            for patch in 0..60 {
                let holds = Release::new(3, minor, patch).holds(fact);
                if holds != held {
                    turns.push(format!("{}3.{minor}.{patch}", if holds { "+" } else { "-" }));
                }
                held = holds;
            }
        }
        turns.join(" ")
    }

    /// Each row was found by looking through the tags of etcd's repository for the release that first has the code
    /// named in the fact's source.
    #[test]
    fn each_fact_turns_where_the_sources_turn() {
        let rows = [
            (Fact::TokenIgnoredWhileOff, "+3.4.28 +3.5.10 +3.6.0 +3.7.0"),
            (Fact::BearerTokenTaken, "+3.5.32 +3.6.13 +3.7.0"),
            (Fact::OldRevisionHasCode, "+3.4.19 +3.5.2 +3.6.0 +3.7.0"),
            (Fact::SignedTokenEndsWithItsSecond, "+3.4.37 +3.5.6 +3.6.0 +3.7.0"),
            (Fact::PermissionRangeChecked, "+3.4.25 +3.5.8 +3.6.0 +3.7.0"),
            (Fact::RootRoleShowsItsPermission, "+3.6.0 +3.7.0"),
            (Fact::AuthStatus, "+3.5.0 +3.6.0 +3.7.0"),
            (Fact::AuthStatusOpen, "+3.7.0"),
            (Fact::EmptyNewPasswordLocksOut, "+3.5.0 +3.6.0 +3.7.0"),
            (Fact::LongPasswordRefused, "+3.4.28 +3.5.10 +3.6.0 +3.7.0"),
            (Fact::LeaseCallsChecked, "+3.4.42 +3.5.28 +3.6.9 +3.7.0"),
            (Fact::LeaseKeysChecked, "+3.4.26 +3.5.9 +3.6.0 +3.7.0"),
            (Fact::RootOwnsEveryLease, "+3.4.27 +3.5.10 +3.6.0 +3.7.0"),
            (Fact::StatusNeedsRoot, "+3.4.42 +3.5.28 -3.5.32 +3.6.0 -3.6.12"),
            (Fact::StatusNeedsToken, "+3.5.32 +3.6.12 +3.7.0"),
            (Fact::MemberListNeedsToken, "+3.5.28 +3.6.9 +3.7.0"),
            (Fact::AlarmChangeNeedsRoot, "+3.4.42 +3.5.28 +3.6.9 +3.7.0"),
            (Fact::AlarmListNeedsRoot, "+3.4.42 -3.4.43 +3.5.28 -3.5.29 +3.6.9 -3.6.10"),
            (Fact::AlarmListNeedsToken, "+3.4.43 +3.5.29 +3.6.10 +3.7.0"),
            (Fact::MoveLeaderNeedsRoot, "+3.4.42 +3.5.28 +3.6.0 +3.7.0"),
            (Fact::MaintenanceRefusalHasCode, "+3.6.0 +3.7.0"),
            (Fact::RefusedWatchTellsItsCause, "+3.4.22 +3.5.6 +3.6.0 +3.7.0"),
            (Fact::RefusedWatchHasNoId, "+3.4.22 +3.5.6 +3.6.0 +3.7.0"),
            (Fact::RefusedWatchKeepsListening, "+3.4.8 +3.5.0 +3.6.0 +3.7.0"),
            (Fact::NegativeWatchRevisionRefused, "+3.4.38 +3.5.24 +3.6.6 +3.7.0"),
            (Fact::FromKeyWatchPermissionChecked, "+3.5.33 +3.6.14 +3.7.1"),
            (Fact::ProgressRequestWaitsForSync, "+3.4.25 +3.5.8 +3.6.0 +3.7.0"),
            (Fact::UnansweredProgressRequestKept, "+3.4.25 -3.4.31 +3.5.8 -3.5.13"),
            (Fact::FutureWatchHasNoProgress, "+3.4.38 +3.5.22 +3.6.2 +3.7.0"),
            (Fact::CostlessPassesQuota, "+3.4.20 +3.5.7 +3.6.0 +3.7.0"),
            (Fact::NestedPutsCost, "+3.5.33 +3.6.14 +3.7.1"),
            (Fact::AlarmKeepsPermissions, "+3.6.0 +3.7.0"),
            (Fact::AlarmToldWithoutSpace, "+3.7.0"),
        ];
        for (fact, expected) in rows {
            assert_eq!(turns(fact), expected, "{fact:?}");
        }
    }
}
