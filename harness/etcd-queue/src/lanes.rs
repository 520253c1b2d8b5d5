//! What transactions are made with: the slots of a session, or a bare lane where the queue may not keep
//! records. Used by the actor for claims and by the producer for enqueues.

use std::time::Duration;

use tokio::time::Instant;

use crate::access::Access;
use crate::claim::Lane;
use crate::error::Error;
use crate::meter::Meter;
use crate::session::Session;
use crate::standing::Standing;

/// How often a queue without rights on its records looks whether it has got them.
const LOOKS_AGAIN_AFTER: Duration = Duration::from_secs(30);

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
    free: Vec<Lane>,
    slots: usize,
    standing: Standing,
    meter: Meter,
}

impl Lanes {
    /// `slots`: how many transactions may be under way at a time.
    pub(crate) fn new(slots: usize, standing: Standing, meter: Meter) -> Self {
        Self { state: State::Closed, free: Vec::new(), slots, standing, meter }
    }

    /// Whether a session is to be begun now. If so, it counts as being opened from here on.
    pub(crate) fn wants_session(&mut self, now: Instant) -> bool {
        match self.state {
            State::Closed => {}
            State::Degraded { again_at } if now >= again_at => {
                // The bare lane serves on meanwhile.
                self.state = State::Degraded { again_at: now + LOOKS_AGAIN_AFTER };
                return true;
            }
            State::Opening | State::Open(_) | State::Degraded { .. } => return false,
        }
        self.state = State::Opening;
        true
    }

    pub(crate) fn opened(&mut self, session: Session, access: &Access) {
        tracing::debug!(range = access.range(), session = session.id(), "a session begins");
        self.free = (0..self.slots).map(|number| Lane::Slot(session.slot(access, number))).collect();
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
            self.free = vec![Lane::Bare { reply_lost: false }];
        }
    }

    pub(crate) fn is_degraded(&self) -> bool {
        matches!(self.state, State::Degraded { .. })
    }

    pub(crate) fn has_free(&self) -> bool {
        !self.free.is_empty()
    }

    /// A lane for one transaction, which its slot will be marked with.
    pub(crate) fn take(&mut self, unix_s: u64) -> Option<Lane> {
        let mut lane = self.free.pop()?;
        if let Lane::Slot(slot) = &mut lane {
            slot.begin(unix_s);
        }
        Some(lane)
    }

    /// A lane with nothing in doubt comes back.
    pub(crate) fn give_back(&mut self, lane: Lane) {
        match (&self.state, &lane) {
            (State::Open(_), Lane::Slot(_)) if self.free.len() < self.slots => self.free.push(lane),
            (State::Degraded { .. }, Lane::Bare { .. }) if self.free.is_empty() => {
                self.free.push(Lane::Bare { reply_lost: false });
            }
            _ => {}
        }
    }

    pub(crate) fn session(&self) -> Option<&Session> {
        match &self.state {
            State::Open(session) => Some(session),
            State::Closed | State::Opening | State::Degraded { .. } => None,
        }
    }
}
