//! The queue that survives as a subject: the crate `etcd-queue`, as any service would use it.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, PoisonError},
};

use etcd_client::{Channel, Client, ConnectOptions};
use etcd_queue::{Clock, Queue};
use futures::future::BoxFuture;
use tonic::Status;

use super::{
    KeyClock, Opening,
    host::{Failure, Handed, Implementation, QueueClient},
    receive_limit::{self, Excess},
};
use crate::etcd::Credentials;

/// `etcd-queue` on a client of `etcd-client`'s own.
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
            let Opening { address, credentials, receive_limit_bytes } = opening;
            // The queue sets what its own calls decode to any size, so that only the channel can be made to refuse.
            let channel = match receive_limit_bytes {
                None => Channel::Tonic(address.channel()),
                Some(limit_bytes) => receive_limit::limited(address.channel(), limit_bytes, refuse),
            };
            let options = credentials
                .map(|Credentials { user, password }| ConnectOptions::new().with_user(user, password));
            let client = Client::from_channel(channel, options).await.map_err(|error| error.to_string())?;
            let opened: Arc<dyn QueueClient> = Arc::new(ResilientClient {
                client,
                clock,
                jitter_seed,
                queues: Mutex::new(Queues::Open(BTreeMap::new())),
            });
            Ok(opened)
        })
    }
}

/// A client with one queue for each prefix that was asked for, as a service keeps it.
struct ResilientClient {
    client: Client,
    clock: KeyClock,
    jitter_seed: u64,
    queues: Mutex<Queues>,
}

/// The queues of a client.
enum Queues {
    /// By prefix.
    Open(BTreeMap<String, Queue>),
    /// No more: a queue is closed for good.
    Closed,
}

impl ResilientClient {
    fn queue(&self, prefix: &str) -> Result<Queue, etcd_queue::Error> {
        let mut queues = self.queues.lock().unwrap_or_else(PoisonError::into_inner);
        let Queues::Open(queues) = &mut *queues else { return Err(etcd_queue::Error::Closed) };
        if let Some(queue) = queues.get(prefix) {
            return Ok(queue.clone());
        }
        let queue = Queue::builder(self.client.clone(), prefix)
            .clock(self.clock.clone())
            .jitter_seed(self.jitter_seed)
            .open()?;
        queues.insert(prefix.to_owned(), queue.clone());
        Ok(queue)
    }
}

impl QueueClient for ResilientClient {
    fn dequeue<'a>(&'a self, _consumer: &'a str, prefix: &'a str) -> BoxFuture<'a, Result<Handed, Failure>> {
        Box::pin(async move {
            let item = self.queue(prefix)?.next().await?;
            Ok(Handed::once(String::from_utf8_lossy(item.value())))
        })
    }

    fn enqueue<'a>(&'a self, prefix: &'a str, value: &'a str) -> BoxFuture<'a, Result<(), Failure>> {
        Box::pin(async move { Ok(self.queue(prefix)?.enqueue(value).await?) })
    }

    fn close(&self) -> BoxFuture<'_, ()> {
        let queues = {
            let mut queues = self.queues.lock().unwrap_or_else(PoisonError::into_inner);
            std::mem::replace(&mut *queues, Queues::Closed)
        };
        Box::pin(async move {
            let Queues::Open(queues) = queues else { return };
            for queue in queues.into_values() {
                // What could not be put back is lost, and the judge counts what is stored.
                let _ = queue.close().await;
            }
        })
    }
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
