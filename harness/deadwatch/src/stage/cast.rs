//! The consumers on stage: who waits, who has stopped, who is to be called again when.

use std::time::Duration;

use tokio::time::Instant;

use super::{play::Pace, pulse::Pulse};
use crate::scenario::{Consumer, OnError};

/// How many failures of a consumer a history lists one by one.
const LISTED_FAILURES: u64 = 100;

/// After a spin is established the call is repeated this seldom.
const PACED_REPEAT: Duration = Duration::from_millis(100);

/// In virtual time a repeated call comes this long after the last one returned, so that time moves on.
const VIRTUAL_REPEAT: Duration = Duration::from_millis(1);

/// Where a consumer stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Standing {
    /// Its start has not come.
    NotStarted,
    /// A call is open.
    Waiting {
        /// The call's id.
        call: u64,
    },
    /// It is called again then.
    Due(Instant),
    /// A call returned an error or was given up, and it does not call again.
    Stopped,
    /// It took a probe of the aftermath, or its one call has succeeded, and is not called again.
    Served,
}

/// One consumer's state.
#[derive(Clone, Debug)]
pub(super) struct Actor {
    pub(super) consumer: Consumer,
    pub(super) standing: Standing,
    failing: Pulse,
    failures: u64,
    omitted: u64,
}

/// What is to be written down about a failure.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Failure {
    /// Whether it is listed, or only counted.
    pub(super) listing: Listing,
    /// How many failures the last second held, if that has just become a spin.
    pub(super) spin: Option<u64>,
}

/// Whether an event is listed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Listing {
    Listed,
    Counted,
}

impl Actor {
    pub(super) fn new(consumer: Consumer) -> Self {
        Self { consumer, standing: Standing::NotStarted, failing: Pulse::default(), failures: 0, omitted: 0 }
    }

    /// Its call `id` is open from now on.
    pub(super) fn calls(&mut self, id: u64) -> Listing {
        self.standing = Standing::Waiting { call: id };
        if self.failures > LISTED_FAILURES { Listing::Counted } else { Listing::Listed }
    }

    /// Its call returned what it had waited for; it calls again at once.
    pub(super) fn succeeded(&mut self, now: Instant, pace: Pace) {
        self.standing = Standing::Due(now + at_once(pace));
    }

    /// It took a probe, or passed a barrier or a lock.
    pub(super) fn served(&mut self) {
        self.standing = Standing::Served;
    }

    /// Its call returned an error.
    pub(super) fn failed(&mut self, now: Instant, pace: Pace) -> Failure {
        self.failures += 1;
        let spin = self.failing.beat(now, 1);
        self.standing = match self.consumer.on_error {
            OnError::Stop => Standing::Stopped,
            OnError::Retry if self.failing.raced() => Standing::Due(now + PACED_REPEAT),
            OnError::Retry => Standing::Due(now + at_once(pace)),
        };
        if self.failures <= LISTED_FAILURES {
            return Failure { listing: Listing::Listed, spin };
        }
        self.omitted += 1;
        Failure { listing: Listing::Counted, spin }
    }

    /// How many of its failures were only counted since this was last asked.
    pub(super) fn take_omitted_failures(&mut self) -> u64 {
        std::mem::take(&mut self.omitted)
    }

    /// Whether it still takes items: it has started and has not stopped.
    pub(super) fn is_playing(&self) -> bool {
        matches!(self.standing, Standing::Waiting { .. } | Standing::Due(_))
    }

    /// Whether it has a call open.
    pub(super) fn is_waiting(&self) -> bool {
        matches!(self.standing, Standing::Waiting { .. })
    }

    /// When it is to be called again.
    pub(super) fn due(&self) -> Option<Instant> {
        match self.standing {
            Standing::Due(at) => Some(at),
            _ => None,
        }
    }
}

fn at_once(pace: Pace) -> Duration {
    match pace {
        Pace::Real => Duration::ZERO,
        Pace::Virtual => VIRTUAL_REPEAT,
    }
}
