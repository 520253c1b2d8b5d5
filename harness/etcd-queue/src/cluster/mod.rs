//! The members of an etcd cluster, each by a channel of its own.
//!
//! `roster.rs` decides which member is next and `patience.rs` how long it may take; both are pure. `send.rs` sends.
//! [`Access`](crate::access::Access) is what uses it.

mod options;
mod patience;
mod roster;
mod send;

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use etcd_client::{Channel, Client};
use tokio::runtime::Handle;
use tokio::sync::Notify;
use tokio::time::Instant;

use crate::access::User;
use crate::error::Error;
use crate::pace::fresh_seed;

use options::refused;
use roster::{Roster, Tried};

pub use options::ClusterOptions;
pub(crate) use patience::Ask;
pub(crate) use roster::{MemberId, Trouble};
pub(crate) use send::Failure;

/// The members of a cluster, which queues move among; clones are cheap and share the connections.
///
/// Requests stay with one member as long as it serves. What cannot be sent goes to the next one at once, and a rest
/// comes only after all were tried. A member that does not answer within about a second is left alone for a while;
/// what was sent to it is settled through another one. Watches and leases move likewise.
///
/// ```no_run
/// # async fn run() -> Result<(), etcd_queue::Error> {
/// use etcd_queue::{Cluster, ClusterOptions, LeaseQueue, Queue};
///
/// let members = ["10.0.0.1:2379", "10.0.0.2:2379", "10.0.0.3:2379"];
/// let cluster = Cluster::connect(members, ClusterOptions::new().user("worker", "secret"))?;
/// let jobs = Queue::builder(cluster.clone(), "/jobs").open()?;
/// let letters = LeaseQueue::builder(cluster, "/letters").open()?;
/// # Ok(())
/// # }
/// ```
///
/// An [`etcd_client::Client`] turns into one, too: then there is nothing to choose, and where its requests go is the
/// client's matter.
#[derive(Clone)]
pub struct Cluster(Arc<Shared>);

struct Shared {
    clients: Vec<Client>,
    user: Option<User>,
    state: Mutex<State>,
    /// Told of each failure of a member.
    failures: Notify,
}

struct State {
    roster: Roster,
    patience: patience::Patience,
}

impl Cluster {
    /// Makes a channel for each endpoint: `host:port`, or with `http://` or `https://` before it. Nothing is sent
    /// before the first call on a queue, and it does not matter which members are there then.
    ///
    /// # Errors
    /// [`Error::BadEndpoint`] if there is no endpoint, or one cannot be an address; [`Error::NoRuntime`] outside of a
    /// tokio runtime.
    pub fn connect<E: AsRef<str>>(
        endpoints: impl IntoIterator<Item = E>,
        options: ClusterOptions,
    ) -> Result<Self, Error> {
        Handle::try_current().map_err(|_| Error::NoRuntime)?;
        let channels = endpoints.into_iter().map(|endpoint| options.channel(endpoint.as_ref()));
        let channels = channels.collect::<Result<Vec<_>, Error>>()?;
        Self::from_channels(channels, options)
    }

    /// The same with channels that are made already, one for each member. Of the options only the user, the leader
    /// and the seed are heeded; the keep-alive is the channels' own matter: see
    /// [`KEEP_ALIVE_INTERVAL`](crate::KEEP_ALIVE_INTERVAL).
    ///
    /// # Errors
    /// [`Error::BadEndpoint`] if there is no channel.
    pub fn from_channels(
        channels: impl IntoIterator<Item = Channel>,
        options: ClusterOptions,
    ) -> Result<Self, Error> {
        let clients = channels.into_iter().map(|channel| options.client(channel));
        let clients = clients.collect::<Result<Vec<_>, Error>>()?;
        if clients.is_empty() {
            return Err(refused("", "no endpoint is given: give those of all members".to_owned()));
        }
        let seed = options.seed.unwrap_or_else(fresh_seed);
        let first = usize::try_from(seed % clients.len() as u64).unwrap_or(0);
        Ok(Self::of(clients, first, options.user))
    }

    fn of(clients: Vec<Client>, first: usize, user: Option<User>) -> Self {
        let roster = Roster::new(clients.len(), first);
        let state = Mutex::new(State { roster, patience: patience::Patience::default() });
        Self(Arc::new(Shared { clients, user, state, failures: Notify::new() }))
    }

    /// How often requests have moved to a member that was not left alone: after a failure, each time is a reason to
    /// try again at once.
    pub(crate) fn moves(&self) -> u64 {
        self.state().roster.moves()
    }

    /// Whose turn it is may have changed only now.
    pub(crate) fn look(&self) {
        self.state().roster.next(&Tried::default(), Instant::now());
    }

    pub(crate) fn user(&self) -> Option<User> {
        self.0.user.clone()
    }

    /// The member whose turn it is, for what is not sent by [`send`](Self::send).
    pub(crate) fn current(&self) -> Member {
        let next = self.state().roster.next(&Tried::default(), Instant::now());
        self.member(next.unwrap_or(MemberId(0)))
    }

    pub(crate) fn member(&self, id: MemberId) -> Member {
        Member { cluster: self.clone(), id }
    }

    fn failed(&self, member: MemberId, trouble: Trouble) {
        self.state().roster.failed(member, trouble, Instant::now());
        self.0.failures.notify_waiters();
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl From<Client> for Cluster {
    fn from(client: Client) -> Self {
        Self::of(vec![client], 0, None)
    }
}

impl std::fmt::Debug for Cluster {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Cluster").field("members", &self.0.clients.len()).finish_non_exhaustive()
    }
}

/// One member: what is sent to it, and what is found out of it.
#[derive(Clone, Debug)]
pub(crate) struct Member {
    cluster: Cluster,
    id: MemberId,
}

impl Member {
    pub(crate) fn id(&self) -> MemberId {
        self.id
    }

    /// None only for a member that the cluster does not have.
    pub(crate) fn client(&self) -> Option<&Client> {
        self.cluster.0.clients.get(self.id.0)
    }

    pub(crate) fn answered(&self) {
        self.cluster.state().roster.answered(self.id);
    }

    pub(crate) fn failed(&self, trouble: Trouble) {
        self.cluster.failed(self.id, trouble);
    }

    /// Waits until it is left alone. Cancel-safe.
    pub(crate) async fn has_failed(&self) {
        loop {
            let failure = self.cluster.0.failures.notified();
            if self.cluster.state().roster.is_left_alone(self.id, Instant::now()) {
                return;
            }
            failure.await;
        }
    }
}
