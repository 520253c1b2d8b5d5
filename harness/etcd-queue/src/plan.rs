//! What the actor does next: it lists and watches, begins a session, settles what is in doubt, looks who else
//! consumes, and claims as many items as are wanted.

use std::time::Duration;

use tokio::time::Instant;

use crate::actor::{AUDITED_EVERY, Actor, Away};
use crate::cache::{Key, Known, Place};
use crate::claim::Claim;
use crate::error::Error;
use crate::hand;
use crate::link::{Entry, Link};
use crate::protocol::claim::{Lane, shape_in_parts};
use crate::slot::Settles;

/// How old the view of who else consumes may get while it is used.
const RIVALS_AGE: Duration = Duration::from_secs(2);
/// How many items in line may be read at once when their values are not known.
const WIDEST_WINDOW: usize = 126;

impl Actor {
    /// How many items are to be claimed beyond those that are, or are being claimed.
    fn demand(&self) -> usize {
        let bars = |place: &Place| self.wishes.first_ready().is_some_and(|ready| place < ready);
        let barring = self.overdue.iter().take_while(|place| bars(place)).count();
        let wanted = self.wishes.missing().max(barring);
        let ahead = self.read_ahead.saturating_sub(self.wishes.ready().saturating_sub(wanted));
        wanted.saturating_add(ahead).saturating_sub(self.abroad.len())
    }

    /// Starts what is to be done next, if anybody waits.
    pub(crate) fn plan(&mut self, now: Instant) {
        self.wake = None;
        if self.wishes.are_none() {
            self.away = None;
            return;
        }
        self.keep_patience(now);
        if let Link::Down(entry) = self.link {
            self.link = Link::list(self.access.clone(), entry, self.link_pace.rest(now));
        }
        if let Some(nonce) = self.lanes.wants_session(now) {
            let (access, rest) = (self.access.clone(), self.hand_pace.rest(now));
            self.hands.push(hand::begin_session(access, nonce, self.lanes.slots(), rest));
        }
        // While the link is down a claim would mostly fail, and each that is lost on the way is a doubt.
        if !self.link.is_listed() {
            return;
        }
        let rest = self.hand_pace.rest(now);
        if !rest.is_zero() {
            self.wake = Some(now + rest);
            return;
        }
        self.settle_doubts();
        self.look_around(now);
        if self.cache.is_used_up() && self.abroad.is_empty() {
            tracing::debug!(range = self.access.range(), "listing the rest of a long line");
            self.link = Link::list(self.access.clone(), Entry::AsIs, Duration::ZERO);
            return;
        }
        let some_are_in_doubt = self.settling > 0 || !self.doubts.is_empty();
        if self.settles == Settles::OneByOne && some_are_in_doubt {
            return;
        }
        while self.demand() > 0 && self.lanes.has_free(now) && self.claim_some(now) {}
        if self.claiming == 0 {
            self.introduce();
        }
    }

    fn settle_doubts(&mut self) {
        let count = self.settles.room(self.settling).min(self.doubts.len());
        for doubt in self.doubts.drain(..count) {
            match doubt.lane {
                Lane::Slot(_) => self.settling += 1,
                Lane::Bare { .. } => self.claiming += 1,
            }
            self.hands.push(hand::settle(self.access.clone(), doubt));
        }
    }

    /// Tells the other consumers of this one. That is in no hurry: the first claim goes before.
    pub(crate) fn introduce(&mut self) {
        if let Some(session) = self.lanes.session().filter(|_| self.is_stranger) {
            self.is_stranger = false;
            self.hands.push(hand::join(self.access.clone(), session, Duration::ZERO));
        }
    }

    /// Tells those who wait if they have done so in vain for too long.
    fn keep_patience(&mut self, now: Instant) {
        let (Some(patience), Some(Away { since, reason })) = (self.patience, &self.away) else { return };
        let due = *since + patience;
        if now < due {
            return self.wake_by(Some(due));
        }
        let (range, away) = (self.access.range().to_owned(), now.duration_since(*since));
        let error = Error::Unavailable { range, away, reason: reason.clone() };
        // Who calls again waits anew.
        self.away = None;
        self.fail_callers(&error);
    }

    pub(crate) fn is_away(&mut self, reason: String) {
        match &mut self.away {
            Some(away) => away.reason = reason,
            None => self.away = Some(Away { since: Instant::now(), reason }),
        }
    }

    /// Looks who else consumes while that matters, and whether an empty queue is really empty.
    fn look_around(&mut self, now: Instant) {
        let is_old = |seen: Option<Instant>| seen.is_none_or(|seen| now.duration_since(seen) >= RIVALS_AGE);
        if self.affinity.is_in_force(now) && is_old(self.rivals_seen) {
            self.look_for_rivals(now);
        }
        if self.cache.len() > 0 || !self.abroad.is_empty() {
            self.audit_at = now + AUDITED_EVERY;
        } else if now >= self.audit_at {
            self.audit_at = now + AUDITED_EVERY + self.hand_pace.jitter(AUDITED_EVERY / 4);
            self.hands.push(hand::count(self.access.clone()));
        }
        self.wake_by(Some(self.audit_at));
    }

    pub(crate) fn look_for_rivals(&mut self, now: Instant) {
        if !self.is_looking && self.lanes.session().is_some() {
            self.is_looking = true;
            self.rivals_seen = Some(now);
            self.hands.push(hand::look_for_rivals(self.access.clone()));
        }
    }

    fn wake_by(&mut self, at: Option<Instant>) {
        self.wake = match (self.wake, at) {
            (Some(wake), Some(at)) => Some(wake.min(at)),
            (wake, at) => wake.or(at),
        };
    }

    /// Claims the next items in line, or reads their values first. Whether anything was claimed.
    fn claim_some(&mut self, now: Instant) -> bool {
        let is_contended = self.contended_until.is_some_and(|until| now < until);
        let most = self.demand().min(self.access.most_items());
        let most_operations = self.access.most_operations();
        // A contended claim that can't be made of parts is made as small as it gets.
        let in_parts = !self.lanes.is_bare(now) && shape_in_parts(most, most_operations).is_some();
        let most = if is_contended && !in_parts { 1 } else { most };
        let choice = self.affinity.choose(&self.cache, most, now);
        self.wake_by(choice.later);
        let unread: Vec<Key> = self.unread(&choice.places);
        if !unread.is_empty() && !self.is_reading {
            self.is_reading = true;
            self.hands.push(hand::read(self.access.clone(), unread));
        }
        let mut items: Vec<(Place, Known)> = Vec::new();
        for place in choice.places {
            match self.cache.take(&place) {
                Some(known) if known.value.is_some() => items.push((place, known)),
                Some(known) => {
                    self.cache.restore(place, known);
                    break;
                }
                None => {}
            }
        }
        if items.is_empty() {
            return false;
        }
        let Some(lane) = self.lanes.take(now) else { return false };
        self.abroad.extend(items.iter().map(|(place, _)| place.clone()));
        self.claiming += 1;
        self.meter.claims.increment(1);
        let claim = Claim::new(items, most_operations);
        let claim = match () {
            () if self.lanes.is_plain(now) => claim.plainly(),
            () if is_contended && in_parts => claim.in_parts(),
            () => claim,
        };
        self.hands.push(hand::claim(self.access.clone(), claim, lane));
        true
    }

    /// The keys among the chosen ones, and some that follow in line, whose values are not known.
    fn unread(&self, chosen: &[Place]) -> Vec<Key> {
        let is_unread = |(_, known): &(&Place, &Known)| known.value.is_none();
        let first = chosen.iter().take(self.window).find(|place| self.cache.is_unread(place));
        let Some(first) = first else { return Vec::new() };
        let from_there = self.cache.iter_from(first).take(self.window.min(WIDEST_WINDOW));
        from_there.filter(is_unread).map(|((_, key), _)| key.clone()).collect()
    }
}
