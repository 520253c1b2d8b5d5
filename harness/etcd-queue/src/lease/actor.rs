//! The task that owns all reading, claiming and acknowledging. Callers only register what they want and wait,
//! so that no future leaves anything half done.
//!
//! Nothing is read or claimed for nobody: the session, the items and the claims are looked after from the
//! first call on. What comes of it is taken in by `reckoning.rs`, and the end is in `farewell.rs`.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::time::Duration;

use futures::StreamExt;
use futures::future::BoxFuture;
use futures::stream::FuturesUnordered;
use tokio::sync::{mpsc, oneshot};
use tokio::time::{Instant, sleep_until};

use crate::access::{Access, Setback};
use crate::cache::{Key, Place};
use crate::clock::Clock;
use crate::error::Operation;
use crate::lease::claim::{self, Claim, Orphan, Outcome};
use crate::lease::delivery::{Claimed, Ticket};
use crate::lease::ending::{self, Ending, Kind, MOST_ENDINGS, Sent};
use crate::lease::meter::LeaseMeter;
use crate::lease::shelf::{Chosen, Shelf};
use crate::lease::term::Incumbent;
use crate::lease::wants::{Want, Wants};
use crate::link::{Entry, Link};
use crate::listing::{self, Read};
use crate::meter::Meter;
use crate::pace::{Pace, pause};
use crate::session::Session;
use crate::slot::{self, Settled, Slot};

/// How many claims are under way at a time, and how many transactions of endings.
const CLAIMS: usize = 4;
const SLOTS: usize = 4;
const WORTH_ANOTHER: usize = 32;
/// How long an item stays ready for a next caller when the one it was claimed for has gone.
const READY_FOR: Duration = Duration::from_secs(1);
/// How long what is waited for is believed not to be there. A server with known faults may swallow an event
/// (etcd CHANGELOG-3.5, 3.5.13, 3.5.16, 3.5.18).
const AUDITED_EVERY: Duration = Duration::from_secs(60);
/// How long a line is left alone of whose beginning everything is in other hands.
const BARREN_FOR: Duration = Duration::from_secs(30);
const MOST_ORPHANS: usize = 100;

/// What callers tell the actor.
#[derive(Debug)]
pub(crate) enum Command {
    Next(Want),
    /// A caller no longer waits.
    Gone,
    /// Items reached a caller that no longer waited for them.
    Return(Vec<Claimed>),
    End(Ending),
    Close(oneshot::Sender<()>),
}

/// What the user has set.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Settings {
    pub(crate) session_ttl: Duration,
    pub(crate) max_deliveries: u32,
    pub(crate) max_in_flight: usize,
}

/// An item that is claimed by the session there is.
#[derive(Debug)]
pub(crate) struct Holding {
    pub(crate) ticket: Ticket,
    pub(crate) fenced: Arc<AtomicBool>,
}

/// What came of something that was under way.
pub(crate) enum HandEvent {
    Session(Result<Incumbent, Setback>),
    Read(Result<Vec<Read>, Setback>),
    Claimed { claim: Claim, answer: Result<Outcome, Setback> },
    Ended { endings: Vec<Ending>, slot: Slot, answer: Result<Sent, Setback> },
    Settled { endings: Vec<Ending>, slot: Slot, answer: Result<Settled, Setback> },
    Buried { chosen: Chosen, answer: Result<bool, Setback> },
    Tidied,
    Counted(Result<u64, Setback>),
}

pub(crate) struct Actor {
    pub(crate) access: Access,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) settings: Settings,
    pub(crate) commands: mpsc::UnboundedReceiver<Command>,
    pub(crate) wants: Wants,
    pub(crate) shelf: Shelf,
    pub(crate) items: Link,
    pub(crate) items_pace: Pace,
    pub(crate) claims: Link,
    pub(crate) claims_pace: Pace,
    /// Whether it is known who holds what, or was once.
    pub(crate) claims_listed: bool,
    pub(crate) hands: FuturesUnordered<BoxFuture<'static, HandEvent>>,
    pub(crate) hand_pace: Pace,
    pub(crate) incumbent: Option<Incumbent>,
    pub(crate) is_beginning: bool,
    pub(crate) nonce: u64,
    /// The items of claims that are under way, and not in doubt.
    pub(crate) abroad: BTreeSet<Place>,
    pub(crate) claiming: usize,
    /// Claims whose replies were lost: they are sent again.
    pub(crate) doubts: Vec<Claim>,
    pub(crate) held: BTreeMap<Key, Holding>,
    /// Slots that are not in use. They are the first session's, and good whatever becomes of it.
    pub(crate) slots: Vec<Slot>,
    pub(crate) slots_of: Option<Session>,
    pub(crate) pending: VecDeque<Ending>,
    /// The items of all endings that are pending, under way or in doubt.
    pub(crate) ending: BTreeSet<Key>,
    pub(crate) ending_doubts: Vec<(Vec<Ending>, Slot)>,
    pub(crate) under_way: usize,
    /// What could not be given back, and when that is tried again.
    pub(crate) again: Vec<(Instant, Ending)>,
    /// Records that name our session for items that we know nothing of, and when they are looked at.
    pub(crate) strays: BTreeMap<Key, Instant>,
    pub(crate) is_reading: bool,
    /// How many items are read at once: as many as are small enough together.
    pub(crate) window: usize,
    pub(crate) audit_at: Instant,
    pub(crate) barren_until: Option<Instant>,
    pub(crate) wake: Option<Instant>,
    pub(crate) meter: Meter,
    pub(crate) lease_meter: LeaseMeter,
}

/// What an actor begins with.
pub(crate) struct Beginning {
    pub(crate) access: Access,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) settings: Settings,
    pub(crate) commands: mpsc::UnboundedReceiver<Command>,
    pub(crate) paces: [Pace; 3],
    pub(crate) meter: Meter,
    pub(crate) lease_meter: LeaseMeter,
}

impl Actor {
    pub(crate) fn new(beginning: Beginning) -> Self {
        let Beginning { access, clock, settings, commands, paces, meter, lease_meter } = beginning;
        let [items_pace, claims_pace, hand_pace] = paces;
        Self {
            shelf: Shelf::of(access.prefix().clone()),
            access,
            clock,
            settings,
            commands,
            wants: Wants::default(),
            items: Link::Down(Entry::AsIs),
            items_pace,
            claims: Link::Down(Entry::AsIs),
            claims_pace,
            claims_listed: false,
            hands: FuturesUnordered::new(),
            hand_pace,
            incumbent: None,
            is_beginning: false,
            nonce: 0,
            abroad: BTreeSet::new(),
            claiming: 0,
            doubts: Vec::new(),
            held: BTreeMap::new(),
            slots: Vec::new(),
            slots_of: None,
            pending: VecDeque::new(),
            ending: BTreeSet::new(),
            ending_doubts: Vec::new(),
            under_way: 0,
            again: Vec::new(),
            strays: BTreeMap::new(),
            is_reading: false,
            window: 8,
            audit_at: Instant::now() + AUDITED_EVERY,
            barren_until: None,
            wake: None,
            meter,
            lease_meter,
        }
    }

    /// Ends when the queue is closed and everybody has dropped it.
    pub(crate) async fn run(mut self) {
        loop {
            let now = Instant::now();
            self.hand_out(now);
            self.plan(now);
            tokio::select! {
                biased;
                command = self.commands.recv() => match command.map(|command| self.heed(command)) {
                    Some(None) => {}
                    Some(Some(caller)) => {
                        self.end().await;
                        let _ = caller.send(());
                        return self.stay_closed().await;
                    }
                    None => return self.end().await,
                },
                event = self.items.event() => self.on_items(event),
                event = self.claims.event() => self.on_claims(event),
                Some(event) = self.hands.next(), if !self.hands.is_empty() => self.on_hand(event),
                () = ended(&mut self.incumbent) => self.session_ended("its lease has ended"),
                () = wake(self.wake) => {}
            }
        }
    }

    /// Takes in a command and all that have come with it. Says who wants the queue closed.
    fn heed(&mut self, command: Command) -> Option<oneshot::Sender<()>> {
        let mut next = Some(command);
        let mut some_have_gone = false;
        while let Some(command) = next {
            match command {
                Command::Next(want) => self.wants.add(want),
                Command::Gone => some_have_gone = true,
                Command::Return(claimed) => claimed.into_iter().for_each(|claimed| self.keep(claimed)),
                Command::End(ending) => self.accept(ending),
                Command::Close(caller) => return Some(caller),
            }
            next = self.commands.try_recv().ok();
        }
        if some_have_gone {
            self.wants.forget_gone();
        }
        None
    }

    /// Keeps a claimed item for the next caller, if its session is still there.
    pub(crate) fn keep(&mut self, claimed: Claimed) {
        if self.holds(&claimed.ticket) {
            self.wants.keep(claimed);
        }
    }

    pub(crate) fn holds(&self, ticket: &Ticket) -> bool {
        self.held.get(&ticket.place.1).is_some_and(|held| held.ticket.claim == ticket.claim)
    }

    pub(crate) fn accept(&mut self, mut ending: Ending) {
        if let Kind::Nack { delay, value } = ending.kind {
            let unix_ms = self.unix_ms();
            let attempts = ending.ticket.attempts;
            ending.kind = if attempts >= self.settings.max_deliveries {
                Kind::Bury { value, unix_ms, why: "its holder gave it back".to_owned() }
            } else {
                let delay_ms = u64::try_from(delay.as_millis()).unwrap_or(u64::MAX);
                let not_before_ms = if delay_ms == 0 { 0 } else { unix_ms.saturating_add(delay_ms) };
                Kind::Release { not_before_ms, attempts }
            };
        }
        if self.holds(&ending.ticket) {
            self.ending.insert(ending.key().clone());
        }
        self.pending.push_back(ending);
    }

    pub(crate) fn unix_ms(&self) -> u64 {
        self.clock.unix_ns() / 1_000_000
    }

    fn is_certain(&self, now: Instant) -> bool {
        self.incumbent.as_ref().is_some_and(|incumbent| incumbent.term.is_certain(now))
    }

    /// Gives out what is ready, while the session is certain to be there.
    fn hand_out(&mut self, now: Instant) {
        if !self.is_certain(now) {
            return;
        }
        let barrier = self.abroad.first().cloned();
        for claimed in self.wants.hand_out(barrier.as_ref()) {
            self.keep(claimed);
        }
    }

    pub(crate) fn wake_by(&mut self, at: Instant) {
        self.wake = Some(self.wake.map_or(at, |wake| wake.min(at)));
    }

    /// Starts what is to be done next.
    fn plan(&mut self, now: Instant) {
        self.wake = None;
        self.put_away(now);
        self.plan_endings(now);
        let rest = self.hand_pace.rest(now);
        if !rest.is_zero() {
            self.wake_by(now + rest);
        } else {
            for claim in std::mem::take(&mut self.doubts) {
                self.send(claim);
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
        if self.incumbent.is_none() && !self.is_beginning {
            self.is_beginning = true;
            let (access, ttl) = (self.access.clone(), self.settings.session_ttl);
            self.hands.push(Box::pin(async move {
                pause(rest).await;
                HandEvent::Session(Incumbent::begin(access, ttl).await)
            }));
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
        while self.demand() > 0 && self.claiming < CLAIMS && self.claim_some(now) {}
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
        for (endings, mut slot) in std::mem::take(&mut self.ending_doubts) {
            self.under_way += 1;
            let access = self.access.clone();
            self.hands.push(Box::pin(async move {
                let answer = slot::settle(&access, &mut slot).await;
                HandEvent::Settled { endings, slot, answer }
            }));
        }
        while self.is_worth_sending()
            && let Some(mut slot) = self.slots.pop()
        {
            let endings = self.first_pending();
            slot.begin(self.clock.unix_s());
            self.under_way += 1;
            let access = self.access.clone();
            self.hands.push(Box::pin(async move {
                let answer = ending::send(&access, &endings, &mut slot).await;
                HandEvent::Ended { endings, slot, answer }
            }));
        }
    }

    /// While a transaction is under way only a good number of endings is worth another one.
    fn is_worth_sending(&self) -> bool {
        self.pending.len() >= if self.under_way == 0 { 1 } else { WORTH_ANOTHER }
    }

    /// The endings that go into the next transaction: small ones together, of different items.
    fn first_pending(&mut self) -> Vec<Ending> {
        let most = (self.access.most_items() / 2).clamp(1, MOST_ENDINGS);
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
            self.tidy_orphans();
        }
        self.wake_by(self.audit_at);
    }

    pub(crate) fn tidy_orphans(&mut self) {
        let orphans = self.shelf.orphans(MOST_ORPHANS).into_iter();
        self.tidy(
            orphans
                .map(|(item, noted)| Orphan { item, record: noted.revision, owner: noted.record.owner })
                .collect(),
        );
    }

    pub(crate) fn tidy(&mut self, orphans: Vec<Orphan>) {
        if orphans.is_empty() {
            return;
        }
        let access = self.access.clone();
        self.hands.push(Box::pin(async move {
            if let Err(setback) = claim::tidy(&access, &orphans).await {
                tracing::debug!(?setback, "records of items that are gone are left for later");
            }
            HandEvent::Tidied
        }));
    }

    /// Claims the next items in line, or reads their values first. Whether anything was claimed.
    fn claim_some(&mut self, now: Instant) -> bool {
        let Some(session) = self.incumbent.as_ref().map(|incumbent| incumbent.id) else { return false };
        // In transactions of the same size: the last one is not to be for one item.
        let fit = (self.access.most_items() + 2).saturating_sub(claim::WIDEST_PART).max(1);
        let demand = self.demand();
        let most = demand.div_ceil(demand.div_ceil(fit).max(1));
        let choice = self.shelf.choose(most, self.window, now, self.unix_ms());
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
        spent.into_iter().for_each(|chosen| self.bury(chosen));
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

    fn bury(&mut self, chosen: Chosen) {
        let (access, unix_ms) = (self.access.clone(), self.unix_ms());
        self.hands.push(Box::pin(async move {
            let answer = claim::bury(&access, &chosen, unix_ms).await;
            HandEvent::Buried { chosen, answer }
        }));
    }

    /// What a session's slots are made of; those of the first one serve for ever.
    pub(crate) fn make_slots(&mut self, incumbent: &Incumbent) {
        if self.slots_of.is_none() {
            self.slots = (0..SLOTS).map(|number| incumbent.session.slot(&self.access, number)).collect();
            self.slots_of = Some(incumbent.session.clone());
        }
    }

    pub(crate) fn listed_barren(&mut self, now: Instant) {
        let is_barren = !self.shelf.has_free() && self.shelf.is_used_up();
        self.barren_until = is_barren.then(|| now + BARREN_FOR);
    }
}

/// How an item is given back that was handed to nobody: that does not count as an attempt.
pub(crate) fn unhanded(ticket: Ticket) -> Ending {
    let attempts = ticket.attempts.saturating_sub(1);
    Ending { ticket, kind: Kind::Release { not_before_ms: 0, attempts }, reply: None }
}

async fn ended(incumbent: &mut Option<Incumbent>) {
    match incumbent {
        Some(incumbent) => incumbent.ended().await,
        None => std::future::pending().await,
    }
}

async fn wake(at: Option<Instant>) {
    match at {
        Some(at) => sleep_until(at).await,
        None => std::future::pending().await,
    }
}
