//! Where a run takes place: an etcd, the wire in front of it, the clients on it, and what goes wrong there.

use std::{
    collections::BTreeMap,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use deadwatch::{
    etcd::{self, Address, Choice, Embedding, Etcd, EtcdError, Time},
    history::{Happening, ServerState},
    scenario::{BlackHole, Data, Delay, Ending, EtcdSpec, LoseReplies, Method, Reach, Restart},
    stage::{HarnessClient, Repeat},
    subject::KeyClock,
    wire::{Fault, HARNESS_CLIENT, Seen, Sighting, Wire},
};
use etcd_client::{Channel, Client, CompactionOptions, ConnectOptions};
use etcd_queue::{KEEP_ALIVE_INTERVAL, KEEP_ALIVE_TIMEOUT, connect_options};
use hyper_util::rt::TokioIo;
use tokio::sync::{Notify, mpsc};
use tonic::transport::Endpoint;
use tower::service_fn;

use super::{plan::USER, record::Record, trouble::Trouble, weather::Weather};

/// The time of day when a run in virtual time begins, in nanoseconds since 1970.
const VIRTUAL_EPOCH_NS: i64 = 1_700_000_000_000_000_000;

/// An etcd with its wire.
pub struct Site {
    etcd: Arc<dyn Etcd>,
    wire: Arc<Wire>,
    seen: Arc<SeenSoFar>,
    harness: HarnessClient,
    /// What names keys: in virtual time it stands still with that.
    pub clock: KeyClock,
}

/// What has passed on the wire.
#[derive(Default)]
struct SeenSoFar {
    /// One for each client that asked, told of each of its transactions.
    sent: Mutex<BTreeMap<String, Arc<Notify>>>,
    weather: Mutex<Weather>,
    replies_lost: AtomicU64,
    logins: AtomicU64,
}

/// Why a site failed; reads on after "could not".
#[derive(Debug, thiserror::Error)]
pub enum SiteError {
    /// The etcd did.
    #[error(transparent)]
    Etcd(#[from] EtcdError),
    /// The wire did.
    #[error("open a port on loopback: {0}")]
    Wire(#[from] std::io::Error),
    /// A client could not be connected though nothing was wrong.
    #[error("connect a client: {0}")]
    Client(#[from] etcd_client::Error),
    /// What the harness asked of the etcd was not answered, or refused.
    #[error("{doing}: {problem}")]
    Harness {
        /// What it was about to do.
        doing: &'static str,
        /// What went wrong.
        problem: String,
    },
}

impl SiteError {
    fn when(doing: &'static str) -> impl FnOnce(String) -> Self {
        move |problem| Self::Harness { doing, problem }
    }
}

impl Site {
    /// Starts one.
    ///
    /// # Errors
    /// The etcd can't be had or started.
    pub async fn start(choice: &Choice, spec: &EtcdSpec, time: Time, seed: u64) -> Result<Self, SiteError> {
        let etcd = etcd::start(choice, spec, Embedding { time, seed }).await?;
        let (sightings_out, sightings) = mpsc::unbounded_channel();
        let wire = Arc::new(Wire::new(etcd.address(), sightings_out));
        let clock = match time {
            Time::Real => KeyClock::wall(),
            Time::Virtual => KeyClock::starting_at(VIRTUAL_EPOCH_NS),
        };
        let harness = open_harness(&wire, &*etcd, &clock).await?;
        let site = Self { etcd, wire, seen: Arc::default(), harness, clock };
        site.look_on(sightings);
        Ok(site)
    }

    /// Takes in what passes on the wire, and lets the weather strike, for as long as the wire is there.
    fn look_on(&self, mut sightings: mpsc::UnboundedReceiver<Sighting>) {
        let (seen, wire) = (Arc::clone(&self.seen), Arc::downgrade(&self.wire));
        tokio::spawn(async move {
            while let Some(Sighting { client, seen: what, .. }) = sightings.recv().await {
                match what {
                    Seen::Request { method, .. } if method == Method::Txn.path() => {
                        if let (Some(loss), Some(wire)) = (seen.transaction(&client), wire.upgrade()) {
                            wire.inflict(Fault::LoseReplies(loss));
                        }
                    }
                    Seen::ReplyLost { .. } => {
                        seen.replies_lost.fetch_add(1, Ordering::Relaxed);
                        seen.weather.lock().unwrap_or_else(PoisonError::into_inner).lost(&client);
                    }
                    Seen::LoggedIn { .. } => {
                        seen.logins.fetch_add(1, Ordering::Relaxed);
                    }
                    _ => {}
                }
            }
        });
    }

    /// Where the client of this name reaches the etcd, whatever becomes of that.
    ///
    /// # Errors
    /// There is no port.
    pub async fn route(&self, client: &str) -> Result<Address, SiteError> {
        Ok(self.wire.route(client).await?)
    }

    /// A new client of this name, connected as the queue wants it; where there is authentication, as the worker.
    ///
    /// # Errors
    /// It can't connect or log in.
    pub async fn client(&self, name: &str) -> Result<Client, SiteError> {
        let address = self.route(name).await?;
        let options = match self.etcd.credentials() {
            Some(_) => connect_options().with_user(USER, USER),
            None => connect_options(),
        };
        Ok(connect(address, options).await?)
    }

    /// Told of each transaction that this client sends.
    pub fn transactions_of(&self, client: &str) -> Arc<Notify> {
        let mut sent = self.seen.sent.lock().unwrap_or_else(PoisonError::into_inner);
        Arc::clone(sent.entry(client.to_owned()).or_default())
    }

    /// From now on replies are lost as this weather has it.
    pub fn be(&self, weather: Weather) {
        *self.seen.weather.lock().unwrap_or_else(PoisonError::into_inner) = weather;
    }

    /// How many replies were kept from clients, one by one: what else was under way on their connections is not in it.
    pub fn replies_lost(&self) -> u64 {
        self.seen.replies_lost.load(Ordering::Relaxed)
    }

    /// How many logins the server has answered with a token.
    pub fn logins(&self) -> u64 {
        self.seen.logins.load(Ordering::Relaxed)
    }

    /// Lets this go wrong; what is over in an instant is over when this returns, a kill when etcd is ready again.
    ///
    /// # Errors
    /// The etcd did not do what was asked of it.
    pub async fn suffer(&self, trouble: Trouble, record: &Record) -> Result<(), SiteError> {
        match trouble {
            Trouble::Cut(client) => self.wire.inflict(Fault::DropConnections(Reach::Client(client))),
            Trouble::CutAll => self.wire.inflict(Fault::DropConnections(Reach::All)),
            Trouble::Swallow(client) => self.swallow(Reach::Client(client), Duration::ZERO),
            Trouble::Hole(length) => self.swallow(Reach::All, length),
            Trouble::Delay { client, by, length } => {
                self.wire.inflict(Fault::Delay(Delay { reach: Reach::Client(client), by, length }));
            }
            Trouble::Kill(down) => {
                record.write(Happening::Server { state: ServerState::Down });
                self.kill(down).await?;
                record.write(Happening::Server { state: ServerState::Up });
            }
            Trouble::Compact => self.compact().await?,
            Trouble::NewRole => self.new_role().await?,
        }
        Ok(())
    }

    /// The connections that are there carry nothing any more; new ones neither, until the time is over.
    pub fn swallow(&self, reach: Reach, length: Duration) {
        self.wire.inflict(Fault::BlackHole(BlackHole { reach, length }));
    }

    /// Kills etcd, and starts it again on its data after so long; returns when it is ready, and clients reach it.
    ///
    /// # Errors
    /// It does not end, or does not become ready.
    pub async fn kill(&self, down: Duration) -> Result<(), SiteError> {
        self.wire.lead_nowhere();
        self.etcd.restart(Restart { ending: Ending::Kill, down, data: Data::Kept }).await?;
        self.wire.redirect(self.etcd.address());
        Ok(())
    }

    /// Compacts all that is past, and frees its room; before that something is written elsewhere, so that even an idle
    /// queue's revision is past.
    async fn compact(&self) -> Result<(), SiteError> {
        let foreign = |mut client: Client| async move { client.put("foreign", "", None).await };
        let written =
            self.harness.ask(Repeat::Safe, foreign).await.map_err(SiteError::when("write a key"))?;
        let now = written.header().map_or(0, etcd_client::ResponseHeader::revision);
        let compacted = self.harness.ask(Repeat::Safe, |mut client| async move {
            let physical = CompactionOptions::new().with_physical();
            // Asked again after a lost answer, it may be done already.
            match client.compact(now, Some(physical)).await {
                Err(error) if error.to_string().contains("has been compacted") => Ok(()),
                other => other.map(|_| ()),
            }
        });
        compacted.await.map_err(SiteError::when("compact"))
    }

    async fn new_role(&self) -> Result<(), SiteError> {
        let name = format!("role-{}", self.clock.unix_ns());
        let added = self.harness.ask(Repeat::Safe, |mut client| {
            let name = name.clone();
            async move {
                match client.role_add(name).await {
                    Err(error) if error.to_string().contains("already exists") => Ok(()),
                    other => other.map(|_| ()),
                }
            }
        });
        added.await.map_err(SiteError::when("add a role"))
    }

    /// A new client of the harness's own: no fault reaches it.
    ///
    /// # Errors
    /// It can't connect or log in.
    pub async fn harness(&self) -> Result<HarnessClient, SiteError> {
        open_harness(&self.wire, &*self.etcd, &self.clock).await
    }

    /// The items stored in a queue, in commit order.
    ///
    /// # Errors
    /// Nobody answers.
    pub async fn stored(&self, prefix: &str) -> Result<Vec<String>, SiteError> {
        self.harness.stored(prefix).await.map_err(SiteError::when("read what is stored"))
    }

    /// Ends it.
    pub async fn close(self) {
        self.etcd.stop().await;
    }
}

impl SeenSoFar {
    /// A client sent a transaction.
    fn transaction(&self, client: &str) -> Option<LoseReplies> {
        let sent = self.sent.lock().unwrap_or_else(PoisonError::into_inner).get(client).cloned();
        if let Some(sent) = sent {
            sent.notify_waiters();
        }
        self.weather.lock().unwrap_or_else(PoisonError::into_inner).sent(client)
    }
}

async fn open_harness(wire: &Wire, etcd: &dyn Etcd, clock: &KeyClock) -> Result<HarnessClient, SiteError> {
    let (address, credentials) = (wire.route(HARNESS_CLIENT).await?, etcd.credentials());
    let opened = HarnessClient::open(&address, credentials.as_ref(), clock.clone()).await;
    opened.map_err(SiteError::when("open the harness's client"))
}

async fn connect(address: Address, options: ConnectOptions) -> Result<Client, etcd_client::Error> {
    match address {
        Address::Tcp(port) => Client::connect([port.to_string()], Some(options)).await,
        Address::Pipe(dial) => {
            let connect = move |_| {
                let connection = dial.connect();
                async move { connection.map(TokioIo::new) }
            };
            // Watched over as `connect_options` has it on a port.
            let channel = Endpoint::from_static("http://in-memory")
                .http2_keep_alive_interval(KEEP_ALIVE_INTERVAL)
                .keep_alive_timeout(KEEP_ALIVE_TIMEOUT)
                .connect_with_connector_lazy(service_fn(connect));
            Client::from_channel(Channel::Tonic(channel), Some(options)).await
        }
    }
}
