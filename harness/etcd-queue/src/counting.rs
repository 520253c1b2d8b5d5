//! Counting what is stored, without the actor: it claims nothing, and may take its time.

use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use tokio::time::Instant;

use crate::access::{Access, Setback};
use crate::error::{Error, Operation};
use crate::listing;
use crate::pace::{Pace, pause};

pub(crate) struct Counting {
    access: Access,
    /// One for all callers: who asks again after a refusal is slowed down, whoever it is.
    pace: Mutex<Pace>,
}

impl Counting {
    pub(crate) fn new(access: Access, pace: Pace) -> Self {
        Self { access, pace: Mutex::new(pace) }
    }

    pub(crate) async fn count(&self) -> Result<u64, Error> {
        loop {
            pause(self.with_pace(|pace, now| pace.rest(now))).await;
            let setback = match listing::count(&self.access, Operation::Count).await {
                Ok(count) => return Ok(count),
                Err(setback) => setback,
            };
            let rest = self.with_pace(Pace::setback);
            match setback {
                Setback::Final(error) => return Err(error),
                Setback::Unsent(reason) | Setback::Lost(reason) => {
                    tracing::warn!(range = self.access.range(), reason, ?rest, "counting again");
                }
            }
        }
    }

    fn with_pace(&self, f: impl FnOnce(&mut Pace, Instant) -> Duration) -> Duration {
        f(&mut self.pace.lock().unwrap_or_else(PoisonError::into_inner), Instant::now())
    }
}
