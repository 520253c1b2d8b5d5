//! The task that owns all reading and claiming of a queue. Callers only register a wish and wait; a caller
//! that stops waiting leaves nothing half done, and an item that was claimed for it goes to the next one.
//!
//! Nothing is sent for nobody: the range is listed and watched from the first wish on, a link that breaks
//! is made again when there is a wish, and items are claimed only while somebody waits for them (and as many
//! more as the user allows to be claimed ahead). What to do next is decided in `plan.rs`, and what comes of
//! it is taken in by `reckoning.rs`.

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
use crate::cache::{Cache, Place};
use crate::clock::Clock;
use crate::error::Error;
use crate::farewell::Farewell;
use crate::hand::{Doubt, Hand};
use crate::item::Item;
use crate::lanes::Lanes;
use crate::link::{Entry, Link};
use crate::membership;
use crate::meter::Meter;
use crate::pace::Pace;
use crate::protocol::claim::Lane;
use crate::slot::Settles;
use crate::standing::Standing;
use crate::wishes::{Wish, Wishes};

/// How long after a lost race claims are made of parts.
pub(crate) const CONTENDED_FOR: Duration = Duration::from_millis(500);
/// How soon after a look a lost race is a reason to look again.
pub(crate) const LOOKS_AGAIN_AFTER: Duration = Duration::from_millis(50);
/// How long a quiet, empty queue is believed to be empty. A server with known faults may swallow an event
/// (etcd CHANGELOG-3.5, 3.5.13, 3.5.16, 3.5.18).
pub(crate) const AUDITED_EVERY: Duration = Duration::from_secs(60);

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
    pub(crate) settles: Settles,
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
            settles: Settles::Together,
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
        let lane = self.lanes.take_slot().map_or(Lane::Bare { reply_lost: false }, Lane::Slot);
        let mut farewell = Farewell::new(&self.access, self.clock.as_ref(), lane, &mut self.hand_pace);
        farewell.take(self.wishes.take_ready());
        for doubt in doubts {
            farewell.settle(doubt).await;
        }
        let put_back = farewell.put_back().await;
        self.meter.put_back.increment(u64::try_from(put_back).unwrap_or(0));
        if let Some(lease_id) = self.lease_id {
            membership::leave(&self.access, lease_id).await;
        }
        farewell.end(self.lanes.close()).await
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
                    farewell.take(items);
                    farewell.put_back().await;
                    let left = farewell.end(None).await;
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
