//! How the actor takes in what has come of its requests and its watches.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use tokio::time::Instant;

use crate::access::Setback;
use crate::cache::{Change, Key, Known};
use crate::error::Error;
use crate::lease::actor::{Actor, HandEvent, Holding, unhanded};
use crate::lease::claim::{Burial, Claim, Fate, Grave, Orphan, Outcome};
use crate::lease::claims::About;
use crate::lease::delivery::{Claimed, Ticket};
use crate::lease::record::{NEVER_MS, Noted, Record, SessionId};
use crate::lease::shelf::Chosen;
use crate::lease::term::Incumbent;
use crate::link::{Entry, Link, LinkEvent};
use crate::listing::Read;
use crate::meter::cause;
use crate::slot::Settles;
use crate::watch::{End, News};

/// Values of so many bytes together are not too many to read at once, and of so many they are.
const LIGHT_BYTES: usize = 256 * 1024;
const HEAVY_BYTES: usize = 1024 * 1024;
/// How long until what etcd refuses to put aside is tried again. Meanwhile it does not stand in the way of others.
const BURIED_AGAIN_AFTER: Duration = Duration::from_secs(30);
/// The watch may tell late of what is settled long since; 100 ms are usual (etcd v3.5.5
/// server/mvcc/watchable_store.go, `syncWatchersLoop`).
const STRAY_AFTER: Duration = Duration::from_secs(1);

impl Actor {
    pub(crate) fn on_items(&mut self, event: LinkEvent) {
        let (now, now_ms) = (Instant::now(), self.unix_ms());
        match event {
            LinkEvent::Listed(Ok(listing)) => {
                let (items, revision) = (listing.cache.len(), listing.revision);
                tracing::debug!(range = self.access.range(), items, revision, "listed, watching from there");
                self.shelf.items_listed(listing.cache, now_ms);
                self.items = Link::open(self.access.clone(), revision);
                self.listed_barren(now);
                self.tell_unreadable();
                if self.claims_listed {
                    self.suspect_all(now);
                }
            }
            LinkEvent::Opened(Ok(watch)) => self.items = Link::Up(watch),
            LinkEvent::News(News::Changes(changes)) => {
                for change in changes {
                    self.check_taken(&change);
                    let gone = match &change {
                        Change::Delete { key, .. } => Some(key.clone()),
                        Change::Put { .. } => None,
                    };
                    self.shelf.item_changed(change, now, now_ms);
                    gone.into_iter().for_each(|key| self.suspect(key, now));
                }
                self.tell_unreadable();
                self.meter.known.set(f64::from(u32::try_from(self.shelf.len()).unwrap_or(u32::MAX)));
            }
            LinkEvent::News(News::Created) => {}
            LinkEvent::Listed(Err(setback)) => self.items = self.not_listed(setback, Which::Items),
            LinkEvent::Opened(Err(end)) | LinkEvent::News(News::Ended(end)) => {
                self.items = self.watch_ended(end, Which::Items);
            }
        }
    }

    /// An item that is held here and deleted by nobody here was taken by somebody who looks at no claims.
    fn check_taken(&mut self, change: &Change) {
        if let Change::Delete { key, .. } = change
            && !self.ending.contains(key)
            && let Some(held) = self.held.get(key)
        {
            held.fenced.store(true, Ordering::Release);
        }
    }

    /// An item that is held here and that somebody who lives has a claim of: so it may be where a store was restored.
    fn check_retaken(&self, key: &Key) {
        if let (Some(held), Some(noted)) = (self.held.get(key), self.shelf.noted(key))
            && let Some(owner) = noted.record.owner
            && owner != held.ticket.session
            && self.shelf.lives(owner)
        {
            held.fenced.store(true, Ordering::Release);
        }
    }

    /// An item whose record may be left behind.
    fn suspect(&mut self, key: Key, now: Instant) {
        if self.shelf.is_suspect(&key) {
            self.orphans.suspect(key, now);
        }
    }

    pub(crate) fn suspect_all(&mut self, now: Instant) {
        self.shelf.suspects().into_iter().for_each(|key| self.orphans.suspect(key, now));
    }

    fn tell_unreadable(&self) {
        self.standing.tell_unreadable(self.shelf.unreadable(), &self.meter);
    }

    pub(crate) fn on_claims(&mut self, event: LinkEvent) {
        let (now, now_ms) = (Instant::now(), self.unix_ms());
        match event {
            LinkEvent::Listed(Ok(listing)) => {
                self.shelf.claims_listed(&listing.cache, now_ms);
                self.claims = Link::open(self.access.to_claims(), listing.revision);
                self.claims_listed = true;
                let ours = self.incumbent.as_ref().map(|incumbent| self.shelf.records_of(incumbent.id));
                ours.into_iter().flatten().for_each(|key| self.check_stray(key));
                self.see_sessions();
                let held: Vec<Key> = self.held.keys().cloned().collect();
                held.iter().for_each(|key| self.check_retaken(key));
                if self.items.is_listed() {
                    self.suspect_all(now);
                }
            }
            LinkEvent::Opened(Ok(watch)) => self.claims = Link::Up(watch),
            LinkEvent::News(News::Changes(changes)) => {
                for change in changes {
                    match self.shelf.claim_changed(change, now_ms) {
                        About::Item(key) => {
                            self.check_retaken(&key);
                            self.suspect(key.clone(), now);
                            self.check_stray(key);
                        }
                        About::Began => self.see_sessions(),
                        About::Ended(session, keys) => {
                            keys.into_iter().for_each(|key| self.suspect(key, now));
                            self.see_sessions();
                            if self.incumbent.as_ref().is_some_and(|incumbent| incumbent.id == session) {
                                self.session_ended("its key is gone");
                            }
                        }
                        About::Nothing => {}
                    }
                }
            }
            LinkEvent::News(News::Created) => {}
            LinkEvent::Listed(Err(setback)) => self.claims = self.not_listed(setback, Which::Claims),
            LinkEvent::Opened(Err(end)) | LinkEvent::News(News::Ended(end)) => {
                self.claims = self.watch_ended(end, Which::Claims);
            }
        }
    }

    fn see_sessions(&mut self) {
        if let Some(incumbent) = &self.incumbent {
            // What was listed before it began does not show it.
            self.shelf.is_alive(incumbent.id);
            self.shelf.meet(incumbent.id);
        }
    }

    fn watch_ended(&mut self, end: End, which: Which) -> Link {
        let (rest, range) = self.link_failed(which);
        tracing::warn!(range, ?end, ?rest, "the watch ended, listing and watching again");
        self.meter.recovered(cause(&end));
        Link::Down(match end {
            End::Login(_) => Entry::FreshLogin,
            End::Compacted { .. } | End::Cancelled(_) | End::Broken(_) | End::Silent => Entry::AsIs,
        })
    }

    fn not_listed(&mut self, setback: Setback, which: Which) -> Link {
        let (rest, range) = self.link_failed(which);
        match setback {
            Setback::Final(error) | Setback::Full(error) => self.wants.fail(&error),
            Setback::Unsent(reason) | Setback::Lost(reason) => {
                tracing::warn!(range, reason, ?rest, "listing again");
                self.meter.recovered("listing");
            }
        }
        Link::Down(Entry::AsIs)
    }

    fn link_failed(&mut self, which: Which) -> (Duration, &str) {
        let (pace, range) = match which {
            Which::Items => (&mut self.items_pace, self.access.range()),
            Which::Claims => (&mut self.claims_pace, "claims"),
        };
        (pace.setback(Instant::now()), range)
    }

    pub(crate) fn on_hand(&mut self, event: HandEvent) {
        match event {
            HandEvent::Session(begun) => {
                self.is_beginning = false;
                match begun {
                    Ok((session, slots)) => {
                        (self.slots, self.slots_in_use, self.slots_of) = (slots, 0, Some(session));
                    }
                    Err(setback) => self.not_begun(setback),
                }
            }
            HandEvent::Term(begun) => {
                self.is_beginning = false;
                match begun {
                    Ok(incumbent) => self.session_began(incumbent),
                    Err(setback) => self.not_begun(setback),
                }
            }
            HandEvent::Read(reads) => {
                self.is_reading = false;
                match reads {
                    Ok(reads) => self.read(reads),
                    Err(setback) => self.set_back("the values are read again", setback),
                }
            }
            HandEvent::Claimed { claim, answer } => self.claimed(claim, answer),
            HandEvent::Ended { endings, slot, answer } => self.endings_sent(endings, slot, answer),
            HandEvent::Settled { doubt, answer } => self.endings_settled(doubt, answer),
            HandEvent::Buried { chosen, grave, answer } => self.buried(chosen, grave, answer),
            HandEvent::Tidied { orphans, answer } => self.tidied(orphans, answer),
            HandEvent::Counted(Ok(stored)) => {
                if stored > u64::try_from(self.shelf.len()).unwrap_or(0) && !self.shelf.has_free() {
                    tracing::info!(range = self.access.range(), stored, "there may be more, listing");
                    self.meter.recovered("audit");
                    self.items = Link::list(self.access.clone(), Entry::AsIs, Duration::ZERO);
                }
            }
            HandEvent::Counted(Err(setback)) => self.set_back("the count is left out", setback),
        }
    }

    /// What is to end waits for slots. If there will be none it is told so; a full etcd takes some of it all the same.
    fn not_begun(&mut self, setback: Setback) {
        if let Setback::Final(error) = &setback {
            for ending in std::mem::take(&mut self.pending) {
                self.ended_badly(ending, error.clone());
            }
        }
        self.set_back("a session is begun again", setback);
    }

    fn tidied(&mut self, orphans: Vec<Orphan>, answer: Result<(), Setback>) {
        self.is_tidying = false;
        let now = Instant::now();
        match answer {
            Ok(()) => {}
            Err(setback @ (Setback::Unsent(_) | Setback::Lost(_))) => {
                for orphan in orphans {
                    match orphan.owner {
                        None => self.orphans.leave(orphan),
                        Some(_) => self.orphans.suspect(orphan.item, now),
                    }
                }
                self.set_back("records of items that are gone are tidied away again", setback);
            }
            Err(setback) => tracing::debug!(?setback, "records of items that are gone are left for later"),
        }
    }

    fn session_began(&mut self, incumbent: Incumbent) {
        tracing::debug!(range = self.access.range(), session = %incumbent.id, "a session begins");
        self.lease_meter.sessions.increment(1);
        self.incumbent = Some(incumbent);
        self.see_sessions();
        self.hand_pace.all_is_well();
    }

    /// What the session held is free, and its holders' deliveries are stale.
    pub(crate) fn session_ended(&mut self, why: &'static str) {
        let Some(incumbent) = self.incumbent.take() else { return };
        tracing::warn!(range = self.access.range(), session = %incumbent.id, why, "a session has ended");
        self.meter.recovered("session");
        self.terms_pace.setback(Instant::now());
        // Deliveries share it, and learn by it that they are stale.
        incumbent.term.end();
        let now_ms = self.unix_ms();
        self.shelf.has_ended(incumbent.id, now_ms);
        for claimed in self.wants.take_ready() {
            let place = claimed.ticket.place;
            self.held.remove(&place.1);
            self.shelf.is_back(&place);
            self.shelf.shelve(place, Known { value: Some(claimed.value), seen: Instant::now() }, now_ms);
        }
        // What was to be given back some time is free now.
        for (_, ending) in std::mem::take(&mut self.again) {
            if self.holds(&ending.ticket) {
                self.ending.remove(ending.key());
            }
        }
        for (key, holding) in std::mem::take(&mut self.held) {
            // What is about to be acknowledged is not claimed again before that is decided.
            if self.ending.contains(&key) {
                self.held.insert(key, holding);
            } else {
                self.put_back(&holding.ticket);
            }
        }
    }

    /// An item that is in nobody's hands here any more, and stored.
    pub(crate) fn put_back(&mut self, ticket: &Ticket) {
        let now_ms = self.unix_ms();
        self.shelf.is_back(&ticket.place);
        self.shelf.shelve(ticket.place.clone(), Known { value: None, seen: Instant::now() }, now_ms);
    }

    fn read(&mut self, reads: Vec<Read>) {
        let (now, now_ms, mut bytes) = (Instant::now(), self.unix_ms(), 0);
        let mut tells_nothing_new = false;
        for read in reads {
            let key = match read {
                Read::Stored { key, revision, value } => {
                    bytes += value.len();
                    self.shelf.read(&key, revision, value, now);
                    key
                }
                Read::Gone { key, revision } => {
                    self.shelf.item_changed(Change::Delete { key: key.clone(), revision }, now, now_ms);
                    key
                }
                Read::TooLarge { key, reason } => {
                    let (range, name) = (self.access.range(), String::from_utf8_lossy(&key));
                    tracing::error!(range, key = %name, reason, "an item is too large for this client");
                    self.shelf.set_aside(&key);
                    self.tell_unreadable();
                    key
                }
            };
            tells_nothing_new |= self.shelf.is_unread(&key);
        }
        if tells_nothing_new {
            // What is known is of a store that was restored since, or the item was written over meanwhile.
            let rest = self.items_pace.setback(now);
            tracing::warn!(
                range = self.access.range(),
                ?rest,
                "what is stored is not what was listed, listing again"
            );
            self.meter.recovered("listing");
            self.items = Link::list(self.access.clone(), Entry::AsIs, rest);
        }
        self.window = match bytes {
            ..=LIGHT_BYTES => self.window.saturating_mul(2).min(126),
            HEAVY_BYTES.. => (self.window / 2).max(1),
            _ => self.window,
        };
    }

    fn claimed(&mut self, mut claim: Claim, answer: Result<Outcome, Setback>) {
        self.claiming = self.claiming.saturating_sub(1);
        for chosen in &claim.items {
            self.abroad.remove(&chosen.place);
        }
        let settles = Settles::after(&answer);
        if claim.is_in_doubt || settles == Settles::Together {
            self.settles = settles;
        }
        match answer {
            Ok(Outcome::Parts(fates)) => {
                let mut lost = 0;
                let fates = claim.items.iter().zip(fates);
                for (chosen, fate) in fates {
                    lost += u64::from(!self.reckon(&claim, chosen, fate));
                }
                if lost == 0 {
                    self.shelf.affinity.won();
                } else {
                    self.meter.lost_races.increment(lost);
                    self.shelf.affinity.lost(Instant::now());
                }
            }
            Ok(Outcome::Full { fates, error }) => {
                let mut ours = 0;
                for (chosen, fate) in claim.items.iter().zip(fates) {
                    ours += u64::from(self.reckon(&claim, chosen, fate));
                }
                tracing::warn!(range = self.access.range(), ours, %error, "etcd is full");
                self.hand_out(Instant::now());
                self.set_back("", Setback::Full(error));
            }
            Ok(Outcome::SessionGone) => {
                self.void(claim.items);
                if self.incumbent.as_ref().is_some_and(|incumbent| incumbent.id == claim.session) {
                    self.session_ended("a claim of it was refused");
                }
            }
            Err(Setback::Unsent(reason)) => {
                match claim.is_in_doubt {
                    true => self.doubts.push(claim),
                    false => self.void(claim.items),
                }
                self.set_back("the claim is made again", Setback::Unsent(reason));
            }
            Err(Setback::Lost(reason)) => {
                claim.is_in_doubt = true;
                self.doubts.push(claim);
                self.set_back("a claim's reply was lost, sending it again", Setback::Lost(reason));
            }
            // What an earlier sending of it may have claimed shows as a stray.
            Err(setback) => {
                self.void(claim.items);
                self.set_back("", setback);
            }
        }
    }

    /// Takes in what became of one item, and says whether it was had.
    fn reckon(&mut self, claim: &Claim, chosen: &Chosen, fate: Fate) -> bool {
        let now_ms = self.unix_ms();
        let (place, known) = (chosen.place.clone(), chosen.known.clone());
        let Fate::Ours(revision) = fate else {
            self.missed_one(chosen, fate);
            return false;
        };
        let record = claim.record(chosen);
        self.shelf.note(&place.1, Noted::written(record, revision));
        let Some(incumbent) = self.incumbent.as_ref().filter(|incumbent| incumbent.id == claim.session)
        else {
            self.shelf.is_back(&place);
            self.shelf.shelve(place, known, now_ms);
            return true;
        };
        self.hand_pace.all_is_well();
        self.meter.claimed.increment(1);
        if record.attempts > 1 {
            self.lease_meter.redelivered.increment(1);
        }
        let (attempts, session, nonce) = (record.attempts, claim.session, claim.nonce);
        let ticket = Ticket { place, claim: revision, attempts, session, nonce };
        let fenced = Arc::new(AtomicBool::new(false));
        let holding = Holding { ticket: ticket.clone(), fenced: fenced.clone() };
        self.held.insert(ticket.place.1.clone(), holding);
        let value = known.value.unwrap_or_default();
        self.wants.keep(Claimed { ticket, value, term: incumbent.term.clone(), fenced });
        true
    }

    /// Takes in why an item was not had. If that is nothing new, what is known is not what is stored: so it may be where
    /// a store was restored.
    fn missed_one(&mut self, chosen: &Chosen, fate: Fate) {
        let (now_ms, place) = (self.unix_ms(), chosen.place.clone());
        self.shelf.is_back(&place);
        match fate {
            Fate::ItemGone | Fate::Ours(_) => return,
            Fate::Left => return self.shelf.shelve(place, chosen.known.clone(), now_ms),
            Fate::Held(noted) => self.shelf.note(&place.1, noted),
            Fate::OwnerLives => chosen.basis.dead.into_iter().for_each(|owner| self.shelf.is_alive(owner)),
        }
        self.shelf.shelve(place.clone(), chosen.known.clone(), now_ms);
        if self.shelf.basis(&place, now_ms) == Some(chosen.basis) {
            self.look_again();
        }
        self.check_stray(place.1);
    }

    /// Who holds what is listed anew, after a rest; nothing is claimed before.
    fn look_again(&mut self) {
        if !self.claims_listed {
            return;
        }
        let rest = self.claims_pace.setback(Instant::now());
        tracing::warn!(
            range = self.access.range(),
            ?rest,
            "claims are not what was told of them, listing them again"
        );
        self.meter.recovered("claims");
        self.claims_listed = false;
        self.claims = Link::list(self.access.to_claims(), Entry::AsIs, rest);
    }

    /// Nothing came of a claim, as far as is known.
    pub(crate) fn void(&mut self, items: Vec<Chosen>) {
        let now_ms = self.unix_ms();
        for Chosen { place, known, .. } in items {
            self.shelf.is_back(&place);
            self.shelf.shelve(place, known, now_ms);
        }
    }

    /// Notes a record that names our session for an item that is not in our hands, as far as we know.
    fn check_stray(&mut self, key: Key) {
        if self.is_stray(&key).is_some() {
            self.strays.entry(key).or_insert_with(|| Instant::now() + STRAY_AFTER);
        }
    }

    fn is_stray(&self, key: &Key) -> Option<(SessionId, Noted)> {
        let ours = self.incumbent.as_ref()?.id;
        let noted = *self.shelf.noted(key)?;
        (noted.record.owner == Some(ours) && !self.shelf.is_out(key)).then_some((ours, noted))
    }

    /// Gives back what we have claimed and never came to know of.
    pub(crate) fn release_stray(&mut self, key: &Key) {
        let Some((session, Noted { record, revision, .. })) = self.is_stray(key) else { return };
        let ticket = Ticket {
            place: (record.item, key.clone()),
            claim: revision,
            attempts: record.attempts,
            session,
            nonce: record.nonce,
        };
        self.pending.push_back(unhanded(ticket));
    }

    fn buried(&mut self, chosen: Chosen, grave: Grave, answer: Result<Burial, Setback>) {
        match answer {
            Ok(Burial::Done(revision)) => {
                self.lease_meter.dead_letters.increment(1);
                self.shelf.is_back(&chosen.place);
                if grave == Grave::InPlace {
                    let item = chosen.place.0;
                    let never = Record { not_before_ms: NEVER_MS, item, ..Record::default() };
                    self.shelf.note(&chosen.place.1, Noted::written(never, revision));
                    self.shelf.shelve(chosen.place, chosen.known, self.unix_ms());
                }
            }
            Ok(Burial::Missed(fate)) => self.missed_one(&chosen, fate),
            // Its letter is more than etcd takes along: it becomes one where it lies.
            Err(Setback::Final(Error::TooLarge { .. })) if grave == Grave::Apart => {
                self.bury(chosen, Grave::InPlace);
            }
            Err(setback @ Setback::Final(_)) => {
                let (key, again_at) =
                    (chosen.place.1.escape_ascii().to_string(), Instant::now() + BURIED_AGAIN_AFTER);
                tracing::error!(key, ?setback, "an item that was handed out too often cannot be put aside");
                self.unburied.push((again_at, chosen));
                self.set_back("", setback);
            }
            Err(setback) => {
                self.void(vec![chosen]);
                self.set_back("an item is still to be put aside", setback);
            }
        }
    }

    pub(crate) fn set_back(&mut self, what: &'static str, setback: Setback) {
        let now = Instant::now();
        match setback {
            Setback::Full(error) => {
                self.full_pace.setback(now);
                self.fill(error.clone());
                self.wants.fail(&error);
            }
            Setback::Final(error) => {
                self.hand_pace.setback(now);
                self.wants.fail(&error);
            }
            Setback::Unsent(reason) | Setback::Lost(reason) => {
                let rest = self.hand_pace.setback(now);
                tracing::warn!(range = self.access.range(), reason, ?rest, "{what}");
            }
        }
    }
}

#[derive(Clone, Copy, Debug)]
enum Which {
    Items,
    Claims,
}
