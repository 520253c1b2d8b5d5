//! Beginning, keeping and ending sessions; what a session is and why is told in `protocol/session.rs`.

use std::time::Duration;

use tokio::task::JoinHandle;
use tokio::time::sleep;

use crate::access::{Access, Setback};
use crate::error::{Error, Operation};
use crate::membership::{self, Renewal};
use crate::protocol::session::{Opened, Opening, RENEWED_EVERY, SESSION_TTL, SessionId};
use crate::protocol::slot::Slot;

/// How soon a renewal that failed is tried again.
const RENEWED_AGAIN_AFTER: Duration = Duration::from_secs(60);

/// A session that was begun, and the task that keeps its lease.
#[derive(Debug)]
pub(crate) struct Session {
    id: SessionId,
    lease: i64,
    keeping: JoinHandle<()>,
}

impl Session {
    /// Begins a session with so many slots, or fewer where etcd takes no such transaction.
    ///
    /// # Errors
    /// A setback leaves nothing behind that is used. Begin another one, with a nonce of its own.
    pub(crate) async fn begin(
        access: &Access,
        nonce: u128,
        slots: usize,
    ) -> Result<(Self, Vec<Slot>), Setback> {
        let lease = membership::grant(access, SESSION_TTL).await?.lease_id;
        let begun = Self::create(access, nonce, lease, slots).await;
        if begun.is_err() {
            // What was not created yet can't be any more. Nobody waits for that.
            let access = access.clone();
            tokio::spawn(async move { membership::leave(&access, lease).await });
        }
        begun
    }

    async fn create(
        access: &Access,
        nonce: u128,
        lease: i64,
        slots: usize,
    ) -> Result<(Self, Vec<Slot>), Setback> {
        let slots = slots.min(access.most_operations() - 1);
        let opening = Opening { id: SessionId::new(nonce, lease), lease, slots };
        let (records, layout) = (access.to_records(), access.prefix().layout());
        let answer = records.transact(Operation::Record, &opening.txn(layout)).await?;
        match opening.read(layout, &answer) {
            Some(Opened::Begun(slots)) => {
                let keeping = tokio::spawn(keep(access.clone(), lease));
                Ok((Self { id: opening.id, lease, keeping }, slots))
            }
            Some(Opened::LaterLayout(version)) => {
                Err(Setback::Final(Error::LaterLayout { range: records.range().to_owned(), version }))
            }
            Some(Opened::IdInUse) => Err(Setback::Unsent("the session's id is in use".to_owned())),
            None => Err(Setback::Lost("the answer to a session's creation is not whole".to_owned())),
        }
    }

    pub(crate) fn id(&self) -> SessionId {
        self.id
    }

    /// Ends the session: its record and slots go with its lease, and can never come again. Whether that is certain.
    pub(crate) async fn end(self, access: &Access) -> bool {
        membership::leave(access, self.lease).await
    }
}

impl Drop for Session {
    fn drop(&mut self) {
        self.keeping.abort();
    }
}

/// Renews the lease by etcd's clock, until it has ended all the same: the next use of a slot finds that out.
async fn keep(access: Access, lease: i64) {
    let mut rest = RENEWED_EVERY;
    loop {
        sleep(rest).await;
        rest = match membership::renew(&access, lease).await {
            Renewal::Renewed => RENEWED_EVERY,
            Renewal::Ended => return,
            Renewal::Unknown => RENEWED_AGAIN_AFTER,
        };
    }
}
