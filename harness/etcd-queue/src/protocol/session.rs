//! A session: the identity under which one task of a queue keeps its write slots.
//!
//! It begins with a lease of etcd's and one transaction that creates its record and all its slots on it. Its slots'
//! guards are the revision of that transaction, so that none is ever 0 (rule 2). A slot is never created again under
//! the same id: when a reply to the creation is lost, or the session has ended, there is a fresh id. What was created
//! in vain nobody uses, and its lease is revoked or ends by itself; what ends with the lease cannot come again.

use std::fmt;
use std::str::FromStr;
use std::time::Duration;

use crate::protocol::broken::Rule;
use crate::protocol::layout::{LAYOUT, Layout};
use crate::protocol::slot::Slot;
use crate::protocol::txn::{Answer, Compare, Op, Txn};

/// How long etcd keeps a session that nobody renews. Long after any doubt about its transactions was settled.
pub(crate) const SESSION_TTL: Duration = Duration::from_secs(24 * 60 * 60);
/// How often its lease is renewed.
pub(crate) const RENEWED_EVERY: Duration = Duration::from_secs(60 * 60);

/// A session's name, different from all others there are or were in any etcd.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct SessionId(u128);

impl SessionId {
    /// Of a random nonce, so that no restored store knows another session by it (rule 6); and of its lease, so that
    /// queues that were given the same seed differ too.
    pub(crate) fn new(nonce: u128, lease: i64) -> Self {
        let lease = u128::from(lease.cast_unsigned());
        Self(if Rule::IdsCarryANonce.holds() { nonce ^ lease } else { lease })
    }
}

impl fmt::Display for SessionId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:032x}", self.0)
    }
}

impl fmt::Debug for SessionId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl FromStr for SessionId {
    type Err = std::num::ParseIntError;

    fn from_str(id: &str) -> Result<Self, Self::Err> {
        u128::from_str_radix(id, 16).map(Self)
    }
}

/// A session that is about to begin.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Opening {
    pub(crate) id: SessionId,
    pub(crate) lease: i64,
    pub(crate) slots: usize,
}

/// What an opening came to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Opened {
    /// It is there, with these slots.
    Begun(Vec<Slot>),
    /// Its id is in use: another one is needed.
    IdInUse,
    /// A queue of a later layout works here, by this version of the crate: this one must not.
    LaterLayout(String),
}

impl Opening {
    fn slots_of<'a>(&'a self, layout: &'a Layout) -> impl Iterator<Item = Slot> + 'a {
        (0..self.slots).map(|number| Slot::new(layout.slot(self.id, number), self.id, self.lease))
    }

    pub(crate) fn txn(&self, layout: &Layout) -> Txn {
        let (later, end) = layout.later_sessions();
        let record = layout.session(self.id);
        let about = concat!(env!("CARGO_PKG_NAME"), " ", env!("CARGO_PKG_VERSION"));
        let mut then = vec![Op::put(&record, format!("{LAYOUT} {about}").into_bytes(), Some(self.lease))];
        if Rule::NoGuardIsZero.holds() {
            then.extend(self.slots_of(layout).map(|slot| slot.creation()));
        }
        Txn::new(
            vec![Compare::Absent(record), Compare::NoneIn(later.clone(), end.clone())],
            then,
            vec![Op::GetRange(later, end)],
        )
    }

    /// Reads the answer; `None` if it is not whole.
    pub(crate) fn read(&self, layout: &Layout, answer: &Answer) -> Option<Opened> {
        if answer.succeeded {
            let created_at = if Rule::NoGuardIsZero.holds() { answer.revision } else { 0 };
            let slots = self.slots_of(layout).map(|slot| slot.created_at(created_at));
            return (answer.revision > 0).then(|| Opened::Begun(slots.collect()));
        }
        Some(match answer.reads().next()?.first() {
            Some(later) => Opened::LaterLayout(String::from_utf8_lossy(&later.value).into_owned()),
            None => Opened::IdInUse,
        })
    }

    /// What the end of a session does beside the revocation of its lease. Nothing, unless a rule is broken: then the
    /// slots are deleted by range, as they once were.
    #[cfg(test)]
    pub(crate) fn ending(&self, layout: &Layout) -> Option<Txn> {
        let is_kept = Rule::NoGuardIsZero.holds() && Rule::RecordsDoNotOverlap.holds();
        let (from, to) = layout.slots(self.id);
        (!is_kept).then(|| Txn::new(vec![], vec![Op::DeleteRange(from, to)], vec![]))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::protocol::broken::with_broken;
    use crate::protocol::txn::{Part, Stored};

    const OPENING: fn() -> Opening = || Opening { id: SessionId::new(5, 3), lease: 3, slots: 2 };

    #[test]
    fn ids_are_known_by_their_names_and_differ_by_nonce_and_by_lease() {
        let id = SessionId::new(u128::MAX / 3, 17);
        assert_eq!(id.to_string().parse(), Ok(id));
        assert_eq!(id.to_string().len(), 32);
        assert_ne!(SessionId::new(5, 1), SessionId::new(5, 2));
        assert_ne!(SessionId::new(5, 1), SessionId::new(6, 1));
    }

    #[test]
    fn the_slots_guards_are_the_revision_of_their_creation() {
        let layout = Layout::of("/q");
        let answer = Answer { revision: 9, succeeded: true, parts: vec![Part::Put; 3] };
        let Some(Opened::Begun(slots)) = OPENING().read(&layout, &answer) else { panic!("not begun") };
        let guards: Vec<_> = slots.iter().map(Slot::guard).collect();
        let key = |number| layout.slot(OPENING().id, number);
        assert_eq!(guards, [Compare::ModRevision(key(0), 9), Compare::ModRevision(key(1), 9)]);
    }

    #[test]
    fn a_session_ends_with_its_lease_and_nothing_else() {
        let ending = || OPENING().ending(&Layout::of("/q"));
        assert_eq!(ending(), None);
        for rule in [Rule::NoGuardIsZero, Rule::RecordsDoNotOverlap] {
            assert!(with_broken(Some(rule), ending).is_some());
        }
    }

    #[test]
    fn a_later_layout_and_an_id_in_use_are_told_apart() {
        let layout = Layout::of("/q");
        let found = |parts| Answer { revision: 9, succeeded: false, parts };
        let later = Stored {
            key: layout.key("s/02/77"),
            value: b"02 etcd-queue 9.0.0".to_vec(),
            create_revision: 4,
            mod_revision: 4,
        };
        assert_eq!(
            OPENING().read(&layout, &found(vec![Part::Got(vec![later])])),
            Some(Opened::LaterLayout("02 etcd-queue 9.0.0".to_owned()))
        );
        assert_eq!(OPENING().read(&layout, &found(vec![Part::Got(vec![])])), Some(Opened::IdInUse));
        assert_eq!(OPENING().read(&layout, &found(vec![])), None);
    }
}
