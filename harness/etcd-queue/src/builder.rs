//! How a queue is opened.

use std::sync::Arc;
use std::time::Duration;

use tokio::runtime::Handle;
use tokio::sync::mpsc;

use crate::access::{Access, MOST_ITEMS, User};
use crate::actor::{Actor, Beginning};
use crate::clock::{Clock, WallClock};
use crate::closing::Closing;
use crate::cluster::Cluster;
use crate::counting::Counting;
use crate::error::Error;
use crate::key::{Prefix, Sequence};
use crate::lanes::Lanes;
use crate::meter::Meter;
use crate::orders::Orders;
use crate::pace::{Nonces, Pace, fresh_seed};
use crate::producer::Producer;
use crate::queue::{Ends, Queue};
use crate::standing::Standing;

const DEADLINE: Duration = Duration::from_secs(5);
/// How many claims are under way at a time.
const CLAIM_SLOTS: usize = 4;

/// Opens a [`Queue`]; made by [`Queue::builder`].
#[must_use = "nothing is opened before `open`"]
pub struct Builder {
    cluster: Cluster,
    prefix: String,
    clock: Arc<dyn Clock>,
    seed: Option<u64>,
    deadline: Duration,
    read_ahead: usize,
    most_items: usize,
    user: Option<User>,
    patience: Option<Duration>,
}

impl Builder {
    pub(crate) fn new(cluster: Cluster, prefix: String) -> Self {
        Self {
            cluster,
            prefix,
            clock: Arc::new(WallClock),
            seed: None,
            deadline: DEADLINE,
            read_ahead: 0,
            most_items: MOST_ITEMS,
            user: None,
            patience: None,
        }
    }

    /// The time of day that keys are made of; the machine's by default.
    pub fn clock(mut self, clock: impl Clock) -> Self {
        self.clock = Arc::new(clock);
        self
    }

    /// The seed of the jitter in the rests between attempts, and of session ids: the same seed, the same ones in
    /// every run. Random by default; leave it at that outside of tests, so that no two queues draw the same.
    pub fn jitter_seed(mut self, seed: u64) -> Self {
        self.seed = Some(seed);
        self
    }

    /// How long one request to etcd may take before it counts as lost; 5 s by default.
    pub fn request_timeout(mut self, timeout: Duration) -> Self {
        self.deadline = timeout;
        self
    }

    /// How long etcd may be out of reach, or without a leader, before those who wait for items are told with
    /// [`Error::Unavailable`]; as long as it takes by default.
    ///
    /// From the outside an empty queue and one that cannot be read look the same: nothing comes. With a patience a
    /// consumer that knows but one member, and has that member cut off from its cluster, is not deaf for ever. The
    /// time begins when the queue notices, which takes up to 6 s where a connection just goes silent.
    pub fn patience(mut self, patience: Duration) -> Self {
        self.patience = Some(patience);
        self
    }

    /// As whom the queue logs in. Without it the queue has the client log in again with its own credentials.
    ///
    /// With it the queue also goes on where authentication is switched off and on again on servers up to 3.5.9:
    /// those refuse an old token even while it is off, so that the client must forget its token and, with it, its
    /// credentials. Give the user that the client was connected with: the token belongs to all that share the client.
    pub fn user(mut self, name: impl Into<String>, password: impl Into<String>) -> Self {
        self.user = Some(User { name: name.into(), password: password.into() });
        self
    }

    /// How many items may be claimed before anybody asks for them; none by default.
    ///
    /// A single caller that takes one item at a time gets each after one round trip to etcd. With a few
    /// items claimed ahead it mostly finds one ready. The price: a process that dies takes them along, and
    /// while it is busy nobody else gets them. [`close`](Queue::close) puts them back.
    pub fn read_ahead(mut self, items: usize) -> Self {
        self.read_ahead = items;
        self
    }

    /// Stores each item in a transaction of its own. Only the recipe of etcd's Go client needs that: it
    /// orders items by their revision alone, and items of one transaction have the same one.
    pub fn one_item_per_transaction(mut self) -> Self {
        self.most_items = 1;
        self
    }

    /// Opens the queue. Nothing is sent to etcd before the first call on it.
    ///
    /// # Errors
    /// [`Error::BadPrefix`] if the prefix is empty, ends with a slash, or begins with `__rq`;
    /// [`Error::NoRuntime`] outside of a tokio runtime.
    pub fn open(self) -> Result<Queue, Error> {
        let prefix = Prefix::parse(&self.prefix)?;
        let runtime = Handle::try_current().map_err(|_| Error::NoRuntime)?;
        let cluster = self.cluster.clone();
        let access = Access::new(self.cluster, prefix, self.deadline, self.user);
        let seed = self.seed.unwrap_or_else(fresh_seed);
        let pace = |which: u64| Pace::seeded(seed.wrapping_add(which)).among(&cluster);
        let (standing, meter) = (Standing::default(), Meter::of(&self.prefix));
        let nonces = |which| Nonces::of(self.seed, which);
        let lanes = |slots, which| Lanes::new(slots, nonces(which), standing.clone(), meter.clone());

        let (commands, for_actor) = mpsc::unbounded_channel();
        let (orders, for_producer) = mpsc::unbounded_channel();
        let actor = Actor::new(Beginning {
            access: access.clone(),
            clock: self.clock.clone(),
            commands: for_actor,
            read_ahead: self.read_ahead,
            patience: self.patience,
            lanes: lanes(CLAIM_SLOTS, 0),
            paces: [pace(0), pace(1)],
            standing: standing.clone(),
            meter: meter.clone(),
        });
        let producer = Producer {
            access: access.clone(),
            incoming: for_producer,
            orders: Orders::default(),
            clock: self.clock,
            sequence: Sequence::default(),
            lanes: lanes(1, 1),
            pace: pace(2),
            most_items: self.most_items,
            meter,
        };
        runtime.spawn(actor.run());
        runtime.spawn(producer.run());
        let counting = Counting::new(access, pace(3));
        Ok(Queue::new(
            Ends { commands, orders, counting, standing, closing: Closing::new(pace(4)) },
            &self.prefix,
        ))
    }
}

impl std::fmt::Debug for Builder {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Builder").field("prefix", &self.prefix).finish_non_exhaustive()
    }
}
