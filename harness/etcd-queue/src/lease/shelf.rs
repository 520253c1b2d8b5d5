//! All items that are known, by what may be done with them: free to be claimed, parked because somebody else
//! holds them or their time has not come, or out, in our own hands. And those that are too large to be read.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use tokio::time::Instant;

use crate::affinity::Affinity;
use crate::cache::{Cache, Change, Key, Known, Place};
use crate::key::Prefix;
use crate::lease::claim::Orphan;
use crate::lease::claims::{About, Basis, Claims, Standing};
use crate::lease::record::{Noted, SessionId};

/// How many items in line may be read at once when their values are not known.
const WIDEST_WINDOW: usize = 126;

pub(crate) struct Shelf {
    free: Cache,
    parked: BTreeMap<Key, (i64, Known)>,
    out: BTreeMap<Key, i64>,
    /// Items whose values this client does not get: they stay stored, and out of the way of those behind them.
    unreadable: BTreeMap<Key, i64>,
    /// Parked items whose time will come, by it.
    later: BTreeSet<(u64, Key)>,
    claims: Claims,
    pub(crate) affinity: Affinity,
}

/// An item to be claimed, and what its claim is based on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Chosen {
    pub(crate) place: Place,
    pub(crate) known: Known,
    pub(crate) basis: Basis,
}

/// What may be claimed now, and what stands in the way of more.
#[derive(Debug, Default)]
pub(crate) struct Choice {
    pub(crate) items: Vec<Chosen>,
    /// Keys whose values have to be read first.
    pub(crate) unread: Vec<Key>,
    /// When there will be more, if nothing else happens.
    pub(crate) later: Option<Instant>,
}

impl Shelf {
    pub(crate) fn of(prefix: Prefix) -> Self {
        Self {
            free: Cache::default(),
            parked: BTreeMap::new(),
            out: BTreeMap::new(),
            unreadable: BTreeMap::new(),
            later: BTreeSet::new(),
            claims: Claims::of(prefix),
            affinity: Affinity::default(),
        }
    }

    /// What is stored, as a listing has found it.
    pub(crate) fn items_listed(&mut self, cache: Cache, now_ms: u64) {
        self.free = cache;
        self.parked.clear();
        self.later.clear();
        let free = &mut self.free;
        self.unreadable.retain(|key, revision| free.place_of(key).is_some_and(|place| place.0 == *revision));
        for (key, revision) in self.out.iter().chain(&self.unreadable) {
            free.forget(key, *revision);
        }
        let about: Vec<Key> = self.free.iter().map(|(place, _)| place.1.clone()).collect();
        about.iter().for_each(|key| self.reconsider(key, now_ms));
    }

    /// Who holds what, as a listing has found it.
    pub(crate) fn claims_listed(&mut self, cache: &Cache, now_ms: u64) {
        self.claims.listed(cache.iter().map(|((revision, key), known)| Change::Put {
            key: key.clone(),
            revision: *revision,
            value: known.value.clone(),
        }));
        let free = self.free.iter().map(|(place, _)| place.1.clone());
        let all: Vec<Key> = free.chain(self.parked.keys().cloned()).collect();
        all.iter().for_each(|key| self.reconsider(key, now_ms));
    }

    pub(crate) fn item_changed(&mut self, change: Change, now: Instant, now_ms: u64) {
        match change {
            Change::Put { key, revision, value } => {
                if self.out.get(&key).is_some_and(|&out| out >= revision) {
                    return;
                }
                self.parked.remove(&key);
                self.free.apply(Change::Put { key: key.clone(), revision, value }, now);
                self.reconsider(&key, now_ms);
            }
            Change::Delete { key, revision } => {
                if self.parked.get(&key).is_some_and(|(place, _)| *place < revision) {
                    self.parked.remove(&key);
                }
                if self.unreadable.get(&key).is_some_and(|place| *place < revision) {
                    self.unreadable.remove(&key);
                }
                self.free.apply(Change::Delete { key, revision }, now);
            }
        }
    }

    pub(crate) fn claim_changed(&mut self, change: Change, now_ms: u64) -> About {
        let about = self.claims.apply(change);
        match &about {
            About::Item(key) => self.reconsider(key, now_ms),
            About::Ended(_, keys) => keys.iter().for_each(|key| self.reconsider(key, now_ms)),
            About::Began | About::Nothing => {}
        }
        about
    }

    /// A value that was read.
    pub(crate) fn read(&mut self, key: &Key, revision: i64, value: Vec<u8>, now: Instant) {
        if self.free.place_of(key).is_some_and(|(place, _)| place <= revision) {
            self.free.read(key, revision, value, now);
        }
    }

    /// Whether an item stands in line, and its value is still to be read.
    pub(crate) fn is_unread(&self, key: &Key) -> bool {
        self.free.place_of(key).is_some_and(|place| self.free.is_unread(&place))
    }

    /// Takes an item out of the line whose value does not come through.
    pub(crate) fn set_aside(&mut self, key: &Key) {
        if let Some((revision, key)) = self.free.place_of(key) {
            self.free.forget(&key, revision);
            self.unreadable.insert(key, revision);
        }
    }

    /// The keys of the items whose values do not come through.
    pub(crate) fn unreadable(&self) -> impl ExactSizeIterator<Item = &[u8]> {
        self.unreadable.keys().map(|key| &**key)
    }

    /// Puts an item where its record says it belongs.
    fn reconsider(&mut self, key: &Key, now_ms: u64) {
        if let Some(place) = self.free.place_of(key) {
            if !matches!(self.claims.standing(key, place.0, now_ms), Standing::Free(_))
                && let Some(known) = self.free.take(&place)
            {
                self.shelve(place, known, now_ms);
            }
        } else if let Some((revision, known)) = self.parked.remove(key) {
            self.shelve((revision, key.clone()), known, now_ms);
        }
    }

    /// Takes an item in that is in nobody's hands here.
    pub(crate) fn shelve(&mut self, place: Place, known: Known, now_ms: u64) {
        let (revision, key) = (place.0, place.1.clone());
        match self.claims.standing(&key, revision, now_ms) {
            Standing::Free(_) => return self.free.restore(place, known),
            Standing::Held | Standing::PutAside => {}
            Standing::Later(at_ms) => drop(self.later.insert((at_ms, key.clone()))),
        }
        if self.free.place_of(&key).is_none() {
            self.parked.insert(key, (revision, known));
        }
    }

    /// Looks at those whose time has come, and says when the next one's will.
    pub(crate) fn pass(&mut self, now_ms: u64) -> Option<Duration> {
        while let Some((at_ms, key)) = self.later.first().cloned() {
            if at_ms > now_ms {
                return Some(Duration::from_millis(at_ms - now_ms));
            }
            self.later.pop_first();
            self.reconsider(&key, now_ms);
        }
        None
    }

    /// Chooses what to claim, up to `most`, and counts it as out.
    pub(crate) fn choose(&mut self, most: usize, window: usize, now: Instant, now_ms: u64) -> Choice {
        let chosen = self.affinity.choose(&self.free, most, now);
        let mut choice = Choice { later: chosen.later, ..Choice::default() };
        let first_unread = chosen.places.iter().take(window).find(|place| self.free.is_unread(place));
        if let Some(first) = first_unread {
            let from_there = self.free.iter_from(first).take(window.min(WIDEST_WINDOW));
            let unread = from_there.filter(|(_, known)| known.value.is_none());
            choice.unread = unread.map(|((_, key), _)| key.clone()).collect();
        }
        for place in chosen.places {
            let Some(known) = self.free.take(&place) else { continue };
            match self.claims.standing(&place.1, place.0, now_ms) {
                Standing::Free(basis) if known.value.is_some() => {
                    self.out.insert(place.1.clone(), place.0);
                    choice.items.push(Chosen { place, known, basis });
                }
                Standing::Free(_) => {
                    self.free.restore(place, known);
                    break;
                }
                Standing::Held | Standing::PutAside | Standing::Later(_) => self.shelve(place, known, now_ms),
            }
        }
        choice
    }

    /// An item is no longer in our hands.
    pub(crate) fn is_back(&mut self, place: &Place) {
        if self.out.get(&place.1) == Some(&place.0) {
            self.out.remove(&place.1);
        }
    }

    pub(crate) fn note(&mut self, key: &Key, noted: Noted) {
        self.claims.note(key, noted);
    }

    pub(crate) fn forget_claim(&mut self, key: &Key, revision: i64) {
        self.claims.forget(key, revision);
    }

    pub(crate) fn is_alive(&mut self, session: SessionId) {
        self.claims.is_alive(session);
    }

    /// A session has ended: what it held is free.
    pub(crate) fn has_ended(&mut self, session: SessionId, now_ms: u64) {
        for key in self.claims.has_ended(session) {
            self.reconsider(&key, now_ms);
        }
    }

    /// The items whose records name a session.
    pub(crate) fn records_of(&self, session: SessionId) -> Vec<Key> {
        self.claims.records_of(session)
    }

    pub(crate) fn noted(&self, key: &Key) -> Option<&Noted> {
        self.claims.noted(key)
    }

    /// Takes in who else consumes.
    pub(crate) fn meet(&mut self, ours: SessionId) {
        let all = self.claims.sessions();
        self.affinity.meet(&ours.to_string(), &all);
    }

    /// The items that seem to be gone, and whose records nobody owns.
    pub(crate) fn suspects(&self) -> Vec<Key> {
        self.claims.unowned().filter(|key| !self.is_known(key)).cloned().collect()
    }

    /// Whether an item seems to be gone, and nobody owns its record.
    pub(crate) fn is_suspect(&self, key: &Key) -> bool {
        self.claims.is_unowned(key) && !self.is_known(key)
    }

    /// The record of a suspect, to be tidied away if it is one.
    pub(crate) fn orphan(&self, key: &Key) -> Option<Orphan> {
        let noted = self.claims.noted(key).filter(|_| self.is_suspect(key))?;
        Some(Orphan { item: key.clone(), record: noted.expected(), owner: noted.record.owner })
    }

    fn is_known(&self, key: &Key) -> bool {
        self.is_out(key)
            || self.parked.contains_key(key)
            || self.unreadable.contains_key(key)
            || self.free.place_of(key).is_some()
    }

    /// Whether a session is there, as far as is known.
    pub(crate) fn lives(&self, session: SessionId) -> bool {
        self.claims.lives(session)
    }

    /// What an item's claim would be based on, if it may be claimed.
    pub(crate) fn basis(&self, place: &Place, now_ms: u64) -> Option<Basis> {
        match self.claims.standing(&place.1, place.0, now_ms) {
            Standing::Free(basis) => Some(basis),
            Standing::Held | Standing::Later(_) | Standing::PutAside => None,
        }
    }

    pub(crate) fn has_free(&self) -> bool {
        self.free.len() > 0
    }

    pub(crate) fn is_used_up(&self) -> bool {
        self.free.is_used_up()
    }

    /// How many items are known to be stored.
    pub(crate) fn len(&self) -> usize {
        self.free.len() + self.parked.len() + self.out.len()
    }

    pub(crate) fn has_parked(&self) -> bool {
        !self.parked.is_empty()
    }

    /// Whether an item is in our hands, or about to be.
    pub(crate) fn is_out(&self, key: &Key) -> bool {
        self.out.contains_key(key)
    }

    pub(crate) fn out(&self) -> usize {
        self.out.len()
    }
}
