//! How the actor takes in what has come of its requests and its watches.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use tokio::time::Instant;

use crate::access::Setback;
use crate::cache::{Change, Key, Known};
use crate::error::Error;
use crate::lease::actor::{Actor, HandEvent, Holding, unhanded};
use crate::lease::claim::{Claim, Fate, Outcome};
use crate::lease::claims::{About, Noted};
use crate::lease::delivery::{Claimed, Ticket};
use crate::lease::record::SessionId;
use crate::lease::shelf::Chosen;
use crate::lease::term::Begun;
use crate::link::{Entry, Link, LinkEvent};
use crate::listing::Read;
use crate::meter::cause;
use crate::slot::Settles;
use crate::watch::{End, News};

/// Values of so many bytes together are not too many to read at once, and of so many they are.
const LIGHT_BYTES: usize = 256 * 1024;
const HEAVY_BYTES: usize = 1024 * 1024;
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
            }
            LinkEvent::Opened(Ok(watch)) => self.items = Link::Up(watch),
            LinkEvent::News(News::Changes(changes)) => {
                for change in changes {
                    self.check_taken(&change);
                    self.shelf.item_changed(change, now, now_ms);
                }
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

    pub(crate) fn on_claims(&mut self, event: LinkEvent) {
        let now_ms = self.unix_ms();
        match event {
            LinkEvent::Listed(Ok(listing)) => {
                self.shelf.claims_listed(&listing.cache, now_ms);
                self.claims = Link::open(self.access.to_claims(), listing.revision);
                self.claims_listed = true;
                let ours = self.incumbent.as_ref().map(|incumbent| self.shelf.records_of(incumbent.id));
                ours.into_iter().flatten().for_each(|key| self.check_stray(key));
                self.see_sessions();
                if self.items.is_listed() {
                    self.tidy_orphans();
                }
            }
            LinkEvent::Opened(Ok(watch)) => self.claims = Link::Up(watch),
            LinkEvent::News(News::Changes(changes)) => {
                for change in changes {
                    match self.shelf.claim_changed(change, now_ms) {
                        About::Item(key) => self.check_stray(key),
                        About::Began => self.see_sessions(),
                        About::Ended(session, _) => {
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
                    Ok(incumbent) => self.session_began(incumbent),
                    Err(setback) => self.set_back("a session is begun again", setback),
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
            HandEvent::Settled { endings, slot, answer } => self.endings_settled(endings, slot, answer),
            HandEvent::Buried { chosen, answer } => self.buried(chosen, answer),
            HandEvent::Tidied => {}
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

    fn session_began(&mut self, begun: Begun) {
        let Begun { incumbent, session, slots } = begun;
        tracing::debug!(range = self.access.range(), session = %incumbent.id, "a session begins");
        (self.slots, self.slots_of) = (slots, Some(session));
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
        for (key, holding) in std::mem::take(&mut self.held) {
            // What is about to be acknowledged is not claimed again before that is decided.
            if self.ending.contains(&key) {
                self.held.insert(key, holding);
            } else {
                self.put_back(&holding.ticket);
            }
        }
        self.again.clear();
    }

    /// An item that is in nobody's hands here any more, and stored.
    pub(crate) fn put_back(&mut self, ticket: &Ticket) {
        let now_ms = self.unix_ms();
        self.shelf.is_back(&ticket.place);
        self.shelf.shelve(ticket.place.clone(), Known { value: None, seen: Instant::now() }, now_ms);
    }

    fn read(&mut self, reads: Vec<Read>) {
        let (now, now_ms, mut bytes) = (Instant::now(), self.unix_ms(), 0);
        for read in reads {
            match read {
                Read::Stored { key, revision, value } => {
                    bytes += value.len();
                    self.shelf.read(&key, revision, value, now);
                }
                Read::Gone { key, revision } => {
                    self.shelf.item_changed(Change::Delete { key, revision }, now, now_ms);
                }
                // It stays stored, and out of the way until the range is listed again.
                Read::TooLarge { key, reason } => {
                    let (range, name) = (self.access.range(), String::from_utf8_lossy(&key));
                    tracing::error!(range, key = %name, reason, "an item is too large for this client");
                    self.shelf.item_changed(Change::Delete { key, revision: i64::MAX }, now, now_ms);
                }
            }
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
        let revision = match fate {
            Fate::Ours(revision) => revision,
            Fate::ItemGone => {
                self.shelf.is_back(&place);
                return false;
            }
            Fate::Held(noted) => {
                self.shelf.note(&place.1, noted);
                self.shelf.is_back(&place);
                let key = place.1.clone();
                self.shelf.shelve(place, known, now_ms);
                self.check_stray(key);
                return false;
            }
            Fate::OwnerLives => {
                if let Some(owner) = chosen.basis.dead {
                    self.shelf.is_alive(owner);
                }
                self.shelf.is_back(&place);
                self.shelf.shelve(place, known, now_ms);
                return false;
            }
        };
        let record = claim.record(chosen);
        self.shelf.note(&place.1, Noted { record, revision });
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
        let ticket = Ticket { place, claim: revision, attempts: record.attempts, session: claim.session };
        let fenced = Arc::new(AtomicBool::new(false));
        let holding = Holding { ticket: ticket.clone(), fenced: fenced.clone() };
        self.held.insert(ticket.place.1.clone(), holding);
        let value = known.value.unwrap_or_default();
        self.wants.keep(Claimed { ticket, value, term: incumbent.term.clone(), fenced });
        true
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
        let Some((session, Noted { record, revision })) = self.is_stray(key) else { return };
        let ticket =
            Ticket { place: (record.item, key.clone()), claim: revision, attempts: record.attempts, session };
        self.pending.push_back(unhanded(ticket));
    }

    fn buried(&mut self, chosen: Chosen, answer: Result<bool, Setback>) {
        match answer {
            Ok(is_done) => {
                self.lease_meter.dead_letters.increment(u64::from(is_done));
                if is_done {
                    self.shelf.is_back(&chosen.place);
                } else {
                    self.void(vec![chosen]);
                }
            }
            Err(Setback::Final(error @ (Error::TooLarge { .. } | Error::Refused { .. }))) => {
                // It stays out, so that it does not stand in the way of others.
                let key = chosen.place.1.escape_ascii().to_string();
                tracing::error!(key, %error, "an item that was handed out too often cannot be put aside");
            }
            Err(setback) => {
                self.void(vec![chosen]);
                self.set_back("an item is still to be put aside", setback);
            }
        }
    }

    pub(crate) fn set_back(&mut self, what: &'static str, setback: Setback) {
        let rest = self.hand_pace.setback(Instant::now());
        match setback {
            Setback::Final(error) | Setback::Full(error) => self.wants.fail(&error),
            Setback::Unsent(reason) | Setback::Lost(reason) => {
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
