//! The task that stores items, one after another in the order they were given, so that one queue's items
//! are committed in that order too.
//!
//! An enqueue whose reply is lost is looked up: if the item is there, it was stored. If it is not, nobody
//! can tell whether it was never stored or has been taken already, and the caller is told so
//! ([`Error::Unsettled`]): sending it again could double it. A record of the enqueue beside the item, which
//! would tell, is left for the next version.

use std::sync::Arc;

use tokio::sync::{mpsc, oneshot};
use tokio::time::{Instant, sleep};

use crate::access::{Access, Setback};
use crate::clock::Clock;
use crate::error::{Error, Operation};
use crate::key::Sequence;
use crate::pace::Pace;
use crate::put::{Put, put, stored};

/// One item to store, and who wants to know.
#[derive(Debug)]
pub(crate) struct Order {
    pub(crate) value: Vec<u8>,
    pub(crate) reply: oneshot::Sender<Result<(), Error>>,
}

pub(crate) struct Producer {
    pub(crate) access: Access,
    pub(crate) orders: mpsc::UnboundedReceiver<Order>,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) sequence: Sequence,
    pub(crate) pace: Pace,
}

impl Producer {
    /// Ends when the last handle of the queue is dropped.
    pub(crate) async fn run(mut self) {
        while let Some(Order { value, mut reply }) = self.orders.recv().await {
            if let Some(result) = self.store(&value, &mut reply).await {
                // A caller that has gone has no use for the answer.
                let _ = reply.send(result);
            }
        }
    }

    /// Stores one item. `None`: the caller has gone; what was sent by then may be stored.
    async fn store(
        &mut self,
        value: &[u8],
        reply: &mut oneshot::Sender<Result<(), Error>>,
    ) -> Option<Result<(), Error>> {
        let mut key = self.next_key();
        loop {
            self.rest(reply).await?;
            match put(&self.access, Operation::Enqueue, key.as_bytes(), value).await {
                Ok(Put::Stored) => return Some(Ok(())),
                Ok(Put::Taken) => key = self.next_key(),
                Err(Setback::Final(error)) => return Some(Err(error)),
                Err(Setback::Unsent(reason)) => self.note("the enqueue is sent again", &reason),
                Err(Setback::Lost(reason)) => {
                    self.note("the enqueue's reply was lost, looking for the item", &reason);
                    return self.look_up(key, value, reason, reply).await;
                }
            }
        }
    }

    async fn look_up(
        &mut self,
        key: String,
        value: &[u8],
        lost: String,
        reply: &mut oneshot::Sender<Result<(), Error>>,
    ) -> Option<Result<(), Error>> {
        loop {
            self.rest(reply).await?;
            match stored(&self.access, key.as_bytes()).await {
                Ok(Some(found)) if found == value => return Some(Ok(())),
                Ok(_) => return Some(Err(Error::Unsettled { key, reason: lost })),
                Err(Setback::Final(error)) => return Some(Err(error)),
                Err(Setback::Unsent(reason) | Setback::Lost(reason)) => {
                    self.note("the item is looked for again", &reason);
                }
            }
        }
    }

    fn next_key(&mut self) -> String {
        self.access.prefix().key(self.sequence.next(self.clock.unix_ns()))
    }

    fn note(&mut self, what: &'static str, reason: &str) {
        let rest = self.pace.setback(Instant::now());
        tracing::warn!(range = self.access.prefix().shown(), reason, ?rest, "{what}");
    }

    /// Rests as the pace wants it, unless the caller goes meanwhile.
    async fn rest(&self, reply: &mut oneshot::Sender<Result<(), Error>>) -> Option<()> {
        tokio::select! {
            biased;
            () = reply.closed() => None,
            () = sleep(self.pace.rest(Instant::now())) => Some(()),
        }
    }
}
