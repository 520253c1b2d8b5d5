//! The task that owns all reading and claiming of a queue. Callers only register a wish and wait; a caller
//! that stops waiting leaves nothing half done, and an item that was claimed for it goes to the next one.
//!
//! Nothing is sent for nobody: the range is listed and watched from the first wish on, a link that breaks
//! is made again when there is a wish, and items are claimed only while somebody waits for them (and as many
//! more as the user allows to be claimed ahead). What comes of it is taken in by `reckoning.rs`.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use futures::StreamExt;
use futures::future::BoxFuture;
use futures::stream::FuturesUnordered;
use tokio::sync::{mpsc, oneshot};
use tokio::time::{Instant, sleep_until};

use crate::access::Access;
use crate::affinity::Affinity;
use crate::cache::{Cache, Key, Known, Place};
use crate::claim::{Claim, Lane, Shape};
use crate::clock::Clock;
use crate::error::Error;
use crate::farewell::Farewell;
use crate::hand::{self, Doubt, Hand};
use crate::item::Item;
use crate::lanes::Lanes;
use crate::link::{Entry, Link};
use crate::membership;
use crate::meter::Meter;
use crate::pace::Pace;
use crate::standing::Standing;
use crate::wishes::{Wish, Wishes};

/// How long after a lost race claims are made of parts.
pub(crate) const CONTENDED_FOR: Duration = Duration::from_millis(500);
/// How old the view of who else consumes may get while it is used.
const RIVALS_AGE: Duration = Duration::from_secs(2);
/// How soon after a look a lost race is a reason to look again.
pub(crate) const LOOKS_AGAIN_AFTER: Duration = Duration::from_millis(50);
/// How long a quiet, empty queue is believed to be empty. A server with known faults may swallow an event
/// (etcd CHANGELOG-3.5, 3.5.13, 3.5.16, 3.5.18).
const AUDITED_EVERY: Duration = Duration::from_secs(60);
/// How many items in line may be read at once when their values are not known.
const WIDEST_WINDOW: usize = 126;

/// What callers tell the actor.
#[derive(Debug)]
pub(crate) enum Command {
    Next(Wish),
    /// A caller no longer waits.
    Gone,
    /// Items reached a caller that no longer waited for them.
    Return(Vec<Item>),
    Close(oneshot::Sender<Result<(), Error>>),
}

pub(crate) struct Actor {
    pub(crate) access: Access,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) commands: mpsc::UnboundedReceiver<Command>,
    pub(crate) read_ahead: usize,
    pub(crate) patience: Option<Duration>,
    /// Since when, and why, nothing can be read for those who wait.
    pub(crate) away: Option<Away>,
    pub(crate) wishes: Wishes,
    pub(crate) cache: Cache,
    pub(crate) affinity: Affinity,
    pub(crate) link: Link,
    pub(crate) link_pace: Pace,
    pub(crate) hands: FuturesUnordered<Hand>,
    pub(crate) hand_pace: Pace,
    pub(crate) lanes: Lanes,
    /// Claims whose replies were lost, or whose refusal is not understood yet.
    pub(crate) doubts: Vec<Doubt>,
    /// The items of all claims that are under way or in doubt.
    pub(crate) abroad: BTreeSet<Place>,
    /// Items whose claim came to nothing though later ones may be claimed already: those wait for them.
    pub(crate) overdue: BTreeSet<Place>,
    /// How many claims are under way.
    pub(crate) claiming: usize,
    /// How many doubts are being settled.
    pub(crate) settling: usize,
    pub(crate) is_reading: bool,
    /// Items whose values are larger than this client takes: they stay stored, and nobody here waits for them.
    pub(crate) unreadable: BTreeSet<Place>,
    /// How many keys of the range are no items, as it was listed last.
    pub(crate) foreign: usize,
    /// How many items are read at once: as many as are small enough together.
    pub(crate) window: usize,
    pub(crate) contended_until: Option<Instant>,
    pub(crate) is_looking: bool,
    pub(crate) rivals_seen: Option<Instant>,
    pub(crate) audit_at: Instant,
    /// When there is something to do if nothing happens before.
    pub(crate) wake: Option<Instant>,
    /// Whether the other consumers are still to be told of this one.
    pub(crate) is_stranger: bool,
    /// The lease that the consumer's key is bound to.
    pub(crate) lease_id: Option<i64>,
    pub(crate) staying: Option<BoxFuture<'static, ()>>,
    pub(crate) standing: Standing,
    pub(crate) meter: Meter,
}

/// Since when the link is down, and how its last attempt ended.
#[derive(Debug)]
pub(crate) struct Away {
    pub(crate) since: Instant,
    pub(crate) reason: String,
}

/// What an actor begins with.
pub(crate) struct Beginning {
    pub(crate) access: Access,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) commands: mpsc::UnboundedReceiver<Command>,
    pub(crate) read_ahead: usize,
    pub(crate) patience: Option<Duration>,
    pub(crate) lanes: Lanes,
    pub(crate) paces: [Pace; 2],
    pub(crate) standing: Standing,
    pub(crate) meter: Meter,
}

impl Actor {
    pub(crate) fn new(beginning: Beginning) -> Self {
        let Beginning { access, clock, commands, read_ahead, patience, lanes, paces, standing, meter } =
            beginning;
        let [link_pace, hand_pace] = paces;
        Self {
            access,
            clock,
            commands,
            read_ahead,
            patience,
            away: None,
            wishes: Wishes::default(),
            cache: Cache::default(),
            affinity: Affinity::default(),
            link: Link::Down(Entry::AsIs),
            link_pace,
            hands: FuturesUnordered::new(),
            hand_pace,
            lanes,
            doubts: Vec::new(),
            abroad: BTreeSet::new(),
            overdue: BTreeSet::new(),
            claiming: 0,
            settling: 0,
            is_reading: false,
            unreadable: BTreeSet::new(),
            foreign: 0,
            window: 8,
            contended_until: None,
            is_looking: false,
            rivals_seen: None,
            audit_at: Instant::now() + AUDITED_EVERY,
            wake: None,
            is_stranger: false,
            lease_id: None,
            staying: None,
            standing,
            meter,
        }
    }

    /// Ends when the last handle of the queue is dropped.
    pub(crate) async fn run(mut self) {
        loop {
            self.check_overdue();
            let barrier = self.abroad.first().into_iter().chain(self.overdue.first()).min();
            self.wishes.hand_out(barrier, self.claiming > 0);
            self.plan(Instant::now());
            tokio::select! {
                biased;
                command = self.commands.recv() => {
                    let Some(command) = command else {
                        let left = self.end().await;
                        return self.report(left);
                    };
                    if let Some(caller) = self.heed(command) {
                        let left = self.end().await;
                        if let Err(left) = caller.send(left) {
                            self.report(left);
                        }
                        return self.stay_closed().await;
                    }
                }
                event = self.link.event() => self.on_link(event),
                Some(event) = self.hands.next(), if !self.hands.is_empty() => self.on_hand(event),
                () = staying(&mut self.staying) => self.lease_ended(),
                () = wake(self.wake) => {}
            }
        }
    }

    /// Takes in a command and all that have come with it, so that they are served together. Says who wants
    /// the queue closed.
    fn heed(&mut self, command: Command) -> Option<oneshot::Sender<Result<(), Error>>> {
        let mut next = Some(command);
        let mut some_have_gone = false;
        while let Some(command) = next {
            match command {
                Command::Next(wish) => self.wishes.add(wish),
                Command::Gone => some_have_gone = true,
                Command::Return(items) => items.into_iter().for_each(|item| self.wishes.keep(item)),
                Command::Close(caller) => return Some(caller),
            }
            next = self.commands.try_recv().ok();
        }
        if some_have_gone {
            self.wishes.forget_gone();
        }
        None
    }

    /// Forgets overdue items that are gone. Among several consumers nobody waits for the others' items.
    fn check_overdue(&mut self) {
        if self.affinity.is_in_force(Instant::now()) {
            self.overdue.clear();
        }
        while self.overdue.first().is_some_and(|place| !self.cache.holds(place)) {
            self.overdue.pop_first();
        }
    }

    /// How many items are to be claimed beyond those that are, or are being claimed.
    fn demand(&self) -> usize {
        let bars = |place: &Place| self.wishes.first_ready().is_some_and(|ready| place < ready);
        let barring = self.overdue.iter().take_while(|place| bars(place)).count();
        let wanted = self.wishes.missing().max(barring);
        let ahead = self.read_ahead.saturating_sub(self.wishes.ready().saturating_sub(wanted));
        wanted.saturating_add(ahead).saturating_sub(self.abroad.len())
    }

    /// Starts what is to be done next, if anybody waits.
    fn plan(&mut self, now: Instant) {
        self.wake = None;
        if self.wishes.are_none() {
            self.away = None;
            return;
        }
        self.keep_patience(now);
        if let Link::Down(entry) = self.link {
            self.link = Link::list(self.access.clone(), entry, self.link_pace.rest(now));
        }
        if self.lanes.wants_session(now) {
            self.hands.push(hand::begin_session(self.access.clone(), self.hand_pace.rest(now)));
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
        for doubt in std::mem::take(&mut self.doubts) {
            match doubt.lane {
                Lane::Slot(_) => self.settling += 1,
                Lane::Bare { .. } => self.claiming += 1,
            }
            self.hands.push(hand::settle(self.access.clone(), doubt));
        }
        self.look_around(now);
        if self.cache.is_used_up() && self.abroad.is_empty() {
            tracing::debug!(range = self.access.range(), "listing the rest of a long line");
            self.link = Link::list(self.access.clone(), Entry::AsIs, Duration::ZERO);
            return;
        }
        while self.demand() > 0 && self.lanes.has_free() && self.claim_some(now) {}
        if self.claiming == 0 {
            self.introduce();
        }
    }

    /// Tells the other consumers of this one, and tidies up behind those that are gone. Neither is in a
    /// hurry: the first claim goes before.
    pub(crate) fn introduce(&mut self) {
        if let Some(session) = self.lanes.session().filter(|_| self.is_stranger) {
            let id = session.id().to_owned();
            self.is_stranger = false;
            self.hands.push(hand::join(self.access.clone(), id, Duration::ZERO));
            self.hands.push(hand::tidy(self.access.clone(), self.clock.unix_s()));
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
        // Without slots a contended claim can only be made as small as it gets.
        let most = if is_contended && self.lanes.is_degraded() { 1 } else { most };
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
        let Some(lane) = self.lanes.take(self.clock.unix_s()) else { return false };
        let in_parts = is_contended && items.len() > 1 && matches!(lane, Lane::Slot(_));
        let shape = if in_parts { Shape::Parts } else { Shape::Whole };
        self.abroad.extend(items.iter().map(|(place, _)| place.clone()));
        self.claiming += 1;
        self.meter.claims.increment(1);
        self.hands.push(hand::claim(self.access.clone(), Claim { items, shape }, lane));
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

    pub(crate) fn fail_callers(&mut self, error: &Error) {
        self.wishes.fail(error);
    }

    /// Ends all reading and claiming, and puts back what was claimed for nobody.
    async fn end(&mut self) -> Result<(), Error> {
        self.fail_callers(&Error::Closed);
        self.link = Link::Down(Entry::AsIs);
        self.staying = None;
        // Everything else that is under way may be dropped.
        while self.claiming + self.settling > 0
            && let Some(event) = self.hands.next().await
        {
            self.on_hand(event);
        }
        self.hands.clear();
        let doubts = std::mem::take(&mut self.doubts);
        let lane = self.lanes.take(self.clock.unix_s()).unwrap_or(Lane::Bare { reply_lost: false });
        let mut farewell = Farewell::new(&self.access, self.clock.as_ref(), lane, &mut self.hand_pace);
        let mut items = self.wishes.take_ready();
        let mut unsettled = 0;
        for doubt in doubts {
            let (ours, is_settled) = farewell.settle(doubt).await;
            items.extend(ours);
            unsettled += usize::from(!is_settled);
        }
        let put_back = items.len();
        let left = farewell.put_back(items).await;
        if left.is_ok() {
            self.meter.put_back.increment(u64::try_from(put_back).unwrap_or(0));
        }
        if let Some(lease_id) = self.lease_id {
            membership::leave(&self.access, lease_id).await;
        }
        if let Some(session) = self.lanes.session().filter(|_| unsettled == 0 && left.is_ok()) {
            let _ = session.end(&self.access).await;
        }
        left
    }

    /// Answers those who still hold the queue, until the last of them drops it.
    async fn stay_closed(mut self) {
        while let Some(command) = self.commands.recv().await {
            match command {
                Command::Next(wish) => drop(wish.reply.send(Err(Error::Closed))),
                Command::Gone => {}
                Command::Close(caller) => drop(caller.send(Ok(()))),
                Command::Return(items) => {
                    let lane = Lane::Bare { reply_lost: false };
                    let clock = self.clock.as_ref();
                    let mut farewell = Farewell::new(&self.access, clock, lane, &mut self.hand_pace);
                    let left = farewell.put_back(items).await;
                    self.report(left);
                }
            }
        }
    }

    /// For the cases in which no caller is left to hand an item to.
    fn report(&self, left: Result<(), Error>) {
        if let Err(error) = left {
            tracing::error!(range = self.access.range(), %error, "claimed items are lost");
        }
    }
}

async fn staying(staying: &mut Option<BoxFuture<'static, ()>>) {
    match staying {
        Some(staying) => staying.await,
        None => std::future::pending().await,
    }
}

async fn wake(at: Option<Instant>) {
    match at {
        Some(at) => sleep_until(at).await,
        None => std::future::pending().await,
    }
}
