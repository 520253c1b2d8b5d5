//! One item in its holder's hands.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use etcd_client::{Compare, TxnOp};
use tokio::sync::{mpsc, oneshot};
use tokio::time::Instant;

use crate::cache::Place;
use crate::error::Error;
use crate::lease::actor::Command;
use crate::lease::ending::{Ended, Ending, Kind, Reply};
use crate::lease::record::{Record, SessionId};
use crate::lease::term::Term;

/// What a claim is known by.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Ticket {
    pub(crate) place: Place,
    /// The revision of the claim's record.
    pub(crate) claim: i64,
    pub(crate) attempts: u32,
    pub(crate) session: SessionId,
    /// The claim's, among those of its session.
    pub(crate) nonce: u64,
}

impl Ticket {
    /// The record that the claim has left, unlike that of any other claim.
    pub(crate) fn record(&self) -> Record {
        let Self { place, attempts, session, nonce, .. } = self;
        Record { owner: Some(*session), attempts: *attempts, not_before_ms: 0, item: place.0, nonce: *nonce }
    }
}

/// An item that is claimed.
#[derive(Debug)]
pub(crate) struct Claimed {
    pub(crate) ticket: Ticket,
    pub(crate) value: Vec<u8>,
    pub(crate) term: Arc<Term>,
    pub(crate) fenced: Arc<AtomicBool>,
}

/// What came of [`Delivery::ack_with`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Joined {
    /// The item is acknowledged and the operations are carried out, all in this revision.
    Committed {
        /// The revision.
        revision: i64,
    },
    /// One of the comparisons that were given does not hold: nothing was changed, and the delivery is still
    /// its holder's.
    NotMet,
}

/// An item that was handed out, until it is acknowledged.
///
/// It stays stored, and is nobody else's while the session of its [`LeaseQueue`](crate::LeaseQueue) lasts. If
/// it is dropped without [`ack`](Delivery::ack) it is given back as by a [`nack`](Delivery::nack) without
/// delay: its holder may have failed, so that the attempt counts.
#[must_use = "dropping a delivery gives its item back"]
#[derive(Debug)]
pub struct Delivery {
    ticket: Ticket,
    value: Vec<u8>,
    term: Arc<Term>,
    fenced: Arc<AtomicBool>,
    is_over: AtomicBool,
    commands: mpsc::UnboundedSender<Command>,
}

impl Delivery {
    pub(crate) fn new(claimed: Claimed, commands: mpsc::UnboundedSender<Command>) -> Self {
        let Claimed { ticket, value, term, fenced } = claimed;
        Self { ticket, value, term, fenced, is_over: AtomicBool::new(false), commands }
    }

    /// What was enqueued.
    pub fn value(&self) -> &[u8] {
        &self.value
    }

    /// The key that the item is stored under: `<prefix>/<unix nanoseconds>`.
    pub fn key(&self) -> &[u8] {
        &self.ticket.place.1
    }

    /// Which of the item's deliveries this is, from 1 on.
    pub fn attempt(&self) -> u32 {
        self.ticket.attempts
    }

    /// The revision of this claim: larger than that of any claim of the item before it. What is written
    /// elsewhere along with it can be fenced off when a later holder comes.
    pub fn fencing_token(&self) -> i64 {
        self.ticket.claim
    }

    /// Whether somebody else may have the item by now: the session has ended, or was not renewed in time by
    /// the clock of this machine, or the item is known to be in other hands. That it is not stale is no
    /// proof; [`ack`](Delivery::ack) is.
    pub fn is_stale(&self) -> bool {
        self.fenced.load(Ordering::Acquire) || !self.term.is_certain(Instant::now())
    }

    /// Acknowledges the item: it is deleted. Acknowledgements that are made at the same time travel together;
    /// this one returns when its transaction is committed, and waits as long as etcd is away.
    ///
    /// # Errors
    /// [`Error::Fenced`] if the item is no longer this holder's; nothing was changed then.
    /// [`Error::PermissionDenied`], [`Error::LoginRefused`], [`Error::NoSpace`], [`Error::Refused`]: it was not
    /// acknowledged, and will be given back. [`Error::Closed`]: the queue was closed before, and has given it
    /// back. [`Error::Unacknowledged`]: the queue was closed meanwhile, and nobody knows.
    ///
    /// # Cancel safety
    /// Once it was polled, the item is acknowledged whether or not it is polled again.
    pub async fn ack(self) -> Result<(), Error> {
        self.is_over.store(true, Ordering::Release);
        self.end(Kind::Ack).await.map(drop)
    }

    /// Gives the item back, to be handed out again no sooner than after `delay`, by the clocks of the
    /// machines concerned. If it was handed out often enough it becomes a dead letter instead.
    ///
    /// # Errors
    /// As [`ack`](Delivery::ack).
    ///
    /// # Cancel safety
    /// Once it was polled, the item is given back whether or not it is polled again.
    pub async fn nack(mut self, delay: Duration) -> Result<(), Error> {
        self.is_over.store(true, Ordering::Release);
        let value = std::mem::take(&mut self.value);
        self.end(Kind::Nack { delay, value }).await.map(drop)
    }

    /// Acknowledges the item in one transaction with operations of one's own: all of it is carried out, or
    /// nothing, and a lost reply is settled, not guessed. Of the 128 comparisons and as many operations that
    /// etcd takes, three each are the queue's.
    ///
    /// With [`LeaseQueue::enqueue_ops`](crate::LeaseQueue::enqueue_ops) an item moves on to the next queue.
    ///
    /// # Errors
    /// As [`ack`](Delivery::ack), but the delivery stays its holder's. [`Error::PermissionDenied`] and
    /// [`Error::Refused`] may be about the operations that were given, for example two on the same key;
    /// [`Error::TooLarge`] is.
    ///
    /// # Cancel safety
    /// Once it was polled, it is carried out whether or not it is polled again.
    pub async fn ack_with(
        &self,
        compares: impl IntoIterator<Item = Compare>,
        operations: impl IntoIterator<Item = TxnOp>,
    ) -> Result<Joined, Error> {
        let compares = compares.into_iter().collect();
        let operations = operations.into_iter().collect();
        let joined = match self.end(Kind::Join { compares, operations }).await? {
            Ended::Committed { revision } => Joined::Committed { revision },
            Ended::NotMet => Joined::NotMet,
        };
        if joined != Joined::NotMet {
            self.is_over.store(true, Ordering::Release);
        }
        Ok(joined)
    }

    async fn end(&self, kind: Kind) -> Result<Ended, Error> {
        let (reply, answer) = oneshot::channel();
        let ending = Ending { reply: Some(Reply::to(reply)), ..Ending::new(self.ticket.clone(), kind) };
        self.commands.send(Command::End(ending)).map_err(|_| Error::Closed)?;
        answer.await.unwrap_or(Err(Error::Closed))
    }
}

impl Drop for Delivery {
    fn drop(&mut self) {
        if self.is_over.load(Ordering::Acquire) {
            return;
        }
        let kind = Kind::Nack { delay: Duration::ZERO, value: std::mem::take(&mut self.value) };
        let ending = Ending::new(self.ticket.clone(), kind);
        // A queue that is gone has given it back.
        let _ = self.commands.send(Command::End(ending));
    }
}
