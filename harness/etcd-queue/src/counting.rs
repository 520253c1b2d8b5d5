//! Counting what is stored, without the actor: it claims nothing, and may take its time.

use crate::access::{Access, Setback};
use crate::error::{Error, Operation};
use crate::listing;
use crate::pace::{Pace, SharedPace};

pub(crate) struct Counting {
    access: Access,
    pace: SharedPace,
}

impl Counting {
    pub(crate) fn new(access: Access, pace: Pace) -> Self {
        Self { access, pace: SharedPace::new(pace) }
    }

    pub(crate) async fn count(&self) -> Result<u64, Error> {
        loop {
            self.pace.keep().await;
            let setback = match listing::count(&self.access, Operation::Count).await {
                Ok(count) => return Ok(count),
                Err(setback) => setback,
            };
            let rest = self.pace.setback();
            match setback {
                Setback::Final(error) | Setback::Full(error) => return Err(error),
                Setback::Unsent(reason) | Setback::Lost(reason) => {
                    tracing::warn!(range = self.access.range(), reason, ?rest, "counting again");
                }
            }
        }
    }
}
