//! The handle that callers hold.

use std::collections::VecDeque;
use std::fmt;
use std::sync::Arc;

use tokio::sync::{mpsc, oneshot};

use crate::actor::Command;
use crate::builder::Builder;
use crate::closing::Closing;
use crate::cluster::{Cluster, ClusterOptions};
use crate::counting::Counting;
use crate::error::Error;
use crate::item::Item;
use crate::orders::Order;
use crate::standing::{Degraded, Standing};
use crate::stream::Items;
use crate::wishes::Wish;

/// A queue on etcd that survives a dead watch; clones are cheap and share one watch.
///
/// Items lie under `<prefix>/<unix nanoseconds>`, as those of the recipe in etcd's Go client do, and are
/// claimed the way it claims them, so that both can work on the same queue. They are handed out in the
/// order they were committed in. Several consumers that contend for them share them, and keep out of each
/// other's way: then nobody gets all of them, and what one gets may be a little out of order.
///
/// # Guarantees
/// Each stored item is handed to exactly one live caller. No lost reply, dropped future, reconnect, dead
/// token, compaction or restart loses one or doubles one, given rights on the queue's records. An item whose holder dies
/// is gone. The page `docs/promises.md` has the conditions, and what is still possible.
///
/// The background tasks end when the last clone is dropped; items that were claimed for a caller that had
/// gone are then put back, as [`close`](Queue::close) does, but with nobody to tell of a failure. That takes a
/// runtime that goes on running: before a program ends, await `close`, also after an error.
#[derive(Clone)]
pub struct Queue {
    commands: mpsc::UnboundedSender<Command>,
    orders: mpsc::UnboundedSender<Order>,
    counting: Arc<Counting>,
    standing: Standing,
    closing: Arc<Closing>,
    prefix: Arc<str>,
}

/// What a handle is made of.
pub(crate) struct Ends {
    pub(crate) commands: mpsc::UnboundedSender<Command>,
    pub(crate) orders: mpsc::UnboundedSender<Order>,
    pub(crate) counting: Counting,
    pub(crate) standing: Standing,
    pub(crate) closing: Closing,
}

impl Queue {
    /// Begins to open the queue below `prefix` (no slash at its end) on the members of a cluster.
    ///
    /// Give the endpoints of all members, so that the queue can move to another one. It goes on with no loss of rate
    /// while one of three is down, within seconds after one has stopped to answer, and within a second after another
    /// leader is elected. To open several queues on the same connections, make a [`Cluster`] and give clones of it
    /// to [`builder`](Self::builder).
    ///
    /// ```no_run
    /// # async fn run() -> Result<(), etcd_queue::Error> {
    /// use etcd_queue::{ClusterOptions, Queue};
    ///
    /// let members = ["10.0.0.1:2379", "10.0.0.2:2379", "10.0.0.3:2379"];
    /// let options = ClusterOptions::new().user("worker", "secret");
    /// let queue = Queue::connect(members, options, "/jobs")?.open()?;
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// Those of [`Cluster::connect`]: etcd is not asked yet.
    pub fn connect<E: AsRef<str>>(
        endpoints: impl IntoIterator<Item = E>,
        options: ClusterOptions,
        prefix: impl Into<String>,
    ) -> Result<Builder, Error> {
        Ok(Self::builder(Cluster::connect(endpoints, options)?, prefix))
    }

    /// Begins to open the queue below `prefix` (no slash at its end) on a [`Cluster`], or with a client of
    /// `etcd-client`'s.
    ///
    /// A client may be shared, and may be a [`Client::connect`](etcd_client::Client::connect) or a
    /// [`Client::from_channel`](etcd_client::Client::from_channel) one. Connect it with
    /// [`connect_options`](crate::connect_options), and give it its user by `ConnectOptions::with_user`, so
    /// that the queue can log in again.
    ///
    /// A client that knows several endpoints chooses among them by itself, and the queue can't steer it: it sends to
    /// members that are down or do not answer again and again. The queue keeps its promises then, but it may be many
    /// times slower, or stand still, as long as such a member is there. A [`Cluster`] does not have that fault.
    pub fn builder(cluster: impl Into<Cluster>, prefix: impl Into<String>) -> Builder {
        Builder::new(cluster.into(), prefix.into())
    }

    pub(crate) fn new(ends: Ends, prefix: &str) -> Self {
        let Ends { commands, orders, counting, standing, closing } = ends;
        Self {
            commands,
            orders,
            counting: Arc::new(counting),
            standing,
            closing: Arc::new(closing),
            prefix: prefix.into(),
        }
    }

    /// Stores an item at the end of the line; it waits as long as etcd is away.
    ///
    /// Calls that are made at the same time travel together in one transaction. Items of one queue (its
    /// clones included) are committed in the order the calls were made in.
    ///
    /// # Errors
    /// [`Error::PermissionDenied`], [`Error::LoginRefused`], [`Error::TooLarge`], [`Error::NoSpace`],
    /// [`Error::Refused`]: the item was not stored. [`Error::Unsettled`]: nobody can tell whether it was,
    /// which comes only where the queue may not keep its records or is not let in any more. [`Error::Closed`].
    /// Calls that follow a refusal are paced: they come to etcd at most a few times a second.
    ///
    /// # Cancel safety
    /// Dropping the future before its turn stores nothing; later, the item is stored all the same, once.
    pub async fn enqueue(&self, value: impl Into<Vec<u8>>) -> Result<(), Error> {
        self.order(VecDeque::from([value.into()])).await
    }

    /// Stores items at the end of the line, in their order, with as few transactions as they need: about 126
    /// items or 1 MiB go into each.
    ///
    /// It is not all or nothing: another producer's items may come between two transactions, and an error
    /// may leave the first ones stored.
    ///
    /// # Errors
    /// [`Error::Partly`] says how many were stored and why the next one was not; otherwise as
    /// [`enqueue`](Queue::enqueue).
    ///
    /// # Cancel safety
    /// Dropping the future leaves the items of the transaction under way stored, and those behind not.
    pub async fn enqueue_all<V: Into<Vec<u8>>>(
        &self,
        values: impl IntoIterator<Item = V>,
    ) -> Result<(), Error> {
        self.order(values.into_iter().map(Into::into).collect()).await
    }

    async fn order(&self, values: VecDeque<Vec<u8>>) -> Result<(), Error> {
        self.closing.pass().await?;
        let (reply, answer) = oneshot::channel();
        self.orders.send(Order::new(values, reply)).map_err(|_| Error::Closed)?;
        answer.await.unwrap_or(Err(Error::Closed))
    }

    /// Takes the first item out, or waits for one, as long as it takes.
    ///
    /// # Errors
    /// [`Error::PermissionDenied`], [`Error::LoginRefused`] and [`Error::Refused`] if etcd
    /// stands by its refusal after a fresh login. Calling again is no waste: repeated refusals come at most a
    /// few times a second. [`Error::Unavailable`] only if a [`Builder::patience`] was set. [`Error::Closed`].
    ///
    /// # Cancel safety
    /// Dropping the future loses nothing and changes no order: what was claimed for it goes to the next
    /// caller. It can stand in a `select!` loop.
    pub async fn next(&self) -> Result<Item, Error> {
        // One wish for one item is answered with one item.
        loop {
            if let Some(item) = self.wish(1).await?.pop() {
                return Ok(item);
            }
        }
    }

    /// Takes up to `count` items out: as many as are there, and at least one, for which it waits as long as
    /// it takes. Empty only if `count` is 0.
    ///
    /// 126 items are claimed in one transaction, and several transactions are under way at once.
    ///
    /// # Errors
    /// As [`next`](Queue::next).
    ///
    /// # Cancel safety
    /// As [`next`](Queue::next): all of its items go to the next callers.
    pub async fn next_batch(&self, count: usize) -> Result<Vec<Item>, Error> {
        if count == 0 {
            return Ok(Vec::new());
        }
        self.wish(count).await
    }

    async fn wish(&self, count: usize) -> Result<Vec<Item>, Error> {
        self.closing.pass().await?;
        let (reply, answer) = oneshot::channel();
        let mut turn = Turn { answer: Some(answer), commands: self.commands.clone() };
        self.commands.send(Command::Next(Wish { count, reply })).map_err(|_| Error::Closed)?;
        turn.answer().await
    }

    /// The items, one after another, as a stream that ends when the queue is closed.
    ///
    /// # Errors
    /// Are items of the stream; see [`Items`].
    pub fn stream(&self) -> Items {
        Items::of(self.clone())
    }

    /// How many items are stored: an answer of etcd's, at the moment it was asked. Waits as long as etcd is
    /// away. Keys of queues nested below this one are counted too.
    ///
    /// etcd walks all keys to count them; ask every few seconds, not for each item.
    ///
    /// # Errors
    /// [`Error::PermissionDenied`], [`Error::LoginRefused`], [`Error::Refused`], [`Error::Closed`]. A patience does
    /// not apply.
    ///
    /// # Cancel safety
    /// Dropping the future has no effect.
    // It asks etcd, and cannot be told to be empty without asking too.
    #[allow(clippy::len_without_is_empty)]
    pub async fn len(&self) -> Result<u64, Error> {
        self.closing.pass().await?;
        self.counting.count().await
    }

    /// Why the queue cannot keep every promise for now, if so: it has no rights on its records beside the
    /// queue. Known after the first call that uses them.
    pub fn degraded(&self) -> Option<Degraded> {
        self.standing.degraded()
    }

    /// The keys of items that are larger than the client takes in one message, if its channel has a limit. They stay
    /// stored, for a consumer without one, and those behind them are handed out; each is told of once as an error of
    /// the log's. Known when their turn has come.
    pub fn unreadable(&self) -> Vec<String> {
        self.standing.unreadable()
    }

    /// Closes the queue for all its clones: waiting callers get [`Error::Closed`], and what was claimed and
    /// handed to nobody is put back, at the end of the line, under a new key. An enqueue under way goes on.
    ///
    /// # Errors
    /// [`Error::LeftOver`] with the items that could not be put back, and with those of which nobody knows whether they
    /// were taken out: these are marked [`Presumed`](crate::Certainty::Presumed), and are never put back. etcd is asked a
    /// few times only.
    ///
    /// # Cancel safety
    /// The queue closes whether or not the future is awaited to its end.
    pub async fn close(&self) -> Result<(), Error> {
        self.closing.close();
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

/// A caller's turn. Items may arrive between the last look at the answer and the caller's going: then they
/// are sent back, and the actor sees them before any later wish.
struct Turn {
    answer: Option<oneshot::Receiver<Result<Vec<Item>, Error>>>,
    commands: mpsc::UnboundedSender<Command>,
}

impl Turn {
    async fn answer(&mut self) -> Result<Vec<Item>, Error> {
        let Some(answer) = &mut self.answer else { return Err(Error::Closed) };
        let items = answer.await;
        self.answer = None;
        items.unwrap_or(Err(Error::Closed))
    }
}

impl Drop for Turn {
    fn drop(&mut self) {
        let Some(mut answer) = self.answer.take() else { return };
        answer.close();
        let _ = match answer.try_recv() {
            Ok(Ok(items)) => self.commands.send(Command::Return(items)),
            _ => self.commands.send(Command::Gone),
        };
    }
}
