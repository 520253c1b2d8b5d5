//! What transactions are made with: the slots of a session, or a bare lane where no records can be kept. Used by the
//! actor for claims and by the producer for enqueues.

use std::time::Duration;

use tokio::time::Instant;

use crate::access::Access;
use crate::error::Error;
use crate::meter::Meter;
use crate::pace::Nonces;
use crate::protocol::claim::Lane;
use crate::protocol::session::SessionId;
use crate::protocol::slot::Slot;
use crate::session::Session;
use crate::standing::Standing;

/// How often a queue without rights on its records looks whether it has got them.
const LOOKS_AGAIN_AFTER: Duration = Duration::from_secs(30);
/// How often a queue looks whether a full etcd takes its records again.
const FULL_FOR: Duration = Duration::from_secs(5);

#[derive(Debug)]
enum State {
    Closed,
    Opening,
    Open(Session),
    Degraded { again_at: Instant },
}

/// The lanes of one task.
pub(crate) struct Lanes {
    state: State,
    free: Vec<Slot>,
    /// Whether the bare lane is in use.
    bare_is_out: bool,
    /// Until when etcd is taken to be full.
    full_until: Option<Instant>,
    /// Whether it then refuses all transactions, whatever is in them.
    refuses_all: bool,
    slots: usize,
    nonces: Nonces,
    standing: Standing,
    meter: Meter,
}

impl Lanes {
    /// `slots`: how many transactions may be under way at a time.
    pub(crate) fn new(slots: usize, nonces: Nonces, standing: Standing, meter: Meter) -> Self {
        Self {
            state: State::Closed,
            free: Vec::new(),
            bare_is_out: false,
            full_until: None,
            refuses_all: false,
            slots,
            nonces,
            standing,
            meter,
        }
    }

    /// Whether a session is to be begun now: then with this nonce, and it counts as being opened from here on.
    pub(crate) fn wants_session(&mut self, now: Instant) -> Option<u128> {
        match self.state {
            State::Closed if !self.is_full(now) => self.state = State::Opening,
            State::Degraded { again_at } if now >= again_at => {
                // The bare lane serves on meanwhile.
                self.state = State::Degraded { again_at: now + LOOKS_AGAIN_AFTER };
            }
            State::Closed | State::Opening | State::Open(_) | State::Degraded { .. } => return None,
        }
        Some(self.nonces.next())
    }

    /// How many slots a session has.
    pub(crate) fn slots(&self) -> usize {
        self.slots
    }

    pub(crate) fn opened(&mut self, session: Session, slots: Vec<Slot>, access: &Access) {
        tracing::debug!(range = access.range(), session = %session.id(), "a session begins");
        self.free = slots;
        self.state = State::Open(session);
        self.standing.mend(&self.meter);
    }

    /// The session could not be begun, for now.
    pub(crate) fn not_opened(&mut self) {
        if matches!(self.state, State::Opening) {
            self.state = State::Closed;
        }
    }

    /// The session was refused. If only the records are denied, the queue goes on without.
    ///
    /// # Errors
    /// The refusal, if it is about something else.
    pub(crate) fn refused(&mut self, refusal: Error) -> Result<(), Error> {
        if matches!(refusal, Error::PermissionDenied { .. }) {
            self.degrade(&refusal);
            return Ok(());
        }
        self.not_opened();
        Err(refusal)
    }

    /// Goes on without slots.
    pub(crate) fn degrade(&mut self, denial: &Error) {
        self.standing.degrade(denial, &self.meter);
        if !matches!(self.state, State::Degraded { .. }) {
            self.state = State::Degraded { again_at: Instant::now() + LOOKS_AGAIN_AFTER };
            self.free.clear();
        }
    }

    /// etcd takes no records for now.
    pub(crate) fn fill(&mut self, now: Instant) {
        self.not_opened();
        self.full_until = Some(now + FULL_FOR);
        self.refuses_all = false;
    }

    /// etcd is full, and refuses all transactions.
    pub(crate) fn refuses_all(&mut self) {
        self.refuses_all = true;
    }

    /// Whether claims are made without transactions.
    pub(crate) fn is_plain(&self, now: Instant) -> bool {
        self.refuses_all && self.is_full(now)
    }

    fn is_full(&self, now: Instant) -> bool {
        self.full_until.is_some_and(|until| now < until)
    }

    /// Whether transactions are made without slots.
    pub(crate) fn is_bare(&self, now: Instant) -> bool {
        matches!(self.state, State::Degraded { .. }) || self.is_full(now)
    }

    pub(crate) fn has_free(&self, now: Instant) -> bool {
        if self.is_bare(now) { !self.bare_is_out } else { !self.free.is_empty() }
    }

    /// A lane for one transaction, which its slot will be marked with.
    pub(crate) fn take(&mut self, now: Instant) -> Option<Lane> {
        if self.is_bare(now) {
            let is_free = !std::mem::replace(&mut self.bare_is_out, true);
            return is_free.then_some(Lane::Bare { reply_lost: false });
        }
        self.take_slot().map(Lane::Slot)
    }

    /// A slot for one transaction, which is marked with it; none where no records are kept.
    pub(crate) fn take_slot(&mut self) -> Option<Slot> {
        let mut slot = self.free.pop()?;
        slot.begin();
        Some(slot)
    }

    /// The bare lane is in use from here on.
    pub(crate) fn take_bare(&mut self) -> Lane {
        self.bare_is_out = true;
        Lane::Bare { reply_lost: false }
    }

    /// A lane with nothing in doubt comes back.
    pub(crate) fn give_back(&mut self, lane: Lane) {
        let slot = match lane {
            Lane::Bare { .. } => return self.bare_is_out = false,
            Lane::Slot(slot) => slot,
        };
        match &self.state {
            State::Open(session) if session.id() != slot.session() => {}
            State::Open(session) if slot.is_gone() => {
                // The others have gone with it: they hang on one lease.
                tracing::info!(session = %session.id(), "a session has ended, taking another");
                self.state = State::Closed;
                self.free.clear();
            }
            State::Open(_) => self.free.push(slot),
            State::Closed | State::Opening | State::Degraded { .. } => {}
        }
    }

    pub(crate) fn session(&self) -> Option<SessionId> {
        match &self.state {
            State::Open(session) => Some(session.id()),
            State::Closed | State::Opening | State::Degraded { .. } => None,
        }
    }

    /// The session, to be ended.
    pub(crate) fn close(&mut self) -> Option<Session> {
        self.free.clear();
        match std::mem::replace(&mut self.state, State::Closed) {
            State::Open(session) => Some(session),
            State::Closed | State::Opening | State::Degraded { .. } => None,
        }
    }
}
