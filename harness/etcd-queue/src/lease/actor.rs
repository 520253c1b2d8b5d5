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
use crate::error::Error;
use crate::lease::claim::{Burial, Claim, Grave, Orphan, Outcome};
use crate::lease::delivery::{Claimed, Ticket};
use crate::lease::ending::{Ending, Kind, Sent};
use crate::lease::meter::LeaseMeter;
use crate::lease::orphans::Orphans;
use crate::lease::shelf::{Chosen, Shelf};
use crate::lease::term::Incumbent;
use crate::lease::wants::{Want, Wants};
use crate::link::{Entry, Link};
use crate::listing::Read;
use crate::meter::Meter;
use crate::pace::{Nonces, Pace};
use crate::protocol::slot::{Settled, Slot};
use crate::session::Session;
use crate::slot::Settles;
use crate::standing::Standing;

pub(crate) const SLOTS: usize = 4;
/// How long what is waited for is believed not to be there. A server with known faults may swallow an event
/// (etcd CHANGELOG-3.5, 3.5.13, 3.5.16, 3.5.18).
pub(crate) const AUDITED_EVERY: Duration = Duration::from_secs(60);
/// How long a line is left alone of whose beginning everything is in other hands.
const BARREN_FOR: Duration = Duration::from_secs(30);
/// How long a full etcd is taken to be full: then it is asked again to take records.
const FULL_FOR: Duration = Duration::from_secs(5);

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

/// Endings whose answer was lost, or does not tell whether they were carried out: their slot does.
#[derive(Debug)]
pub(crate) struct EndingDoubt {
    pub(crate) endings: Vec<Ending>,
    pub(crate) slot: Slot,
    /// etcd has answered, that it is full: then nothing is under way any more.
    pub(crate) full: Option<Error>,
}

/// What came of something that was under way.
pub(crate) enum HandEvent {
    Session(Result<(Session, Vec<Slot>), Setback>),
    Term(Result<Incumbent, Setback>),
    Read(Result<Vec<Read>, Setback>),
    Claimed { claim: Claim, answer: Result<Outcome, Setback> },
    Ended { endings: Vec<Ending>, slot: Option<Slot>, answer: Result<Sent, Setback> },
    Settled { doubt: EndingDoubt, answer: Result<Settled, Setback> },
    Buried { chosen: Chosen, grave: Grave, answer: Result<Burial, Setback> },
    Tidied { orphans: Vec<Orphan>, answer: Result<(), Setback> },
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
    /// One that was ended has its successor only after a rest: somebody may end each.
    pub(crate) terms_pace: Pace,
    /// Claims rest apart from acknowledgements, which a full etcd takes.
    pub(crate) full_pace: Pace,
    /// Until when etcd is taken to be full, and how it said so.
    pub(crate) full: Option<(Instant, Error)>,
    pub(crate) incumbent: Option<Incumbent>,
    pub(crate) is_beginning: bool,
    pub(crate) nonces: Nonces,
    pub(crate) nonce: u64,
    /// The items of claims that are under way, and not in doubt.
    pub(crate) abroad: BTreeSet<Place>,
    pub(crate) claiming: usize,
    /// Claims whose replies were lost: they are sent again.
    pub(crate) doubts: Vec<Claim>,
    /// How many doubts, of claims and of endings, are settled at a time.
    pub(crate) settles: Settles,
    pub(crate) held: BTreeMap<Key, Holding>,
    /// Slots that are not in use, and how many there are besides. They are good while the lease of their own session
    /// lasts, whatever becomes of the incumbent.
    pub(crate) slots: Vec<Slot>,
    pub(crate) slots_in_use: usize,
    pub(crate) slots_of: Option<Session>,
    pub(crate) pending: VecDeque<Ending>,
    /// The items of all endings that are pending, under way or in doubt.
    pub(crate) ending: BTreeSet<Key>,
    pub(crate) ending_doubts: Vec<EndingDoubt>,
    pub(crate) under_way: usize,
    /// What could not be given back, and when that is tried again.
    pub(crate) again: Vec<(Instant, Ending)>,
    /// Records that name our session for items that we know nothing of, and when they are looked at.
    pub(crate) strays: BTreeMap<Key, Instant>,
    pub(crate) orphans: Orphans,
    /// What etcd does not let be put aside, and when that is tried again.
    pub(crate) unburied: Vec<(Instant, Chosen)>,
    pub(crate) is_tidying: bool,
    pub(crate) is_reading: bool,
    /// How many items are read at once: as many as are small enough together.
    pub(crate) window: usize,
    pub(crate) audit_at: Instant,
    pub(crate) barren_until: Option<Instant>,
    pub(crate) wake: Option<Instant>,
    pub(crate) standing: Standing,
    pub(crate) meter: Meter,
    pub(crate) lease_meter: LeaseMeter,
}

/// What an actor begins with.
pub(crate) struct Beginning {
    pub(crate) access: Access,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) settings: Settings,
    pub(crate) commands: mpsc::UnboundedReceiver<Command>,
    pub(crate) paces: [Pace; 5],
    pub(crate) nonces: Nonces,
    pub(crate) standing: Standing,
    pub(crate) meter: Meter,
    pub(crate) lease_meter: LeaseMeter,
}

impl Actor {
    pub(crate) fn new(beginning: Beginning) -> Self {
        let Beginning { access, clock, settings, commands, paces, nonces, standing, meter, lease_meter } =
            beginning;
        let [items_pace, claims_pace, hand_pace, terms_pace, full_pace] = paces;
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
            terms_pace,
            full_pace,
            full: None,
            incumbent: None,
            is_beginning: false,
            nonces,
            nonce: 0,
            abroad: BTreeSet::new(),
            claiming: 0,
            doubts: Vec::new(),
            settles: Settles::Together,
            held: BTreeMap::new(),
            slots: Vec::new(),
            slots_in_use: 0,
            slots_of: None,
            pending: VecDeque::new(),
            ending: BTreeSet::new(),
            ending_doubts: Vec::new(),
            under_way: 0,
            again: Vec::new(),
            strays: BTreeMap::new(),
            orphans: Orphans::default(),
            unburied: Vec::new(),
            is_tidying: false,
            is_reading: false,
            window: 8,
            audit_at: Instant::now() + AUDITED_EVERY,
            barren_until: None,
            wake: None,
            standing,
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
                let why = "its holder gave it back".to_owned();
                Kind::Bury { grave: Grave::Apart, value, unix_ms, why }
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

    pub(crate) fn is_certain(&self, now: Instant) -> bool {
        self.incumbent.as_ref().is_some_and(|incumbent| incumbent.term.is_certain(now))
    }

    /// Gives out what is ready, while the session is certain to be there.
    pub(crate) fn hand_out(&mut self, now: Instant) {
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

    /// A slot for one transaction.
    pub(crate) fn take_slot(&mut self) -> Option<Slot> {
        let mut slot = self.slots.pop()?;
        slot.begin();
        self.slots_in_use += 1;
        Some(slot)
    }

    /// A slot comes back with nothing in doubt. One that is gone was settled by its deletion, since etcd is full.
    pub(crate) fn give_back(&mut self, slot: Option<Slot>) {
        let Some(slot) = slot else { return };
        if self.slots_of.as_ref().is_none_or(|session| session.id() != slot.session()) {
            return;
        }
        self.slots_in_use = self.slots_in_use.saturating_sub(1);
        if !slot.is_gone() {
            self.slots.push(slot);
        } else if self.slots.is_empty() && self.slots_in_use == 0 {
            self.slots_are_gone();
        }
    }

    /// There are none any more: they hang on one lease.
    pub(crate) fn slots_are_gone(&mut self) {
        self.slots.clear();
        (self.slots_in_use, self.slots_of) = (0, None);
    }

    /// Takes etcd to be full, as it says.
    pub(crate) fn fill(&mut self, error: Error) {
        self.full = Some((Instant::now() + FULL_FOR, error));
    }

    /// How etcd has said that it is full, if that is taken to be so still.
    pub(crate) fn is_full(&self, now: Instant) -> Option<&Error> {
        self.full.as_ref().filter(|(until, _)| now < *until).map(|(_, error)| error)
    }

    pub(crate) fn listed_barren(&mut self, now: Instant) {
        let is_barren = !self.shelf.has_free() && self.shelf.is_used_up();
        self.barren_until = is_barren.then(|| now + BARREN_FOR);
    }
}

/// How an item is given back that was handed to nobody: that does not count as an attempt.
pub(crate) fn unhanded(ticket: Ticket) -> Ending {
    let attempts = ticket.attempts.saturating_sub(1);
    Ending::new(ticket, Kind::Release { not_before_ms: 0, attempts })
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
