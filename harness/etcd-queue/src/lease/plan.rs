//! What the actor does next: who waits, what is known, and how long it has to rest decide.

use std::collections::BTreeSet;
use std::time::Duration;

use tokio::time::Instant;

use crate::cache::Key;
use crate::error::Operation;
use crate::lease::actor::{AUDITED_EVERY, Actor, EndingDoubt, HandEvent, SLOTS, unhanded};
use crate::lease::claim::{self, Claim, Grave};
use crate::lease::ending::{self, Ending};
use crate::lease::shelf::Chosen;
use crate::lease::term::Incumbent;
use crate::link::{Entry, Link};
use crate::listing;
use crate::pace::pause;
use crate::protocol::slot::{Doubt, Slot};
use crate::session::Session;
use crate::slot::{self, Settles};

/// How many endings go into one transaction at most: so many are looked at.
const MOST_LOOKED_AT: usize = 64;
/// How many claims are under way at a time, and how many transactions of endings.
const CLAIMS: usize = 4;
/// How many endings are worth another transaction while one is under way.
const WORTH_ANOTHER: usize = 32;
/// How soon a session that is not certain to be there is looked at again.
const LOOKS_AGAIN_AFTER: Duration = Duration::from_millis(100);
/// How long an item stays ready for a next caller when the one it was claimed for has gone.
const READY_FOR: Duration = Duration::from_secs(1);

impl Actor {
    /// Starts what is to be done next.
    pub(crate) fn plan(&mut self, now: Instant) {
        self.wake = None;
        self.put_away(now);
        self.plan_endings(now);
        self.plan_tidying(now);
        self.plan_session(now);
        let rest = self.hand_pace.rest(now).max(self.full_pace.rest(now));
        if !rest.is_zero() {
            self.wake_by(now + rest);
        } else {
            while self.may_settle() && !self.doubts.is_empty() {
                self.send_doubt();
            }
        }
        if self.wants.are_none() {
            return;
        }
        if let Link::Down(entry) = self.items {
            self.items = Link::list(self.access.clone(), entry, self.items_pace.rest(now));
        }
        // Who may not keep records is told so by the session, before anything is asked about claims.
        if let (Link::Down(entry), Some(_)) = (&self.claims, &self.slots_of) {
            let entry = *entry;
            self.claims = Link::list(self.access.to_claims(), entry, self.claims_pace.rest(now));
        }
        if self.incumbent.is_some() && !self.is_certain(now) {
            // Nobody tells when it is renewed after all.
            self.wake_by(now + LOOKS_AGAIN_AFTER);
        }
        // Who holds what may be out of date: what is held is then found to be. A claim that is sent while the
        // connection is down mostly fails.
        let is_up = self.claims_listed && self.items.is_listed();
        if !is_up || !rest.is_zero() || !self.is_certain(now) {
            return;
        }
        if let Some(later) = self.shelf.pass(self.unix_ms()) {
            self.wake_by(now + later);
        }
        self.audit(now);
        while self.demand() > 0 && self.claiming < CLAIMS && self.may_begin() && self.claim_some(now) {}
    }

    /// Begins what is missing, one after another: slots for endings, and a session to claim for. Whether a queue of a
    /// later layout works here is told by the first.
    fn plan_session(&mut self, now: Instant) {
        let wants_slots = self.slots_of.is_none() && !(self.wants.are_none() && self.pending.is_empty());
        let wants_term = self.incumbent.is_none() && !self.wants.are_none();
        if self.is_beginning || !(wants_slots || wants_term) {
            return;
        }
        self.is_beginning = true;
        let (access, nonce) = (self.access.clone(), self.nonces.next());
        let rest = self.hand_pace.rest(now).max(self.full_pace.rest(now));
        if wants_slots {
            self.hands.push(Box::pin(async move {
                pause(rest).await;
                HandEvent::Session(Session::begin(&access, nonce, SLOTS).await)
            }));
        } else {
            let (rest, ttl) = (rest.max(self.terms_pace.rest(now)), self.settings.session_ttl);
            self.hands.push(Box::pin(async move {
                pause(rest).await;
                HandEvent::Term(Incumbent::begin(access, nonce, ttl).await)
            }));
        }
    }

    /// Sends a claim that is in doubt again: in two, if etcd takes fewer operations meanwhile. Each item is settled by
    /// its own record.
    fn send_doubt(&mut self) {
        let mut claim = self.doubts.remove(0);
        let [fit, fit_taken_over] = claim::widths(self.access.most_operations());
        let is_taken_over = claim.items.iter().any(|chosen| chosen.basis.dead.is_some());
        let fit = if is_taken_over { fit_taken_over } else { fit };
        if claim.items.len() > fit {
            let items = claim.items.split_off(fit);
            self.doubts.insert(0, Claim { items, ..claim });
        }
        self.send(claim);
    }

    /// Whether a doubt more may be settled beside what is under way.
    fn may_settle(&self) -> bool {
        self.settles.room(self.claiming + self.under_way) > 0
    }

    /// Whether what is not in doubt may be sent.
    fn may_begin(&self) -> bool {
        self.may_settle() && (self.settles == Settles::Together || self.nothing_is_in_doubt())
    }

    fn nothing_is_in_doubt(&self) -> bool {
        self.doubts.is_empty() && self.ending_doubts.is_empty()
    }

    /// Gives back what nobody waits for, what could not be given back before, and what we never knew of.
    fn put_away(&mut self, now: Instant) {
        match self.wants.idle_since(now) {
            Some(since) if now >= since + READY_FOR => {
                for claimed in self.wants.take_ready() {
                    self.accept(unhanded(claimed.ticket));
                }
            }
            Some(since) => self.wake_by(since + READY_FOR),
            None => {}
        }
        for (at, ending) in std::mem::take(&mut self.again) {
            if at <= now {
                self.pending.push_back(ending);
            } else {
                self.wake_by(at);
                self.again.push((at, ending));
            }
        }
        let due: Vec<Key> =
            self.strays.iter().filter(|(_, at)| **at <= now).map(|(key, _)| key.clone()).collect();
        for key in due {
            self.strays.remove(&key);
            self.release_stray(&key);
        }
        if let Some(at) = self.strays.values().min().copied() {
            self.wake_by(at);
        }
        for (at, chosen) in std::mem::take(&mut self.unburied) {
            if at <= now {
                self.void(vec![chosen]);
            } else {
                self.wake_by(at);
                self.unburied.push((at, chosen));
            }
        }
    }

    /// Sends what is to end, as many together as there are.
    pub(crate) fn plan_endings(&mut self, now: Instant) {
        if self.pending.is_empty() && self.ending_doubts.is_empty() {
            return;
        }
        let rest = self.hand_pace.rest(now);
        if !rest.is_zero() {
            return self.wake_by(now + rest);
        }
        while self.may_settle() && !self.ending_doubts.is_empty() {
            let EndingDoubt { endings, mut slot, full } = self.ending_doubts.remove(0);
            self.under_way += 1;
            let access = self.access.clone();
            let how = if full.is_some() { Doubt::ReplyDoesNotTell } else { Doubt::ReplyLost };
            self.hands.push(Box::pin(async move {
                let answer = slot::settle(&access, &mut slot, how).await;
                HandEvent::Settled { doubt: EndingDoubt { endings, slot, full }, answer }
            }));
        }
        if let Some(error) = self.is_full(now).cloned() {
            self.refuse_writes(&error);
        }
        while self.may_begin()
            && self.is_worth_sending()
            && let Some(mut slot) = self.lane(now)
        {
            let mut endings = self.first_pending(slot.is_none());
            endings.iter_mut().for_each(Ending::leaves);
            self.under_way += 1;
            let access = self.access.clone();
            self.hands.push(Box::pin(async move {
                let answer = ending::send(&access, &endings, &mut slot).await;
                HandEvent::Ended { endings, slot, answer }
            }));
        }
    }

    /// What endings are sent with next: a slot, or none where etcd is full.
    fn lane(&mut self, now: Instant) -> Option<Option<Slot>> {
        if self.is_full(now).is_some() {
            return (self.under_way < SLOTS).then_some(None);
        }
        self.take_slot().map(Some)
    }

    fn is_worth_sending(&self) -> bool {
        self.pending.len() >= if self.under_way == 0 { 1 } else { WORTH_ANOTHER }
    }

    /// The endings that go into the next transaction: small ones together, of different items.
    fn first_pending(&mut self, by_delete_alone: bool) -> Vec<Ending> {
        let some_may_be_done =
            by_delete_alone || self.pending.iter().take(MOST_LOOKED_AT).any(|ending| ending.may_be_done);
        let most = ending::width(self.access.most_operations(), some_may_be_done);
        let mut endings: Vec<Ending> = self.pending.pop_front().into_iter().collect();
        let is_small = endings.first().is_some_and(Ending::is_small);
        let mut keys: BTreeSet<Key> = endings.iter().map(|ending| ending.key().clone()).collect();
        while is_small
            && endings.len() < most
            && self.pending.front().is_some_and(|next| next.is_small() && keys.insert(next.key().clone()))
            && let Some(next) = self.pending.pop_front()
        {
            endings.push(next);
        }
        endings
    }

    /// How many items are to be claimed beyond those that are, or are being claimed.
    fn demand(&self) -> usize {
        let in_doubt: usize = self.doubts.iter().map(|claim| claim.items.len()).sum();
        let wanted = self.wants.missing().saturating_sub(self.abroad.len() + in_doubt);
        wanted.min(self.settings.max_in_flight.saturating_sub(self.shelf.out()))
    }

    /// Looks whether there is more than is known, when nothing was to be had for long.
    fn audit(&mut self, now: Instant) {
        let is_barren = self.barren_until.is_some_and(|until| now < until);
        if self.shelf.is_used_up() && self.abroad.is_empty() && !is_barren {
            tracing::debug!(range = self.access.range(), "listing the rest of a long line");
            // Not again for a while if there is nothing free in what it finds.
            self.items = Link::list(self.access.clone(), Entry::AsIs, Duration::ZERO);
        }
        if self.shelf.has_free() || !self.abroad.is_empty() {
            self.audit_at = now + AUDITED_EVERY;
        } else if now >= self.audit_at {
            self.audit_at = now + AUDITED_EVERY + self.hand_pace.jitter(AUDITED_EVERY / 4);
            let access = self.access.clone();
            self.hands.push(Box::pin(async move {
                HandEvent::Counted(listing::count(&access, Operation::Read).await)
            }));
            if self.shelf.has_parked() {
                self.claims = Link::list(self.access.to_claims(), Entry::AsIs, Duration::ZERO);
            }
            self.suspect_all(now);
        }
        self.wake_by(self.audit_at);
    }

    /// Takes records away whose items are gone, many together. Those of others only while somebody waits.
    fn plan_tidying(&mut self, now: Instant) {
        if self.is_tidying || !self.hand_pace.rest(now).is_zero() {
            return;
        }
        let most = claim::most_orphans(self.access.most_operations());
        let mut orphans = self.orphans.take_left(most);
        if !self.wants.are_none() && self.claims_listed && self.items.is_listed() {
            while orphans.is_empty() && self.orphans.next_at().is_some_and(|at| at <= now) {
                let due = self.orphans.take_due(most, now);
                orphans.extend(due.iter().filter_map(|item| self.shelf.orphan(item)));
            }
            if let Some(at) = self.orphans.next_at().filter(|at| *at > now) {
                self.wake_by(at);
            }
        }
        if orphans.is_empty() {
            return;
        }
        self.is_tidying = true;
        let access = self.access.clone();
        self.hands.push(Box::pin(async move {
            let answer = claim::tidy(&access, &orphans).await;
            HandEvent::Tidied { orphans, answer }
        }));
    }

    /// Claims the next items in line, or reads their values first. Whether anything was claimed.
    fn claim_some(&mut self, now: Instant) -> bool {
        let Some(session) = self.incumbent.as_ref().map(|incumbent| incumbent.id) else { return false };
        // In transactions of the same size: the last one is not to be for one item.
        let [fit, fit_taken_over] = claim::widths(self.access.most_operations());
        let demand = self.demand();
        let most = demand.div_ceil(demand.div_ceil(fit).max(1));
        let mut choice = self.shelf.choose(most, self.window, now, self.unix_ms());
        let count = choice.items.len();
        if count > fit_taken_over && choice.items.iter().any(|chosen| chosen.basis.dead.is_some()) {
            let too_many = choice.items.split_off(count.div_ceil(2));
            self.void(too_many);
        }
        if let Some(later) = choice.later {
            self.wake_by(later);
        }
        if !choice.unread.is_empty() && !self.is_reading {
            self.is_reading = true;
            let access = self.access.clone();
            self.hands
                .push(Box::pin(async move { HandEvent::Read(listing::read(&access, choice.unread).await) }));
        }
        let is_spent = |chosen: &Chosen| chosen.basis.attempts >= self.settings.max_deliveries;
        let (spent, items): (Vec<_>, Vec<_>) = choice.items.into_iter().partition(is_spent);
        let goes_on = !spent.is_empty() || !items.is_empty();
        spent.into_iter().for_each(|chosen| self.bury(chosen, Grave::Apart));
        if !items.is_empty() {
            self.nonce += 1;
            self.meter.claims.increment(1);
            self.send(Claim { session, nonce: self.nonce, items, is_in_doubt: false });
        }
        goes_on
    }

    fn send(&mut self, claim: Claim) {
        self.abroad.extend(claim.items.iter().map(|chosen| chosen.place.clone()));
        self.claiming += 1;
        let access = self.access.clone();
        self.hands.push(Box::pin(async move {
            let answer = claim::send(&access, &claim).await;
            HandEvent::Claimed { claim, answer }
        }));
    }

    pub(crate) fn bury(&mut self, chosen: Chosen, grave: Grave) {
        let (access, unix_ms) = (self.access.clone(), self.unix_ms());
        self.hands.push(Box::pin(async move {
            let answer = claim::bury(&access, &chosen, unix_ms, grave).await;
            HandEvent::Buried { chosen, grave, answer }
        }));
    }
}
