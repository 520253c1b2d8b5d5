//! The queue that survives as a subject: the crate `etcd-queue`, as any service would use it.

use std::{sync::Arc, time::Duration};

use etcd_client::{Channel, Client};
use etcd_queue::{
    Clock, Cluster, ClusterOptions, KEEP_ALIVE_INTERVAL, KEEP_ALIVE_TIMEOUT, Queue, connect_options,
};
use futures::future::BoxFuture;
use tonic::{Status, transport::Endpoint};

use super::{
    KeyClock, Opening,
    host::{Failure, Handed, Implementation, QueueClient},
    kept::{ClientState, Kept},
    receive_limit::{self, Excess},
};
use crate::etcd::{Address, Credentials};

/// `etcd-queue` on a client of `etcd-client`'s own, or on a cluster whose members it knows.
#[derive(Clone, Debug)]
pub struct Resilient {
    /// What names its keys.
    pub clock: KeyClock,
    /// What its rests between attempts are drawn from.
    pub jitter_seed: u64,
}

impl Implementation for Resilient {
    fn open(&self, opening: Opening) -> BoxFuture<'static, Result<Arc<dyn QueueClient>, String>> {
        let Self { clock, jitter_seed } = self.clone();
        Box::pin(async move {
            let clock = clock.off_by(opening.clock);
            let credentials = opening.credentials.clone();
            let cluster = reach(opening).await?;
            let opened: Arc<dyn QueueClient> =
                Arc::new(ResilientClient { cluster, credentials, clock, jitter_seed, queues: Kept::new() });
            Ok(opened)
        })
    }
}

/// A client with one queue for each prefix that was asked for, as a service keeps it.
struct ResilientClient {
    cluster: Cluster,
    credentials: Option<Credentials>,
    clock: KeyClock,
    jitter_seed: u64,
    queues: Kept<Queue>,
}

impl ResilientClient {
    /// The queue of a prefix; on a closed client one that is closed as well, as any call on it will find.
    async fn queue(&self, prefix: &str) -> Result<Queue, etcd_queue::Error> {
        let (queue, client) = self.kept(prefix)?;
        if client == ClientState::Closed {
            // Nothing was claimed that could be left over.
            let _ = queue.close().await;
        }
        Ok(queue)
    }

    fn kept(&self, prefix: &str) -> Result<(Queue, ClientState), etcd_queue::Error> {
        self.queues.queue(prefix, || {
            let mut builder = Queue::builder(self.cluster.clone(), prefix)
                .clock(self.clock.clone())
                .jitter_seed(self.jitter_seed)
                .patience(PATIENCE);
            if let Some(Credentials { user, password }) = self.credentials.clone() {
                builder = builder.user(user, password);
            }
            builder.open()
        })
    }
}

impl QueueClient for ResilientClient {
    fn dequeue<'a>(&'a self, _consumer: &'a str, prefix: &'a str) -> BoxFuture<'a, Result<Handed, Failure>> {
        Box::pin(async move {
            let item = self.queue(prefix).await?.next().await?;
            Ok(Handed::once(String::from_utf8_lossy(item.value())))
        })
    }

    fn enqueue<'a>(&'a self, prefix: &'a str, value: &'a str) -> BoxFuture<'a, Result<(), Failure>> {
        Box::pin(async move { Ok(self.queue(prefix).await?.enqueue(value).await?) })
    }

    fn close(&self) -> BoxFuture<'_, ()> {
        let queues = self.queues.close();
        Box::pin(async move {
            for queue in queues {
                // What could not be put back is lost, and the judge counts what is stored.
                let _ = queue.close().await;
            }
        })
    }
}

/// How long this service waits for an etcd that is not there before it wants to know.
const PATIENCE: Duration = Duration::from_secs(15);

/// The etcd as a queue reaches it: by a client where it knows one member, and else by a channel to each of them.
///
/// # Errors
/// In words: those of the client, or of the endpoints.
pub(super) async fn reach(opening: Opening) -> Result<Cluster, String> {
    if opening.others.is_empty() {
        return connect(opening).await.map(Cluster::from).map_err(|error| error.to_string());
    }
    let Opening { address, others, credentials, receive_limit_bytes: _, clock: _ } = opening;
    let endpoints = std::iter::once(&address).chain(&others).map(Address::endpoint);
    let mut options = ClusterOptions::new();
    if let Some(Credentials { user, password }) = credentials {
        options = options.user(user, password);
    }
    Cluster::connect(endpoints, options).map_err(|error| error.to_string())
}

/// Connects a client as the queue wants it.
///
/// # Errors
/// Those of `Client::connect`: above all a login that was refused.
pub(super) async fn connect(opening: Opening) -> Result<Client, etcd_client::Error> {
    let Opening { address, others: _, credentials, receive_limit_bytes, clock: _ } = opening;
    // The queue sets what its own calls decode to any size, so that only the channel can be made to refuse.
    let channel = address.channel_with(kept_alive);
    let channel = match receive_limit_bytes {
        None => Channel::Tonic(channel),
        Some(limit_bytes) => receive_limit::limited(channel, limit_bytes, refuse),
    };
    let mut options = connect_options();
    if let Some(Credentials { user, password }) = credentials {
        options = options.with_user(user, password);
    }
    Client::from_channel(channel, Some(options)).await
}

/// The keep-alive that `connect_options` asks for, which reaches no channel that was made by hand.
fn kept_alive(endpoint: Endpoint) -> Endpoint {
    endpoint.http2_keep_alive_interval(KEEP_ALIVE_INTERVAL).keep_alive_timeout(KEEP_ALIVE_TIMEOUT)
}

/// What a message above the limit is refused with (tonic v0.14.9 codec/decode.rs, StreamingInner).
pub(super) fn refuse(excess: Excess) -> Status {
    let Excess { message_bytes, limit_bytes } = excess;
    Status::out_of_range(format!(
        "Error, decoded message length too large: found {message_bytes} bytes, the limit is: {limit_bytes} bytes"
    ))
}

impl Clock for KeyClock {
    fn unix_ns(&self) -> u64 {
        u64::try_from(KeyClock::unix_ns(self)).unwrap_or(0)
    }
}

impl From<etcd_queue::Error> for Failure {
    fn from(error: etcd_queue::Error) -> Self {
        Self::Error(error.to_string())
    }
}
