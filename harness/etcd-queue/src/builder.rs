//! How a queue is opened.

use std::sync::Arc;
use std::time::Duration;

use tokio::runtime::Handle;
use tokio::sync::mpsc;

use crate::access::Access;
use crate::actor::Actor;
use crate::clock::{Clock, WallClock};
use crate::error::Error;
use crate::key::{Prefix, Sequence};
use crate::pace::{Pace, fresh_seed};
use crate::producer::Producer;
use crate::queue::Queue;

const DEADLINE: Duration = Duration::from_secs(5);

/// Opens a [`Queue`]; made by [`Queue::builder`].
#[must_use = "nothing is opened before `open`"]
pub struct Builder {
    client: etcd_client::Client,
    prefix: String,
    clock: Arc<dyn Clock>,
    seed: Option<u64>,
    deadline: Duration,
}

impl Builder {
    pub(crate) fn new(client: etcd_client::Client, prefix: String) -> Self {
        Self { client, prefix, clock: Arc::new(WallClock), seed: None, deadline: DEADLINE }
    }

    /// The time of day that keys are made of; the machine's by default.
    pub fn clock(mut self, clock: impl Clock) -> Self {
        self.clock = Arc::new(clock);
        self
    }

    /// The seed of the jitter in the rests between attempts: the same seed, the same rests. Random by
    /// default.
    pub fn jitter_seed(mut self, seed: u64) -> Self {
        self.seed = Some(seed);
        self
    }

    /// How long one request to etcd may take before it counts as lost; 5 s by default.
    pub fn request_timeout(mut self, timeout: Duration) -> Self {
        self.deadline = timeout;
        self
    }

    /// Opens the queue. Nothing is sent to etcd before the first call on it.
    ///
    /// # Errors
    /// [`Error::BadPrefix`] if the prefix is empty or ends with a slash; [`Error::NoRuntime`] outside of a
    /// tokio runtime.
    pub fn open(self) -> Result<Queue, Error> {
        let prefix = Prefix::parse(&self.prefix)?;
        let runtime = Handle::try_current().map_err(|_| Error::NoRuntime)?;
        let access = Access::new(self.client, prefix, self.deadline);
        let seed = self.seed.unwrap_or_else(fresh_seed);
        let pace = |which: u64| Pace::seeded(seed.wrapping_add(which));

        let (commands, for_actor) = mpsc::unbounded_channel();
        let (orders, for_producer) = mpsc::unbounded_channel();
        let actor = Actor::new(access.clone(), for_actor, [pace(0), pace(1)]);
        let producer = Producer {
            access,
            orders: for_producer,
            clock: self.clock,
            sequence: Sequence::default(),
            pace: pace(2),
        };
        runtime.spawn(actor.run());
        runtime.spawn(producer.run());
        Ok(Queue::new(commands, orders, &self.prefix))
    }
}

impl std::fmt::Debug for Builder {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Builder").field("prefix", &self.prefix).finish_non_exhaustive()
    }
}
