//! A session's term: from the write of its key to the end of its lease, and as long as it is certain.
//!
//! That a keep-alive is answered does not prove ownership (etcd CHANGELOG-3.5, 3.5.23: a lease that was
//! revoked could be renewed), and that none is answered does not end it. So the lease's holder counts by its
//! own clock from the last keep-alive that was *sent* and answered, and hands nothing out past that; and what
//! it does is fenced by comparisons all the same.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::task::JoinHandle;
use tokio::time::{Instant, sleep};

use crate::access::{Access, Setback};
use crate::error::Operation;
use crate::lease::record::SessionId;
use crate::membership::{self, Bound, Renewal};
use crate::protocol::txn::{Op, Txn};

/// What deliveries know of the session that they were claimed by.
#[derive(Debug)]
pub(crate) struct Term {
    certain_until: Mutex<Instant>,
    ended: AtomicBool,
}

impl Term {
    fn until(certain_until: Instant) -> Self {
        Self { certain_until: Mutex::new(certain_until), ended: AtomicBool::new(false) }
    }

    /// Whether the session is certain to be there.
    pub(crate) fn is_certain(&self, now: Instant) -> bool {
        !self.ended.load(Ordering::Acquire)
            && now < *self.certain_until.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn renewed(&self, certain_until: Instant) {
        *self.certain_until.lock().unwrap_or_else(PoisonError::into_inner) = certain_until;
    }

    pub(crate) fn end(&self) {
        self.ended.store(true, Ordering::Release);
    }
}

/// A session that was begun, and the task that keeps it.
#[derive(Debug)]
pub(crate) struct Incumbent {
    pub(crate) id: SessionId,
    pub(crate) lease_id: i64,
    pub(crate) term: Arc<Term>,
    keeping: JoinHandle<()>,
}

const SHORTEST_REST: Duration = Duration::from_millis(50);

/// So much earlier than its lease a session stops to be certain: clocks differ a little, and what is handed
/// out on the last moment is of no use.
fn margin(ttl: Duration) -> Duration {
    (ttl / 10).max(Duration::from_millis(200))
}

impl Incumbent {
    /// Begins a session under a name that was never used.
    ///
    /// # Errors
    /// A setback leaves no session behind.
    pub(crate) async fn begin(access: Access, nonce: u128, ttl: Duration) -> Result<Self, Setback> {
        let sent = Instant::now();
        let Bound { lease_id, ttl } = membership::grant(&access, ttl).await?;
        let id = SessionId::new(nonce, lease_id);
        let alive = Op::put(&access.prefix().layout().alive(id), Vec::new(), Some(lease_id));
        let begun =
            access.to_records().transact(Operation::Record, &Txn::new(vec![], vec![alive], vec![])).await;
        if let Err(setback) = begun {
            // What was not written yet can't be any more. Nobody waits for that.
            tokio::spawn(async move { membership::leave(&access, lease_id).await });
            return Err(setback);
        }
        let term = Arc::new(Term::until(sent + ttl.saturating_sub(margin(ttl))));
        let keeping = tokio::spawn(keep(access, lease_id, ttl, term.clone()));
        Ok(Self { id, lease_id, term, keeping })
    }

    /// Waits for the end of the lease. Cancel-safe.
    pub(crate) async fn ended(&mut self) {
        let _ = (&mut self.keeping).await;
    }
}

impl Drop for Incumbent {
    fn drop(&mut self) {
        self.term.end();
        self.keeping.abort();
    }
}

async fn keep(access: Access, lease_id: i64, ttl: Duration, term: Arc<Term>) {
    let mut rest = ttl / 3;
    loop {
        // Whatever time a lease was granted for.
        sleep(rest.max(SHORTEST_REST)).await;
        let sent = Instant::now();
        match membership::renew(&access, lease_id).await {
            Renewal::Renewed => {
                term.renewed(sent + ttl.saturating_sub(margin(ttl)));
                rest = ttl / 3;
            }
            Renewal::Ended => return,
            Renewal::Unknown => rest = ttl / 12,
        }
    }
}
