//! The handle that callers hold.

use std::collections::VecDeque;
use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};

use etcd_client::{Compare, CompareOp, TxnOp};
use futures::stream::{BoxStream, StreamExt, unfold};
use tokio::sync::{mpsc, oneshot};

use crate::access::Access;
use crate::clock::Clock;
use crate::closing::Closing;
use crate::cluster::{Cluster, ClusterOptions};
use crate::counting::Counting;
use crate::error::Error;
use crate::key::Sequence;
use crate::lease::actor::Command;
use crate::lease::builder::LeaseBuilder;
use crate::lease::delivery::Delivery;
use crate::lease::letter::DeadLetters;
use crate::lease::turn::Turn;
use crate::orders::Order;
use crate::standing::Standing;

/// A queue on etcd whose items are acknowledged, and handed out again if their holder dies first; clones are
/// cheap and share one session.
///
/// Items lie where a [`Queue`](crate::Queue)'s do, and stay there until they are acknowledged. What is
/// claimed lies beside them, under `__rq<prefix>/`, where the user needs read and write permission too:
/// without it nothing is handed out ([`Error::PermissionDenied`]); `enqueue` still works, but may end as
/// [`Error::Unsettled`].
///
/// # Guarantees
/// Each stored item is handed out at least once, and in the hands of one holder at a time: to another one
/// only when the session of the first has ended, or it has given the item back. A holder that was thought
/// dead and is not finds its acknowledgement fenced off. No lost reply, dropped future, reconnect, dead token,
/// compaction or restart loses an item, acknowledges it twice, or leaves in doubt whether it was.
///
/// Consumers that do not look at claims (the recipe in etcd's Go client, a [`Queue`](crate::Queue)) may work
/// on the same prefix. They may take what is held by somebody; its holder is then fenced off, and nothing is
/// lost.
///
/// The background tasks end when the last clone and the last [`Delivery`] are dropped.
#[derive(Clone)]
pub struct LeaseQueue {
    commands: mpsc::UnboundedSender<Command>,
    orders: mpsc::UnboundedSender<Order>,
    shared: Arc<Shared>,
}

struct Shared {
    access: Access,
    clock: Arc<dyn Clock>,
    sequence: Mutex<Sequence>,
    counting: Counting,
    dead_letters: DeadLetters,
    standing: Standing,
    closing: Closing,
}

/// What a handle is made of.
pub(crate) struct Ends {
    pub(crate) commands: mpsc::UnboundedSender<Command>,
    pub(crate) orders: mpsc::UnboundedSender<Order>,
    pub(crate) counting: Counting,
    pub(crate) dead_letters: DeadLetters,
    pub(crate) standing: Standing,
    pub(crate) access: Access,
    pub(crate) closing: Closing,
    pub(crate) clock: Arc<dyn Clock>,
}

/// An item to be stored by a transaction of one's own; made by [`LeaseQueue::enqueue_ops`].
///
/// The item is stored if the operation is carried out under the comparison, that its key is not in use. Should
/// that fail, make new ones.
#[derive(Clone, Debug)]
pub struct Outbox {
    /// What must hold.
    pub compare: Compare,
    /// What stores the item.
    pub operation: TxnOp,
}

impl LeaseQueue {
    /// Begins to open the queue below `prefix` (no slash at its end) on the members of a cluster, as
    /// [`Queue::connect`](crate::Queue::connect) does.
    ///
    /// ```no_run
    /// # async fn run() -> Result<(), etcd_queue::Error> {
    /// use etcd_queue::{ClusterOptions, LeaseQueue};
    ///
    /// let members = ["10.0.0.1:2379", "10.0.0.2:2379", "10.0.0.3:2379"];
    /// let queue = LeaseQueue::connect(members, ClusterOptions::new(), "/jobs")?.max_deliveries(3).open()?;
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
    ) -> Result<LeaseBuilder, Error> {
        Ok(Self::builder(Cluster::connect(endpoints, options)?, prefix))
    }

    /// Begins to open the queue below `prefix` (no slash at its end) on a [`Cluster`], or with a client that the
    /// queue can't steer, as [`Queue::builder`](crate::Queue::builder) does.
    pub fn builder(cluster: impl Into<Cluster>, prefix: impl Into<String>) -> LeaseBuilder {
        LeaseBuilder::new(cluster.into(), prefix.into())
    }

    pub(crate) fn new(ends: Ends) -> Self {
        let Ends { commands, orders, counting, dead_letters, standing, access, clock, closing } = ends;
        let shared =
            Shared { access, clock, sequence: Mutex::default(), counting, dead_letters, standing, closing };
        Self { commands, orders, shared: Arc::new(shared) }
    }

    /// Stores an item at the end of the line, as [`Queue::enqueue`](crate::Queue::enqueue) does.
    ///
    /// # Errors
    /// As [`Queue::enqueue`](crate::Queue::enqueue).
    ///
    /// # Cancel safety
    /// Dropping the future before its turn stores nothing; later, the item is stored all the same, once.
    pub async fn enqueue(&self, value: impl Into<Vec<u8>>) -> Result<(), Error> {
        self.order(VecDeque::from([value.into()])).await
    }

    /// Stores items at the end of the line, as [`Queue::enqueue_all`](crate::Queue::enqueue_all) does.
    ///
    /// # Errors
    /// As [`Queue::enqueue_all`](crate::Queue::enqueue_all).
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
        self.shared.closing.pass().await?;
        let (reply, answer) = oneshot::channel();
        self.orders.send(Order::new(values, reply)).map_err(|_| Error::Closed)?;
        answer.await.unwrap_or(Err(Error::Closed))
    }

    /// What stores an item as part of a transaction of one's own: [`Delivery::ack_with`], so that it moves
    /// from queue to queue, or one that changes what the item tells of.
    pub fn enqueue_ops(&self, value: impl Into<Vec<u8>>) -> Outbox {
        let now = self.shared.clock.unix_ns();
        let unix_ns = self.shared.sequence.lock().unwrap_or_else(PoisonError::into_inner).next(now);
        let key = self.shared.access.prefix().key(unix_ns);
        Outbox {
            compare: Compare::version(key.clone(), CompareOp::Equal, 0),
            operation: TxnOp::put(key, value, None),
        }
    }

    /// Claims the first item that nobody holds, or waits for one, as long as it takes.
    ///
    /// # Errors
    /// [`Error::PermissionDenied`], also if the right is missing on the claims beside the queue;
    /// [`Error::LoginRefused`], [`Error::NoSpace`] and [`Error::Refused`] if etcd stands by its refusal after a
    /// fresh login. Calling again is no waste: repeated refusals come at most a few times a second.
    /// [`Error::Closed`].
    ///
    /// # Cancel safety
    /// Dropping the future loses nothing: what was claimed for it goes to the next caller, or is given back
    /// after a second without one. It can stand in a `select!` loop.
    pub async fn next(&self) -> Result<Delivery, Error> {
        self.shared.closing.pass().await?;
        // One want of one item is answered with one item.
        loop {
            if let Some(delivery) = Turn::wanting(1, &self.commands)?.answer().await?.pop() {
                return Ok(delivery);
            }
        }
    }

    /// Claims up to `count` items: as many as are there, and at least one, for which it waits as long as it
    /// takes. Empty only if `count` is 0; more than `max_in_flight` never come.
    ///
    /// 126 items are claimed in one transaction, 125 if some of them are taken over from a dead holder.
    ///
    /// # Errors
    /// As [`next`](LeaseQueue::next).
    ///
    /// # Cancel safety
    /// As [`next`](LeaseQueue::next): all of its items go to the next callers.
    pub async fn next_batch(&self, count: usize) -> Result<Vec<Delivery>, Error> {
        if count == 0 {
            return Ok(Vec::new());
        }
        self.shared.closing.pass().await?;
        Turn::wanting(count, &self.commands)?.answer().await
    }

    /// The items one after another, as a stream that ends when the queue is closed.
    ///
    /// # Errors
    /// As [`next`](LeaseQueue::next), but for [`Error::Closed`], which ends it: each is an item of the stream,
    /// which goes on.
    ///
    /// # Cancel safety
    /// Dropping it is as dropping [`next`](LeaseQueue::next).
    pub fn stream(&self) -> BoxStream<'static, Result<Delivery, Error>> {
        let items = unfold(self.clone(), |queue| async move {
            match queue.next().await {
                Err(Error::Closed) => None,
                answer => Some((answer, queue)),
            }
        });
        items.boxed()
    }

    /// How many items are stored, held ones included; see [`Queue::len`](crate::Queue::len).
    ///
    /// # Errors
    /// As [`Queue::len`](crate::Queue::len).
    ///
    /// # Cancel safety
    /// Dropping the future has no effect.
    // It asks etcd, and cannot be told to be empty without asking too.
    #[allow(clippy::len_without_is_empty)]
    pub async fn len(&self) -> Result<u64, Error> {
        self.shared.closing.pass().await?;
        self.shared.counting.count().await
    }

    /// The keys of items that are too large to be read, as far as they came up: they stay stored, and those behind
    /// them are handed out. See [`Queue::unreadable`](crate::Queue::unreadable).
    pub fn unreadable(&self) -> Vec<String> {
        self.shared.standing.unreadable()
    }

    /// What was handed out too often and put aside. They can be looked after when the queue is closed, too.
    pub fn dead_letters(&self) -> DeadLetters {
        self.shared.dead_letters.clone()
    }

    /// Closes the queue for all its clones. Acknowledgements under way are carried out; everything else that
    /// is held is given back, and handed out by others at once. Deliveries that are still around then get
    /// [`Error::Closed`]. An etcd that is away is waited for as long as one request may take; then it is the
    /// session's end that gives everything back.
    ///
    /// # Cancel safety
    /// The queue closes whether or not the future is awaited to its end.
    pub async fn close(&self) {
        self.shared.closing.close();
        let (caller, answer) = oneshot::channel();
        // A task that is gone has nothing left to give back.
        let _ = self.commands.send(Command::Close(caller));
        let _ = answer.await;
    }
}

impl fmt::Debug for LeaseQueue {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("LeaseQueue")
            .field("prefix", &self.shared.access.prefix().name())
            .finish_non_exhaustive()
    }
}
