//! The member as its services share it.

use std::sync::{Arc, Mutex, PoisonError};

use tokio::{sync::Notify, time::Instant};

use super::{Member, Settings};

/// A shared member: cheap to clone, one lock inside.
#[derive(Clone, Debug)]
pub struct Handle {
    member: Arc<Mutex<Member>>,
    /// Rings after each use, since the member may have something to do earlier than it had before.
    stirred: Arc<Notify>,
}

impl Handle {
    /// A fresh member, ready to be shared.
    pub fn new(settings: Settings) -> Self {
        Self { member: Arc::new(Mutex::new(Member::new(settings))), stirred: Arc::default() }
    }

    /// Lets `act` have the member alone, with the present time of tokio's clock. Never waits for anything but the
    /// lock, so `act` must not either.
    pub fn with<T>(&self, act: impl FnOnce(&mut Member, Instant) -> T) -> T {
        let outcome = {
            // A panic in another call has been reported there; the state behind the lock is still whole, because
            // the core checks first and changes after.
            let mut member = self.member.lock().unwrap_or_else(PoisonError::into_inner);
            act(&mut member, Instant::now())
        };
        self.stirred.notify_one();
        outcome
    }

    /// Waits until the member has been used. Cancel-safe; for the one task that keeps its time.
    pub async fn stirred(&self) {
        self.stirred.notified().await;
    }
}
