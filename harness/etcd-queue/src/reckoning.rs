//! How the actor takes in what has come of its requests and its watch.

use std::time::Duration;

use tokio::time::Instant;

use crate::access::Setback;
use crate::actor::{Actor, CONTENDED_FOR, LOOKS_AGAIN_AFTER};
use crate::cache::{Change, Key};
use crate::claim::{Claim, Outcome};
use crate::error::Error;
use crate::hand::{self, Doubt, HandEvent};
use crate::link::{Entry, Link, LinkEvent};
use crate::listing::{Listing, Read};
use crate::membership::{self, Member};
use crate::meter::{Ending, cause};
use crate::protocol::claim::{Fate, Lane, Shape};
use crate::protocol::slot;
use crate::slot::Settles;
use crate::watch::{End, News};

/// Values of so many bytes together are not too many to read at once, and of so many they are.
const LIGHT_BYTES: usize = 256 * 1024;
const HEAVY_BYTES: usize = 1024 * 1024;
const JOINS_AGAIN_AFTER: Duration = Duration::from_secs(1);

impl Actor {
    pub(crate) fn on_link(&mut self, event: LinkEvent) {
        match event {
            LinkEvent::Listed(Ok(listing)) => self.listed(listing),
            LinkEvent::Opened(Ok(watch)) => {
                self.link = Link::Up(watch);
                self.away = None;
            }
            LinkEvent::Opened(Err(end)) | LinkEvent::News(News::Ended(end)) => self.link_ended(end),
            LinkEvent::Listed(Err(setback)) => {
                self.link = Link::Down(Entry::AsIs);
                let rest = self.link_pace.setback(Instant::now());
                match setback {
                    Setback::Final(error) | Setback::Full(error) => self.fail_callers(&error),
                    Setback::Unsent(reason) | Setback::Lost(reason) => {
                        self.meter.recovered("listing");
                        tracing::warn!(range = self.access.range(), reason, ?rest, "listing again");
                        self.is_away(reason);
                    }
                }
            }
            LinkEvent::News(News::Created) => {}
            LinkEvent::News(News::Changes(changes)) => {
                let now = Instant::now();
                changes.into_iter().for_each(|change| self.heard(change, now));
                self.meter.known.set(f64::from(u32::try_from(self.cache.len()).unwrap_or(u32::MAX)));
            }
        }
    }

    /// What is being claimed or is claimed already is not taken in once more.
    fn heard(&mut self, change: Change, now: Instant) {
        if let Change::Put { key, revision, .. } = &change {
            let place = (*revision, key.clone());
            if self.abroad.contains(&place) || self.wishes.is_ready(&place) {
                return;
            }
        }
        if let Change::Delete { key, revision } = &change {
            self.unreadable.retain(|(stored, unreadable)| unreadable != key || stored > revision);
            self.tell_unreadable();
        }
        self.cache.apply(change, now);
    }

    fn listed(&mut self, listing: Listing) {
        let (items, revision) = (listing.cache.len(), listing.revision);
        tracing::debug!(range = self.access.range(), items, revision, "listed, watching from there");
        self.cache = listing.cache;
        self.foreign = listing.foreign;
        self.unreadable.retain(|place| self.cache.holds(place));
        for (revision, key) in &self.unreadable {
            self.cache.forget(key, *revision);
        }
        self.tell_unreadable();
        for (revision, key) in &self.abroad {
            self.cache.forget(key, *revision);
        }
        for (revision, key) in self.wishes.ready_places() {
            self.cache.forget(key, *revision);
        }
        self.link = Link::open(self.access.clone(), revision);
    }

    fn link_ended(&mut self, end: End) {
        let rest = self.link_pace.setback(Instant::now());
        self.meter.recovered(cause(&end));
        tracing::warn!(
            range = self.access.range(),
            ?end,
            ?rest,
            "the watch ended, listing and watching again"
        );
        self.is_away(end.to_string());
        self.link = Link::Down(match end {
            End::Login(_) => Entry::FreshLogin,
            End::Compacted { .. } | End::Cancelled(_) | End::Broken(_) | End::Silent => Entry::AsIs,
        });
    }

    pub(crate) fn on_hand(&mut self, event: HandEvent) {
        match event {
            HandEvent::Session(Ok((session, slots))) => {
                self.lanes.opened(session, slots, &self.access);
                self.is_stranger = true;
            }
            HandEvent::Session(Err(Setback::Final(refusal))) => {
                if let Err(error) = self.lanes.refused(refusal) {
                    self.set_back("", Setback::Final(error));
                }
            }
            HandEvent::Session(Err(Setback::Full(error))) => self.is_full(&error),
            HandEvent::Session(Err(setback)) => {
                self.lanes.not_opened();
                self.set_back("a session is begun again", setback);
            }
            HandEvent::Read(reads) => {
                self.is_reading = false;
                match reads {
                    Ok(reads) => self.read(reads),
                    Err(setback) => self.set_back("the values are read again", setback),
                }
            }
            HandEvent::Claimed { claim, lane, answer } => self.claimed(claim, lane, answer),
            HandEvent::Settled { doubt, answer } => self.settled(doubt, answer),
            HandEvent::Rivals(found) => {
                self.is_looking = false;
                match found {
                    Ok(all) => self.meet(&all),
                    Err(setback) => tracing::debug!(?setback, "who else consumes is not known"),
                }
            }
            HandEvent::Joined(Ok(Member { lease_id, all })) => {
                self.lease_id = Some(lease_id);
                self.staying = Some(Box::pin(membership::stay(self.access.clone(), lease_id)));
                self.meet(&all);
            }
            HandEvent::Joined(Err(reason)) => {
                tracing::debug!(range = self.access.range(), reason, "the consumer is not known to others");
                self.join_again();
            }
            HandEvent::Counted(Ok(stored)) => {
                let expected = self.foreign.saturating_add(self.unreadable.len());
                let is_more = usize::try_from(stored).is_ok_and(|stored| stored > expected);
                if is_more && self.cache.len() == 0 && self.abroad.is_empty() {
                    tracing::info!(
                        range = self.access.range(),
                        stored,
                        "there are items unheard of, listing"
                    );
                    self.meter.recovered("audit");
                    self.link = Link::list(self.access.clone(), Entry::AsIs, Duration::ZERO);
                }
            }
            HandEvent::Counted(Err(setback)) => self.set_back("the count is left out", setback),
        }
    }

    fn meet(&mut self, all: &[String]) {
        if let Some(session) = self.lanes.session() {
            self.affinity.meet(&session.to_string(), all);
        }
    }

    pub(crate) fn lease_ended(&mut self) {
        tracing::info!(range = self.access.range(), "the consumer's lease has ended, taking another");
        (self.staying, self.lease_id) = (None, None);
        self.join_again();
    }

    fn join_again(&mut self) {
        if let Some(session) = self.lanes.session() {
            self.hands.push(hand::join(self.access.clone(), session, JOINS_AGAIN_AFTER));
        }
    }

    fn read(&mut self, reads: Vec<Read>) {
        let (now, mut bytes) = (Instant::now(), 0);
        for read in reads {
            match read {
                Read::Stored { key, revision, value } => {
                    bytes += value.len();
                    let place = (revision, key.clone());
                    if !self.abroad.contains(&place) && !self.wishes.is_ready(&place) {
                        self.cache.read(&key, revision, value, now);
                    }
                }
                Read::Gone { key, revision } => self.cache.apply(Change::Delete { key, revision }, now),
                Read::TooLarge { key, reason } => self.set_aside(&key, &reason),
            }
        }
        self.window = match bytes {
            ..=LIGHT_BYTES => self.window.saturating_mul(2).min(126),
            HEAVY_BYTES.. => (self.window / 2).max(1),
            _ => self.window,
        };
    }

    /// Takes an item out of the line whose value never comes through, so that those behind it do.
    fn set_aside(&mut self, key: &Key, reason: &str) {
        let Some(place) = self.cache.place(key) else { return };
        self.cache.forget(key, place.0);
        let name = String::from_utf8_lossy(key).into_owned();
        tracing::error!(
            range = self.access.range(),
            key = name,
            reason,
            "an item is too large for this client"
        );
        self.unreadable.insert(place);
        self.window = 1;
        self.tell_unreadable();
    }

    fn tell_unreadable(&self) {
        self.standing.tell_unreadable(self.unreadable.iter().map(|(_, key)| key.as_ref()), &self.meter);
    }

    /// Claims go on by delete alone.
    fn is_full(&mut self, error: &Error) {
        tracing::warn!(range = self.access.range(), %error, "etcd is full: items are claimed by delete alone");
        self.lanes.fill(Instant::now());
    }

    fn claimed(&mut self, claim: Claim, lane: Lane, answer: Result<Vec<Fate>, Setback>) {
        self.claiming = self.claiming.saturating_sub(1);
        self.introduce();
        if claim.is_plain() {
            self.lanes.refuses_all();
        }
        let is_in_doubt = matches!(lane, Lane::Bare { reply_lost: true });
        let has_slot = matches!(lane, Lane::Slot(_));
        match answer {
            Ok(fates) => {
                if is_in_doubt {
                    let is_presumed = fates.contains(&Fate::Presumed);
                    self.meter.settled("claim", if is_presumed { Ending::Unknown } else { Ending::Void });
                }
                self.lanes.give_back(lane);
                self.reckon(claim.outcome(&fates));
            }
            Err(Setback::Lost(reason)) => {
                self.doubt(claim, lane, slot::Doubt::ReplyLost);
                self.set_back("a claim's reply was lost, settling it", Setback::Lost(reason));
            }
            Err(Setback::Full(error)) if has_slot => {
                self.is_full(&error);
                match slot::Doubt::of_full() {
                    Some(how) => self.doubt(claim, lane, how),
                    None => {
                        self.lanes.give_back(lane);
                        self.reckon(claim.all(Fate::Left));
                    }
                }
            }
            Err(Setback::Full(error)) => {
                self.doubt(claim, lane, slot::Doubt::ReplyDoesNotTell);
                self.set_back("", Setback::Final(error));
            }
            Err(setback) if is_in_doubt => {
                self.doubt(claim, lane, slot::Doubt::ReplyLost);
                self.set_back("the claim is sent again", setback);
            }
            // The claim touches two ranges, and etcd does not say which one it refuses.
            Err(Setback::Final(denial @ Error::PermissionDenied { .. })) if has_slot => {
                let how = slot::Doubt::ReplyLost;
                self.doubts.push(Doubt { claim, lane, how, refusal: Some(denial) });
            }
            Err(setback) => {
                self.lanes.give_back(lane);
                self.reckon(claim.all(Fate::Left));
                self.set_back("the claim is made again", setback);
            }
        }
    }

    fn doubt(&mut self, claim: Claim, lane: Lane, how: slot::Doubt) {
        let lane = match lane {
            Lane::Slot(_) => lane,
            Lane::Bare { .. } => Lane::Bare { reply_lost: true },
        };
        self.doubts.push(Doubt { claim, lane, how, refusal: None });
    }

    fn settled(&mut self, mut doubt: Doubt, answer: Result<(Vec<Fate>, Ending), Setback>) {
        self.settling = self.settling.saturating_sub(1);
        self.settles = Settles::after(&answer);
        match (answer, doubt.refusal.take()) {
            (Ok((fates, ending)), refusal) => {
                if matches!(doubt.claim.what.shape, Shape::Parts { .. }) {
                    // What made it one of parts was not answered: whoever took an item is not known yet.
                    self.contended_until = Some(Instant::now() + CONTENDED_FOR);
                }
                self.lanes.give_back(doubt.lane);
                self.reckon(doubt.claim.outcome(&fates));
                match refusal {
                    Some(refusal) if ending == Ending::Void => self.set_back("", Setback::Final(refusal)),
                    Some(_) => {}
                    None => {
                        tracing::info!(range = self.access.range(), ?ending, "a claim in doubt is settled");
                        self.meter.settled("claim", ending);
                    }
                }
            }
            (Err(Setback::Final(denial @ Error::PermissionDenied { .. })), refusal) => {
                self.lanes.degrade(&denial);
                match refusal {
                    Some(_) => self.reckon(doubt.claim.all(Fate::Left)),
                    None => {
                        doubt.lane = self.lanes.take_bare();
                        self.doubt(doubt.claim, doubt.lane, doubt.how);
                    }
                }
            }
            (Err(setback), refusal) => {
                doubt.refusal = refusal;
                self.doubts.push(doubt);
                self.set_back("a claim is still to be settled", setback);
            }
        }
    }

    fn reckon(&mut self, outcome: Outcome) {
        let (ours, left, lost) = (outcome.ours.len(), outcome.left.len(), outcome.lost.len());
        tracing::trace!(range = self.access.range(), ours, left, lost, "a claim is answered");
        self.meter.claimed.increment(u64::try_from(outcome.ours.len()).unwrap_or(0));
        if !outcome.ours.is_empty() {
            self.hand_pace.all_is_well();
            if outcome.lost.is_empty() {
                self.affinity.won();
            }
        }
        for item in outcome.ours {
            self.abroad.remove(&item.place());
            self.wishes.keep(item);
        }
        for (place, known) in outcome.left {
            self.abroad.remove(&place);
            self.overdue.insert(place.clone());
            self.cache.restore(place, known);
        }
        if !outcome.lost.is_empty() {
            self.meter.lost_races.increment(u64::try_from(outcome.lost.len()).unwrap_or(0));
            let now = Instant::now();
            self.contended_until = Some(now + CONTENDED_FOR);
            self.affinity.lost(now);
            if self.rivals_seen.is_none_or(|seen| now.duration_since(seen) >= LOOKS_AGAIN_AFTER) {
                self.look_for_rivals(now);
            }
        }
        for place in outcome.lost {
            self.abroad.remove(&place);
        }
    }

    fn set_back(&mut self, what: &'static str, setback: Setback) {
        let rest = self.hand_pace.setback(Instant::now());
        match setback {
            Setback::Final(error) | Setback::Full(error) => self.fail_callers(&error),
            Setback::Unsent(reason) | Setback::Lost(reason) => {
                tracing::warn!(range = self.access.range(), reason, ?rest, "{what}");
            }
        }
    }
}
