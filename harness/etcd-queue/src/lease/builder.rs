//! How a queue with acknowledgements is opened.

use std::sync::Arc;
use std::time::Duration;

use tokio::runtime::Handle;
use tokio::sync::mpsc;

use crate::access::{Access, MOST_ITEMS, User};
use crate::clock::{Clock, WallClock};
use crate::closing::Closing;
use crate::cluster::Cluster;
use crate::counting::Counting;
use crate::error::Error;
use crate::key::{Prefix, Sequence};
use crate::lanes::Lanes;
use crate::lease::actor::{Actor, Beginning, Settings};
use crate::lease::letter::DeadLetters;
use crate::lease::meter::LeaseMeter;
use crate::lease::queue::{Ends, LeaseQueue};
use crate::meter::Meter;
use crate::orders::Orders;
use crate::pace::{Nonces, Pace, fresh_seed};
use crate::producer::Producer;
use crate::standing::Standing;

const DEADLINE: Duration = Duration::from_secs(5);
const SESSION_TTL: Duration = Duration::from_secs(15);
/// etcd takes no longer leases (etcd v3.5.16 server/lease/lessor.go, `MaxLeaseTTL`).
const LONGEST_TTL: Duration = Duration::from_secs(9_000_000_000);
const MAX_DELIVERIES: u32 = 5;
const MAX_IN_FLIGHT: usize = 1_000;

/// Opens a [`LeaseQueue`]; made by [`LeaseQueue::builder`].
#[must_use = "nothing is opened before `open`"]
pub struct LeaseBuilder {
    cluster: Cluster,
    prefix: String,
    clock: Arc<dyn Clock>,
    seed: Option<u64>,
    deadline: Duration,
    settings: Settings,
    user: Option<User>,
}

impl LeaseBuilder {
    pub(crate) fn new(cluster: Cluster, prefix: String) -> Self {
        let settings = Settings {
            session_ttl: SESSION_TTL,
            max_deliveries: MAX_DELIVERIES,
            max_in_flight: MAX_IN_FLIGHT,
        };
        Self {
            cluster,
            prefix,
            clock: Arc::new(WallClock),
            seed: None,
            deadline: DEADLINE,
            settings,
            user: None,
        }
    }

    /// How long after the death of this process what it holds is handed to others; 15 s by default. In whole
    /// seconds; etcd raises it to its own least one, 2 s mostly.
    ///
    /// A session that cannot reach etcd for so long ends too, and its holders' acknowledgements are then
    /// fenced off by those who got their items. The shorter it is, the sooner a slow network does that.
    pub fn session_ttl(mut self, ttl: Duration) -> Self {
        self.settings.session_ttl = ttl;
        self
    }

    /// How often an item is handed out before it becomes a dead letter; 5 times by default.
    ///
    /// A delivery counts when it is claimed, so that the item that kills its holder is put aside too.
    pub fn max_deliveries(mut self, deliveries: u32) -> Self {
        self.settings.max_deliveries = deliveries;
        self
    }

    /// How many items may be claimed by this queue and not acknowledged; 1,000 by default. Calls for more
    /// wait.
    pub fn max_in_flight(mut self, items: usize) -> Self {
        self.settings.max_in_flight = items;
        self
    }

    /// The time of day that keys are made of and delays are measured by; the machine's by default.
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

    /// As whom the queue logs in, see [`Builder::user`](crate::Builder::user).
    pub fn user(mut self, name: impl Into<String>, password: impl Into<String>) -> Self {
        self.user = Some(User { name: name.into(), password: password.into() });
        self
    }

    /// Opens the queue. Nothing is sent to etcd before the first call on it.
    ///
    /// # Errors
    /// [`Error::BadPrefix`] if the prefix is empty, ends with a slash, or begins with `__rq`;
    /// [`Error::BadSetting`] if a setting cannot be; [`Error::NoRuntime`] outside of a tokio runtime.
    pub fn open(self) -> Result<LeaseQueue, Error> {
        let prefix = Prefix::parse(&self.prefix)?;
        check(&self.settings)?;
        let runtime = Handle::try_current().map_err(|_| Error::NoRuntime)?;
        let cluster = self.cluster.clone();
        let access = Access::new(self.cluster, prefix, self.deadline, self.user);
        let seed = self.seed.unwrap_or_else(fresh_seed);
        let pace = |which: u64| Pace::seeded(seed.wrapping_add(which)).among(&cluster);
        let meter = Meter::of(&self.prefix);

        let (commands, for_actor) = mpsc::unbounded_channel();
        let (orders, for_producer) = mpsc::unbounded_channel();
        let standing = Standing::default();
        let actor = Actor::new(Beginning {
            access: access.clone(),
            clock: self.clock.clone(),
            settings: self.settings,
            commands: for_actor,
            paces: [pace(0), pace(1), pace(2), pace(7), pace(8)],
            nonces: Nonces::of(self.seed, 0),
            meter: meter.clone(),
            standing: standing.clone(),
            lease_meter: LeaseMeter::of(&self.prefix),
        });
        let producer = Producer {
            access: access.clone(),
            incoming: for_producer,
            orders: Orders::default(),
            clock: self.clock.clone(),
            sequence: Sequence::default(),
            lanes: Lanes::new(1, Nonces::of(self.seed, 1), Standing::default(), meter.clone()),
            pace: pace(3),
            most_items: MOST_ITEMS,
            meter,
        };
        runtime.spawn(actor.run());
        runtime.spawn(producer.run());
        let counting = Counting::new(access.clone(), pace(4));
        let dead_letters = DeadLetters::new(access.clone(), self.clock.clone(), pace(5));
        Ok(LeaseQueue::new(Ends {
            commands,
            orders,
            counting,
            dead_letters,
            standing,
            access,
            clock: self.clock,
            closing: Closing::new(pace(6)),
        }))
    }
}

fn check(settings: &Settings) -> Result<(), Error> {
    let refused = |setting, reason| Err(Error::BadSetting { setting, reason });
    let ttl = settings.session_ttl;
    if ttl.is_zero() || ttl.subsec_nanos() != 0 {
        return refused("session_ttl", "is not in whole seconds, as etcd counts leases: give 1 s or more");
    }
    if ttl > LONGEST_TTL {
        return refused("session_ttl", "is longer than etcd takes: give 9,000,000,000 s at most");
    }
    if settings.max_deliveries == 0 {
        return refused("max_deliveries", "is 0, so that nothing would be handed out: give 1 or more");
    }
    if settings.max_in_flight == 0 {
        return refused("max_in_flight", "is 0, so that nothing would be handed out: give 1 or more");
    }
    Ok(())
}

impl std::fmt::Debug for LeaseBuilder {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("LeaseBuilder").field("prefix", &self.prefix).finish_non_exhaustive()
    }
}
