//! Why a watch was not created, in the words of each release.

use crate::{
    refusal::Refusal,
    release::{Fact, Release},
};

/// Why a watch was not created.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Denial {
    /// The stream's login is not good, or not good enough.
    NotPermitted(Refusal),
    /// It was to start at a revision below 0; [`Fact::NegativeWatchRevisionRefused`].
    NegativeRevision,
    /// Its range ends where it starts, or before.
    EmptyRange,
    /// The stream has a watch of that id.
    DuplicateId,
}

impl Denial {
    /// The cancel reason that a release gives. The status code in front of some is part of the text.
    pub(super) fn reason(self, release: Release) -> String {
        let refusal = match self {
            Self::NegativeRevision => return Refusal::Compacted.text().to_owned(),
            Self::EmptyRange => return "mvcc: watcher range is empty".to_owned(),
            Self::DuplicateId => return "mvcc: duplicate watch ID provided on the WatchStream".to_owned(),
            Self::NotPermitted(cause) if release.holds(Fact::RefusedWatchTellsItsCause) => match cause {
                Refusal::InvalidAuthToken | Refusal::AuthOldRevision | Refusal::UserEmpty => cause,
                _ => Refusal::PermissionDenied,
            },
            Self::NotPermitted(_) => Refusal::PermissionDenied,
        };
        // Go's names of the status codes are those of tonic's variants.
        format!("rpc error: code = {:?} desc = {}", refusal.code(), refusal.text())
    }

    /// The watch id that a release answers with when a watch of id `asked` was to be created.
    pub(super) fn watch_id(self, asked: i64, release: Release) -> i64 {
        match self {
            Self::NotPermitted(_) if !release.holds(Fact::RefusedWatchHasNoId) => asked,
            _ => NO_WATCH,
        }
    }
}

/// The watch id of an answer that belongs to no watch. Source: etcd client/v3/watch.go, `InvalidWatchID`.
pub(super) const NO_WATCH: i64 = -1;

#[cfg(test)]
mod tests {
    use super::*;

    const OLD: Release = Release::new(3, 5, 5);
    const NEW: Release = Release::new(3, 5, 6);

    #[test]
    fn old_releases_call_every_refusal_a_denied_permission_and_echo_the_id() {
        for cause in [Refusal::InvalidAuthToken, Refusal::UserEmpty, Refusal::PermissionDenied] {
            let denial = Denial::NotPermitted(cause);
            assert_eq!(
                denial.reason(OLD),
                "rpc error: code = PermissionDenied desc = etcdserver: permission denied"
            );
            assert_eq!(denial.watch_id(7, OLD), 7);
        }
        assert_eq!(Denial::DuplicateId.watch_id(7, OLD), -1);
    }

    #[test]
    fn newer_releases_tell_the_cause_and_no_id() {
        let told = |cause| Denial::NotPermitted(cause).reason(NEW);
        assert_eq!(
            told(Refusal::InvalidAuthToken),
            "rpc error: code = Unauthenticated desc = etcdserver: invalid auth token"
        );
        assert_eq!(
            told(Refusal::UserEmpty),
            "rpc error: code = InvalidArgument desc = etcdserver: user name is empty"
        );
        assert_eq!(
            told(Refusal::AuthOldRevision),
            "rpc error: code = InvalidArgument desc = etcdserver: revision of auth store is old"
        );
        assert_eq!(
            told(Refusal::PermissionDenied),
            "rpc error: code = PermissionDenied desc = etcdserver: permission denied"
        );
        assert_eq!(Denial::NotPermitted(Refusal::InvalidAuthToken).watch_id(7, NEW), -1);
    }
}
