//! What the watch and the answers to claims have told of records and sessions: a hint, as the cache of items
//! is one.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use crate::cache::{Change, Key};
use crate::key::Prefix;
use crate::lease::record::{Expected, NEVER_MS, Noted, SessionId};

/// What a claim of an item has to be based on.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Basis {
    /// The record that it replaces.
    pub(crate) record: Expected,
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
    /// It is a dead letter that stays where it lies.
    PutAside,
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

#[derive(Debug)]
pub(crate) struct Claims {
    prefix: Prefix,
    records: BTreeMap<Key, Noted>,
    by_owner: BTreeMap<SessionId, BTreeSet<Key>>,
    alive: BTreeSet<SessionId>,
    /// Sessions that were seen to end, and have not been listed since: what is heard of them besides is old.
    ended: VecDeque<SessionId>,
}

/// How many sessions that have ended are remembered, the last ones.
const REMEMBERED: usize = 1_000;

impl Claims {
    pub(crate) fn of(prefix: Prefix) -> Self {
        Self {
            prefix,
            records: BTreeMap::new(),
            by_owner: BTreeMap::new(),
            alive: BTreeSet::new(),
            ended: VecDeque::new(),
        }
    }

    /// Begins anew, with what a listing has found: a session that it shows is there, whatever was seen of it before.
    /// So it is in a store that was restored.
    pub(crate) fn listed(&mut self, changes: impl Iterator<Item = Change>) {
        self.records.clear();
        self.by_owner.clear();
        self.alive.clear();
        self.ended.clear();
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
                Some(value) => self.note(&item, Noted::found(&value, revision)),
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
        if !self.ended.contains(&session) {
            self.ended.push_back(session);
        }
        while self.ended.len() > REMEMBERED {
            self.ended.pop_front();
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
        let Some(noted) = self.records.get(item) else {
            return Standing::Free(Basis::default());
        };
        let (record, expected) = (noted.record, noted.expected());
        if record.item != revision {
            return Standing::Free(Basis { record: expected, ..Basis::default() });
        }
        match record.owner {
            Some(owner) if self.alive.contains(&owner) => Standing::Held,
            None if record.not_before_ms == NEVER_MS => Standing::PutAside,
            None if record.not_before_ms > now_ms => Standing::Later(record.not_before_ms),
            dead => Standing::Free(Basis { record: expected, dead, attempts: record.attempts }),
        }
    }

    /// Whether a session is there, as far as is known.
    pub(crate) fn lives(&self, session: SessionId) -> bool {
        self.alive.contains(&session)
    }

    /// The items that there are records of which nobody owns who is there.
    pub(crate) fn unowned(&self) -> impl Iterator<Item = &Key> {
        self.records.keys().filter(|item| self.is_unowned(item))
    }

    /// Whether there is a record of an item, and nobody owns it who is there.
    pub(crate) fn is_unowned(&self, item: &Key) -> bool {
        self.records.get(item).is_some_and(|noted| !noted.record.owner.is_some_and(|owner| self.lives(owner)))
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use crate::lease::record::Record;

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

    fn record(owner: Option<u128>, attempts: u32, not_before_ms: u64) -> Record {
        Record { owner: owner.map(session), attempts, not_before_ms, item: 5, nonce: 1 }
    }

    fn noted(revision: i64, record: Record) -> Change {
        put("__rq1:2:/q/c/1", revision, &String::from_utf8(record.encode()).unwrap())
    }

    fn lives(id: u128) -> Change {
        put(&format!("__rq1:2:/q/a/{}", session(id)), 8, "")
    }

    fn key() -> Key {
        b"/q/1".as_slice().into()
    }

    #[test]
    fn an_item_is_held_while_its_owners_session_is_there() {
        let mut claims = claims();
        assert_eq!(claims.standing(&key(), 5, 0), Standing::Free(Basis::default()));
        claims.apply(lives(7));
        claims.apply(noted(9, record(Some(7), 1, 0)));
        assert_eq!(claims.standing(&key(), 5, 0), Standing::Held);
        assert_eq!(
            claims.apply(delete(&format!("__rq1:2:/q/a/{}", session(7)), 12)),
            About::Ended(session(7), vec![key()])
        );
        let expected = Expected::This(record(Some(7), 1, 0));
        let basis = Basis { record: expected, dead: Some(session(7)), attempts: 1 };
        assert_eq!(claims.standing(&key(), 5, 0), Standing::Free(basis));
        claims.apply(lives(7));
        assert_eq!(claims.standing(&key(), 5, 0), Standing::Free(basis), "a session does not come back");
        claims.listed([lives(7), noted(4, record(Some(7), 1, 0))].into_iter());
        assert_eq!(claims.standing(&key(), 5, 0), Standing::Held, "unless a listing shows it");
    }

    #[test]
    fn an_item_that_was_given_back_is_free_when_its_time_has_come() {
        let mut claims = claims();
        claims.apply(noted(9, record(None, 3, 500)));
        assert_eq!(claims.standing(&key(), 5, 499), Standing::Later(500));
        let expected = Expected::This(record(None, 3, 500));
        let basis = Basis { record: expected, dead: None, attempts: 3 };
        assert_eq!(claims.standing(&key(), 5, 500), Standing::Free(basis));
    }

    #[test]
    fn a_record_of_an_item_that_is_gone_does_not_hold_its_successor() {
        let mut claims = claims();
        claims.apply(lives(7));
        claims.apply(noted(9, record(Some(7), 4, 0)));
        let expected = Expected::This(record(Some(7), 4, 0));
        let basis = Basis { record: expected, dead: None, attempts: 0 };
        assert_eq!(claims.standing(&key(), 11, 0), Standing::Free(basis));
    }

    #[test]
    fn what_is_heard_late_changes_nothing() {
        let mut claims = claims();
        claims.apply(noted(9, record(Some(7), 1, 0)));
        claims.apply(noted(8, record(Some(6), 1, 0)));
        claims.apply(delete("__rq1:2:/q/c/1", 9));
        assert_eq!(claims.noted(&key()).unwrap().record.owner, Some(session(7)));
        claims.apply(delete("__rq1:2:/q/c/1", 10));
        assert_eq!(claims.noted(&key()), None);
    }

    #[test]
    fn an_item_that_was_put_aside_where_it_lies_is_not_handed_out() {
        let mut claims = claims();
        claims.apply(noted(9, record(None, 3, NEVER_MS)));
        assert_eq!(claims.standing(&key(), 5, NEVER_MS), Standing::PutAside);
        assert!(matches!(claims.standing(&key(), 11, 0), Standing::Free(_)), "another item of the same name");
    }
}
