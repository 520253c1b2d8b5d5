//! What the watch and the answers to claims have told of records and sessions: a hint, as the cache of items
//! is one.

use std::collections::{BTreeMap, BTreeSet};

use crate::cache::{Change, Key};
use crate::key::Prefix;
use crate::lease::record::{Record, SessionId};

/// What a claim of an item has to be based on.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Basis {
    /// The revision of the record that it replaces; none if there must be none.
    pub(crate) record: Option<i64>,
    /// The session that must be gone.
    pub(crate) dead: Option<SessionId>,
    /// How often the item was handed out before.
    pub(crate) attempts: u32,
}

/// Whether an item may be claimed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Standing {
    Free(Basis),
    Held,
    /// Not before this time, unix milliseconds.
    Later(u64),
}

/// What a change is about.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum About {
    /// The record of this item.
    Item(Key),
    Began,
    /// A session that ended, and the items whose records name it.
    Ended(SessionId, Vec<Key>),
    Nothing,
}

/// A record and the revision it was written at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Noted {
    pub(crate) record: Record,
    pub(crate) revision: i64,
}

#[derive(Debug)]
pub(crate) struct Claims {
    prefix: Prefix,
    records: BTreeMap<Key, Noted>,
    by_owner: BTreeMap<SessionId, BTreeSet<Key>>,
    alive: BTreeSet<SessionId>,
    /// Sessions that were seen to end: what is heard of them later is old.
    ended: BTreeSet<SessionId>,
}

/// How many sessions that have ended are remembered, the youngest.
const REMEMBERED: usize = 1_000;

impl Claims {
    pub(crate) fn of(prefix: Prefix) -> Self {
        Self {
            prefix,
            records: BTreeMap::new(),
            by_owner: BTreeMap::new(),
            alive: BTreeSet::new(),
            ended: BTreeSet::new(),
        }
    }

    /// Begins anew, with what a listing has found.
    pub(crate) fn listed(&mut self, changes: impl Iterator<Item = Change>) {
        self.records.clear();
        self.by_owner.clear();
        self.alive.clear();
        for change in changes {
            self.apply(change);
        }
    }

    pub(crate) fn apply(&mut self, change: Change) -> About {
        let (key, revision, value) = match change {
            Change::Put { key, revision, value: Some(value) } => (key, revision, Some(value)),
            // Too many to keep their values: the claim of such an item finds its record.
            Change::Put { value: None, .. } => return About::Nothing,
            Change::Delete { key, revision } => (key, revision, None),
        };
        let Some(name) = self.prefix.record(&key) else { return About::Nothing };
        if let Some(item) = name.strip_prefix(b"c/") {
            let item: Key = self.prefix.item(item).into();
            match value {
                Some(value) => self.note(&item, Noted { record: Record::decode(&value), revision }),
                None => self.forget(&item, revision),
            }
            return About::Item(item);
        }
        let session = name.strip_prefix(b"a/").and_then(|id| std::str::from_utf8(id).ok()?.parse().ok());
        match (session, value) {
            (Some(session), Some(_)) => {
                self.is_alive(session);
                About::Began
            }
            (Some(session), None) => About::Ended(session, self.has_ended(session)),
            (None, _) => About::Nothing,
        }
    }

    pub(crate) fn note(&mut self, item: &Key, noted: Noted) {
        if self.records.get(item).is_some_and(|known| known.revision >= noted.revision) {
            return;
        }
        self.remove(item);
        if let Some(owner) = noted.record.owner {
            self.by_owner.entry(owner).or_default().insert(item.clone());
        }
        self.records.insert(item.clone(), noted);
    }

    /// The record was deleted at this revision.
    pub(crate) fn forget(&mut self, item: &Key, revision: i64) {
        if self.records.get(item).is_some_and(|known| known.revision < revision) {
            self.remove(item);
        }
    }

    fn remove(&mut self, item: &Key) {
        let Some(owner) = self.records.remove(item).and_then(|noted| noted.record.owner) else { return };
        if let Some(items) = self.by_owner.get_mut(&owner) {
            items.remove(item);
            if items.is_empty() {
                self.by_owner.remove(&owner);
            }
        }
    }

    /// A session is there, unless it was seen to end.
    pub(crate) fn is_alive(&mut self, session: SessionId) {
        if !self.ended.contains(&session) {
            self.alive.insert(session);
        }
    }

    /// A session has ended; the items that it held.
    pub(crate) fn has_ended(&mut self, session: SessionId) -> Vec<Key> {
        self.alive.remove(&session);
        self.ended.insert(session);
        while self.ended.len() > REMEMBERED {
            self.ended.pop_first();
        }
        self.records_of(session)
    }

    /// The items whose records name a session.
    pub(crate) fn records_of(&self, session: SessionId) -> Vec<Key> {
        self.by_owner.get(&session).into_iter().flatten().cloned().collect()
    }

    pub(crate) fn noted(&self, item: &Key) -> Option<&Noted> {
        self.records.get(item)
    }

    pub(crate) fn sessions(&self) -> Vec<String> {
        self.alive.iter().map(SessionId::to_string).collect()
    }

    /// Whether an item at this revision may be claimed.
    pub(crate) fn standing(&self, item: &Key, revision: i64, now_ms: u64) -> Standing {
        let Some(Noted { record, revision: at }) = self.records.get(item) else {
            return Standing::Free(Basis::default());
        };
        if record.item != revision {
            return Standing::Free(Basis { record: Some(*at), ..Basis::default() });
        }
        match record.owner {
            Some(owner) if self.alive.contains(&owner) => Standing::Held,
            None if record.not_before_ms > now_ms => Standing::Later(record.not_before_ms),
            dead => Standing::Free(Basis { record: Some(*at), dead, attempts: record.attempts }),
        }
    }

    /// Records that nobody who is there owns.
    pub(crate) fn unowned(&self) -> impl Iterator<Item = (&Key, &Noted)> {
        let is_owned = |noted: &Noted| noted.record.owner.is_some_and(|owner| self.alive.contains(&owner));
        self.records.iter().filter(move |(_, noted)| !is_owned(noted))
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    fn claims() -> Claims {
        Claims::of(Prefix::parse("/q").unwrap())
    }

    fn put(key: &str, revision: i64, value: &str) -> Change {
        Change::Put { key: key.as_bytes().into(), revision, value: Some(value.as_bytes().to_vec()) }
    }

    fn delete(key: &str, revision: i64) -> Change {
        Change::Delete { key: key.as_bytes().into(), revision }
    }

    fn session(id: u128) -> SessionId {
        SessionId::new(id, 0)
    }

    fn key() -> Key {
        b"/q/1".as_slice().into()
    }

    #[test]
    fn an_item_is_held_while_its_owners_session_is_there() {
        let mut claims = claims();
        assert_eq!(claims.standing(&key(), 5, 0), Standing::Free(Basis::default()));
        claims.apply(put("__rq1:2:/q/a/7", 8, ""));
        claims.apply(put("__rq1:2:/q/c/1", 9, "7 1 0 5 1"));
        assert_eq!(claims.standing(&key(), 5, 0), Standing::Held);
        assert_eq!(claims.apply(delete("__rq1:2:/q/a/7", 12)), About::Ended(session(7), vec![key()]));
        let basis = Basis { record: Some(9), dead: Some(session(7)), attempts: 1 };
        assert_eq!(claims.standing(&key(), 5, 0), Standing::Free(basis));
        claims.apply(put("__rq1:2:/q/a/7", 8, ""));
        assert_eq!(claims.standing(&key(), 5, 0), Standing::Free(basis), "a session does not come back");
    }

    #[test]
    fn an_item_that_was_given_back_is_free_when_its_time_has_come() {
        let mut claims = claims();
        claims.apply(put("__rq1:2:/q/c/1", 9, "- 3 500 5 1"));
        assert_eq!(claims.standing(&key(), 5, 499), Standing::Later(500));
        let basis = Basis { record: Some(9), dead: None, attempts: 3 };
        assert_eq!(claims.standing(&key(), 5, 500), Standing::Free(basis));
    }

    #[test]
    fn a_record_of_an_item_that_is_gone_does_not_hold_its_successor() {
        let mut claims = claims();
        claims.apply(put("__rq1:2:/q/a/7", 8, ""));
        claims.apply(put("__rq1:2:/q/c/1", 9, "7 4 0 5 1"));
        let basis = Basis { record: Some(9), dead: None, attempts: 0 };
        assert_eq!(claims.standing(&key(), 11, 0), Standing::Free(basis));
    }

    #[test]
    fn what_is_heard_late_changes_nothing() {
        let mut claims = claims();
        claims.apply(put("__rq1:2:/q/c/1", 9, "7 1 0 5 1"));
        claims.apply(put("__rq1:2:/q/c/1", 8, "6 1 0 5 1"));
        claims.apply(delete("__rq1:2:/q/c/1", 9));
        assert_eq!(claims.noted(&key()).unwrap().record.owner, Some(session(7)));
        claims.apply(delete("__rq1:2:/q/c/1", 10));
        assert_eq!(claims.noted(&key()), None);
    }
}
