//! The wire: a listener of its own for each client, on loopback or in memory, and a relay for each connection.

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;
use std::io;
use std::net::Ipv4Addr;
use std::sync::Arc;
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncWrite, DuplexStream, copy_bidirectional, duplex, empty};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Mutex;
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};
use tokio::task::JoinSet;
use tokio::time::Instant;

use super::fault::Fault;
use super::faults::Faults;
use super::held::Held;
use super::hole::swallow;
use super::link::{Condition, Link};
use super::observer::Observer;
use super::relay::{Relayed, relay};
use super::sighting::Sighting;
use super::upstream::{Server, Upstream};
use crate::etcd::{Address, Dial, Reset};

/// The client whose connections are neither observed nor reached by a fault: the harness's own, which goes through
/// the wire so that its address outlives a restart of the etcd.
pub const HARNESS_CLIENT: &str = "deadwatch.harness";

/// How long a listener leaves the machine alone that has no file descriptor left for a connection.
const ACCEPT_PAUSE: Duration = Duration::from_millis(50);

/// The number of the member that clients talk to who know one.
const FIRST: usize = 1;

/// How far one end of a connection in memory can be ahead of the other, bytes.
const PIPE_BYTES: usize = 64 * 1024;

/// What lies between the clients and one etcd.
///
/// Dropping it ends its listeners and connections, as soon as the runtime gets to their tasks.
#[derive(Debug)]
pub struct Wire {
    /// The members of the etcd: first the one that clients talk to who know one.
    upstreams: Vec<Arc<Upstream>>,
    sightings: UnboundedSender<Sighting>,
    pub(super) faults: Arc<Faults>,
    routes: Mutex<Routes>,
}

/// The clients' ways in to each member, and the tasks that serve them.
#[derive(Debug, Default)]
struct Routes {
    addresses: BTreeMap<(String, usize), Address>,
    listeners: JoinSet<()>,
}

impl Wire {
    /// A wire to the etcd at `upstream`, that reports what it sees to `sightings`.
    pub fn new(upstream: Address, sightings: UnboundedSender<Sighting>) -> Self {
        Self::to_members(vec![upstream], sightings)
    }

    /// A wire to an etcd of several members: first the one that clients talk to who know one. Members are counted from
    /// 1 as they stand here.
    pub fn to_members(members: Vec<Address>, sightings: UnboundedSender<Sighting>) -> Self {
        Self {
            upstreams: members.into_iter().map(|member| Arc::new(Upstream::new(member))).collect(),
            sightings,
            faults: Arc::default(),
            routes: Mutex::default(),
        }
    }

    /// Where that client reaches the etcd through this wire: the same address whenever the same client asks.
    ///
    /// While the etcd refuses connections, this address still accepts them, and resets each at once: a client
    /// then sees a connection that broke before it said anything, and not one that was refused. gRPC clients
    /// call both unavailable and try again. Such a connection is seen as connected and disconnected.
    ///
    /// # Errors
    /// Those of opening a port on loopback.
    ///
    /// # Cancel safety
    /// Dropped half-way, nothing has happened.
    pub async fn route(&self, client: &str) -> io::Result<Address> {
        self.route_to(client, FIRST).await
    }

    /// Where that client reaches each member through this wire, as [`route`](Self::route) says of the first.
    ///
    /// # Errors
    /// Those of opening ports on loopback.
    ///
    /// # Cancel safety
    /// Dropped half-way, some have an address already, which the next call finds.
    pub async fn routes(&self, client: &str) -> io::Result<Vec<Address>> {
        let mut all = Vec::new();
        for member in FIRST..FIRST + self.upstreams.len() {
            all.push(self.route_to(client, member).await?);
        }
        Ok(all)
    }

    async fn route_to(&self, client: &str, member: usize) -> io::Result<Address> {
        let upstream = self.upstream(member).ok_or(io::ErrorKind::AddrNotAvailable)?;
        let mut routes = self.routes.lock().await;
        let Routes { addresses, listeners } = &mut *routes;
        match addresses.entry((client.to_owned(), member)) {
            Entry::Occupied(known) => Ok(known.get().clone()),
            Entry::Vacant(unknown) => {
                let line = Line {
                    client: client.to_owned(),
                    member,
                    upstream: Arc::clone(upstream),
                    sightings: self.sightings.clone(),
                    faults: Arc::clone(&self.faults),
                };
                let address = match upstream.address() {
                    Address::Tcp(_) => {
                        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
                        let address = Address::Tcp(listener.local_addr()?);
                        listeners.spawn(line.listen(listener));
                        address
                    }
                    Address::Pipe(_) => {
                        let (dial, accepted) = in_memory();
                        listeners.spawn(line.listen_in_memory(accepted));
                        Address::Pipe(dial)
                    }
                };
                Ok(unknown.insert(address).clone())
            }
        }
    }

    /// Lets connections from now on lead nowhere, until [`redirect`](Self::redirect): they are reset at once. For an
    /// etcd that is about to go down, as its port may be another's before it is up again. Those that are open stay.
    pub fn lead_nowhere(&self) {
        self.upstreams.iter().for_each(|upstream| upstream.remove());
    }

    /// The same for connections to this member alone.
    pub fn lead_nowhere_at(&self, member: usize) {
        if let Some(upstream) = self.upstream(member) {
            upstream.remove();
        }
    }

    /// Lets connections from now on lead to another address; those that are open stay where they are.
    pub fn redirect(&self, upstream: Address) {
        self.redirect_members(vec![upstream]);
    }

    /// The same for each member, in their order.
    pub fn redirect_members(&self, members: Vec<Address>) {
        for (upstream, address) in self.upstreams.iter().zip(members) {
            upstream.replace(address);
        }
    }

    fn upstream(&self, member: usize) -> Option<&Arc<Upstream>> {
        self.upstreams.get(member.checked_sub(FIRST)?)
    }

    /// Lets the network fail the subject's clients in this way, from now on. Faults add up: none ends another.
    ///
    /// What it makes of open connections happens when the runtime gets to their tasks, at the same instant of
    /// virtual time.
    pub fn inflict(&self, fault: Fault) {
        self.faults.inflict(fault, None, Instant::now());
    }

    /// The same, where what it makes of connections it makes of those to this member alone.
    pub fn inflict_at(&self, fault: Fault, member: usize) {
        self.faults.inflict(fault, Some(member), Instant::now());
    }

    /// Lets all requests that are held back go on to the etcd, in the order in which they were held. What is still to
    /// be held is held all the same.
    pub fn release_requests(&self) {
        self.faults.release();
    }

    /// Ends the faults that would act on what comes: new connections are served, nothing is delayed, lost or held any
    /// more. What a fault has done stays: silent connections stay silent, what was delayed comes when it is due, and
    /// a request that is held back never arrives.
    ///
    /// Returns the faults that were to hit a number of calls and have not hit as many, each with how many are left.
    pub fn end_faults(&self) -> Vec<Fault> {
        self.faults.end()
    }
}

/// One client's way through the wire.
#[derive(Clone)]
struct Line {
    client: String,
    /// The member's number.
    member: usize,
    upstream: Arc<Upstream>,
    sightings: UnboundedSender<Sighting>,
    faults: Arc<Faults>,
}

impl Line {
    async fn listen(self, listener: TcpListener) {
        // Dropped with this task, and ends the connections then.
        let mut connections = JoinSet::new();
        loop {
            tokio::select! {
                biased;
                Some(_) = connections.join_next() => {}
                accepted = listener.accept() => match accepted {
                    Ok((connection, _)) => {
                        connections.spawn(self.clone().carry(connection));
                    }
                    Err(error) => {
                        tracing::warn!(%error, client = self.client, "could not accept a connection");
                        tokio::time::sleep(ACCEPT_PAUSE).await;
                    }
                },
            }
        }
    }

    async fn listen_in_memory(self, mut accepted: UnboundedReceiver<(DuplexStream, Reset)>) {
        let mut connections = JoinSet::new();
        loop {
            tokio::select! {
                biased;
                Some(_) = connections.join_next() => {}
                connection = accepted.recv() => match connection {
                    Some((connection, reset)) => {
                        connections.spawn(self.clone().carry_in_memory(connection, reset));
                    }
                    None => return,
                },
            }
        }
    }

    async fn carry(self, mut client: TcpStream) {
        let carried = match client.set_nodelay(true) {
            Ok(()) => self.lead(&mut client).await,
            Err(error) => Err(error),
        };
        match carried {
            Ok(Led::Ended) => {}
            Ok(Led::Held(held, server)) => {
                reset(&client);
                drop(client);
                held.arrive_at(server).await;
            }
            Err(error) => {
                tracing::debug!(%error, client = self.client, "a connection was reset");
                reset(&client);
            }
        }
    }

    async fn carry_in_memory(self, mut client: DuplexStream, reset: Reset) {
        match self.lead(&mut client).await {
            Ok(Led::Ended) => {}
            Ok(Led::Held(held, server)) => {
                reset.set();
                drop(client);
                held.arrive_at(server).await;
            }
            Err(error) => {
                tracing::debug!(%error, client = self.client, "a connection in memory was reset");
                reset.set();
            }
        }
    }

    /// Leads a connection to where the etcd is now, until it ends.
    async fn lead<C: AsyncRead + AsyncWrite + Unpin>(&self, client: &mut C) -> io::Result<Led> {
        let attended = (self.client != HARNESS_CLIENT).then(|| Attended::new(self));
        if let Some(Attended { link, .. }) = &attended
            && link.condition() == Condition::Silenced
        {
            return swallow(client, &mut empty(), link).await.map(|()| Led::Ended);
        }
        let mut server = self.upstream.connect().await?;
        let relayed = match &mut server {
            Server::Tcp(server) => pass(client, server, attended).await.inspect_err(|_| reset(server)),
            Server::Pipe(server) => pass(client, server, attended).await,
        };
        Ok(match relayed? {
            Relayed::Ended => Led::Ended,
            Relayed::Held(held) => Led::Held(held, server),
        })
    }
}

/// What a connection that nothing broke has come to.
enum Led {
    /// Both sides have ended it.
    Ended,
    /// The client is to be told that it broke. What it has sent last waits for its time to reach the server.
    Held(Held, Server),
}

impl Held {
    async fn arrive_at(self, server: Server) {
        match server {
            Server::Tcp(server) => self.arrive(server).await,
            Server::Pipe(server) => self.arrive(server).await,
        }
    }
}

/// What attends a connection that is not the harness's own: it is seen, and faults can reach it.
struct Attended {
    observer: Observer,
    link: Link,
}

impl Attended {
    fn new(line: &Line) -> Self {
        Self {
            observer: Observer::new(line.client.clone(), line.sightings.clone()),
            link: line.faults.connect(&line.client, line.member, Instant::now()),
        }
    }
}

async fn pass<C, S>(client: &mut C, server: &mut S, attended: Option<Attended>) -> io::Result<Relayed>
where
    C: AsyncRead + AsyncWrite + Unpin,
    S: AsyncRead + AsyncWrite + Unpin,
{
    match attended {
        Some(Attended { observer, link }) => relay(client, server, observer, &link).await,
        None => copy_bidirectional(client, server).await.map(|_| Relayed::Ended),
    }
}

/// A way to open connections in memory, and where their other ends arrive.
fn in_memory() -> (Dial, UnboundedReceiver<(DuplexStream, Reset)>) {
    let (accept, accepted) = unbounded_channel();
    let dial = Dial::resettable(move || {
        let (ours, theirs) = duplex(PIPE_BYTES);
        let reset = Reset::default();
        accept.send((theirs, reset.clone())).map_err(|_| io::ErrorKind::ConnectionRefused)?;
        Ok((ours, reset))
    });
    (dial, accepted)
}

/// Lets the connection end as a broken one when it is dropped, and not as a finished one.
fn reset(connection: &TcpStream) {
    if let Err(error) = connection.set_zero_linger() {
        tracing::debug!(%error, "could not reset a connection");
    }
}

#[cfg(test)]
#[path = "proxy_tests.rs"]
mod tests;
