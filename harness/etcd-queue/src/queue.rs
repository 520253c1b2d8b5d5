//! The handle that callers hold.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use tokio::sync::{mpsc, oneshot};

use crate::actor::Command;
use crate::builder::Builder;
use crate::error::Error;
use crate::item::Item;
use crate::producer::Order;

/// A queue on etcd that survives a dead watch; clones are cheap and share one watch.
///
/// Items lie under `<prefix>/<unix nanoseconds>`, as those of the recipe in etcd's Go client do, and are
/// claimed the way it claims them, so that both can work on the same queue. They are handed out in the
/// order they were committed in.
///
/// The background tasks end when the last clone is dropped; items that were claimed for a caller that had
/// gone are then put back, as [`close`](Queue::close) does, but with nobody to tell of a failure.
#[derive(Clone)]
pub struct Queue {
    commands: mpsc::UnboundedSender<Command>,
    orders: mpsc::UnboundedSender<Order>,
    closed: Arc<AtomicBool>,
    prefix: Arc<str>,
}

impl Queue {
    /// Begins to open the queue below `prefix` (no slash at its end) with a client.
    ///
    /// The client may be shared, and may be a [`Client::connect`](etcd_client::Client::connect) or a
    /// [`Client::from_channel`](etcd_client::Client::from_channel) one. Give it its user by
    /// `ConnectOptions::with_user`, so that the queue can log in again. HTTP/2 keep-alive lets the client
    /// notice a connection that is dead, and `with_require_leader` a member that has lost its cluster.
    pub fn builder(client: etcd_client::Client, prefix: impl Into<String>) -> Builder {
        Builder::new(client, prefix.into())
    }

    pub(crate) fn new(
        commands: mpsc::UnboundedSender<Command>,
        orders: mpsc::UnboundedSender<Order>,
        prefix: &str,
    ) -> Self {
        Self { commands, orders, closed: Arc::default(), prefix: prefix.into() }
    }

    /// Stores an item at the end of the line; it waits as long as etcd is away.
    ///
    /// # Errors
    /// [`Error::PermissionDenied`], [`Error::LoginRefused`], [`Error::TooLarge`], [`Error::NoSpace`],
    /// [`Error::Refused`]: the item was not stored. [`Error::Unsettled`]: nobody can tell whether it was.
    /// [`Error::Closed`].
    ///
    /// # Cancel safety
    /// Dropping the future before its turn stores nothing; later, the item may or may not be stored.
    pub async fn enqueue(&self, value: impl Into<Vec<u8>>) -> Result<(), Error> {
        if self.closed.load(Ordering::Acquire) {
            return Err(Error::Closed);
        }
        let (reply, answer) = oneshot::channel();
        self.orders.send(Order { value: value.into(), reply }).map_err(|_| Error::Closed)?;
        answer.await.unwrap_or(Err(Error::Closed))
    }

    /// Takes the first item out, or waits for one, as long as it takes.
    ///
    /// # Errors
    /// [`Error::PermissionDenied`], [`Error::LoginRefused`] and [`Error::Refused`] if etcd stands by its
    /// refusal after a fresh login. Calling again is no waste: repeated refusals come at most a few times a
    /// second. [`Error::Closed`].
    ///
    /// # Cancel safety
    /// Dropping the future loses nothing and changes no order: what was claimed for it goes to the next
    /// caller. It can stand in a `select!` loop.
    pub async fn next(&self) -> Result<Item, Error> {
        let (caller, answer) = oneshot::channel();
        let mut turn = Turn { answer, commands: self.commands.clone() };
        self.commands.send(Command::Next(caller)).map_err(|_| Error::Closed)?;
        (&mut turn.answer).await.unwrap_or(Err(Error::Closed))
    }

    /// Closes the queue for all its clones: waiting callers get [`Error::Closed`], and what was claimed and
    /// handed to nobody is put back under its own key, at the end of the line. An enqueue under way goes on.
    ///
    /// # Errors
    /// [`Error::LeftOver`] with the items that could not be put back; etcd is asked a few times only.
    ///
    /// # Cancel safety
    /// The queue closes whether or not the future is awaited to its end.
    pub async fn close(&self) -> Result<(), Error> {
        self.closed.store(true, Ordering::Release);
        let (caller, answer) = oneshot::channel();
        // A task that is gone has nothing left to put back.
        let _ = self.commands.send(Command::Close(caller));
        answer.await.unwrap_or(Ok(()))
    }
}

impl fmt::Debug for Queue {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Queue").field("prefix", &self.prefix).finish_non_exhaustive()
    }
}

/// A caller's turn. An item may arrive between the last look at the answer and the caller's going: then it
/// is sent back, and the actor sees it before any later wish.
struct Turn {
    answer: oneshot::Receiver<Result<Item, Error>>,
    commands: mpsc::UnboundedSender<Command>,
}

impl Drop for Turn {
    fn drop(&mut self) {
        self.answer.close();
        if let Ok(Ok(item)) = self.answer.try_recv() {
            let _ = self.commands.send(Command::Return(item));
        }
    }
}
