//! Whether the queue is closed, for all its handles; and an answer for those who call it all the same, who may be a
//! loop that takes every error for one that passes.

use std::sync::atomic::{AtomicBool, Ordering};

use crate::error::Error;
use crate::pace::{Pace, SharedPace};

#[derive(Debug)]
pub(crate) struct Closing {
    is_closed: AtomicBool,
    pace: SharedPace,
}

impl Closing {
    pub(crate) fn new(pace: Pace) -> Self {
        Self { is_closed: AtomicBool::new(false), pace: SharedPace::new(pace) }
    }

    pub(crate) fn close(&self) {
        self.is_closed.store(true, Ordering::Release);
    }

    /// Lets calls pass while the queue is open.
    ///
    /// # Errors
    /// [`Error::Closed`], at once for the first call and a few times a second for those that follow.
    pub(crate) async fn pass(&self) -> Result<(), Error> {
        if !self.is_closed.load(Ordering::Acquire) {
            return Ok(());
        }
        self.pace.keep().await;
        self.pace.setback();
        Err(Error::Closed)
    }
}
