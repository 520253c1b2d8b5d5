//! The queue that survives, with items that are acknowledged, as a subject: `LeaseQueue` of the crate
//! `etcd-queue`, as any service would use it.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use etcd_client::{Channel, Client, ConnectOptions};
use etcd_queue::{Delivery, LeaseQueue};
use futures::future::BoxFuture;

use super::{
    KeyClock, Opening,
    host::{Failure, Handed, Implementation, QueueClient},
    receive_limit,
    resilient::refuse,
};
use crate::etcd::Credentials;

/// Short, so that scenarios in which a session ends are short too.
const SESSION_TTL: Duration = Duration::from_secs(3);

/// `LeaseQueue` on a client of `etcd-client`'s own.
#[derive(Clone, Debug)]
pub struct ResilientLease {
    /// What names its keys, and measures its delays.
    pub clock: KeyClock,
    /// What its rests between attempts are drawn from.
    pub jitter_seed: u64,
}

impl Implementation for ResilientLease {
    fn open(&self, opening: Opening) -> BoxFuture<'static, Result<Arc<dyn QueueClient>, String>> {
        let Self { clock, jitter_seed } = self.clone();
        Box::pin(async move {
            let Opening { address, credentials, receive_limit_bytes } = opening;
            let channel = match receive_limit_bytes {
                None => Channel::Tonic(address.channel()),
                Some(limit_bytes) => receive_limit::limited(address.channel(), limit_bytes, refuse),
            };
            let options = credentials
                .map(|Credentials { user, password }| ConnectOptions::new().with_user(user, password));
            let client = Client::from_channel(channel, options).await.map_err(|error| error.to_string())?;
            let opened: Arc<dyn QueueClient> = Arc::new(LeaseClient {
                client,
                clock,
                jitter_seed,
                queues: Mutex::new(Queues::Open(BTreeMap::new())),
                in_hand: Mutex::default(),
            });
            Ok(opened)
        })
    }
}

/// A client with one queue for each prefix that was asked for, and what its callers hold.
struct LeaseClient {
    client: Client,
    clock: KeyClock,
    jitter_seed: u64,
    queues: Mutex<Queues>,
    in_hand: Mutex<BTreeMap<String, Delivery>>,
}

/// The queues of a client.
enum Queues {
    /// By prefix.
    Open(BTreeMap<String, LeaseQueue>),
    /// No more: a queue is closed for good.
    Closed,
}

impl LeaseClient {
    fn queue(&self, prefix: &str) -> Result<LeaseQueue, etcd_queue::Error> {
        let mut queues = self.queues.lock().unwrap_or_else(PoisonError::into_inner);
        let Queues::Open(queues) = &mut *queues else { return Err(etcd_queue::Error::Closed) };
        if let Some(queue) = queues.get(prefix) {
            return Ok(queue.clone());
        }
        let queue = LeaseQueue::builder(self.client.clone(), prefix)
            .clock(self.clock.clone())
            .jitter_seed(self.jitter_seed)
            .session_ttl(SESSION_TTL)
            .open()?;
        queues.insert(prefix.to_owned(), queue.clone());
        Ok(queue)
    }

    fn in_hand<T>(&self, f: impl FnOnce(&mut BTreeMap<String, Delivery>) -> T) -> T {
        f(&mut self.in_hand.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

impl QueueClient for LeaseClient {
    fn dequeue<'a>(&'a self, _consumer: &'a str, prefix: &'a str) -> BoxFuture<'a, Result<Handed, Failure>> {
        Box::pin(async move {
            let delivery = self.queue(prefix)?.next().await?;
            let item = String::from_utf8_lossy(delivery.value()).into_owned();
            let token = format!("{}@{}", delivery.key().escape_ascii(), delivery.fencing_token());
            self.in_hand(|held| held.insert(token.clone(), delivery));
            Ok(Handed::until_acknowledged(item, token))
        })
    }

    fn enqueue<'a>(&'a self, prefix: &'a str, value: &'a str) -> BoxFuture<'a, Result<(), Failure>> {
        Box::pin(async move { Ok(self.queue(prefix)?.enqueue(value).await?) })
    }

    fn ack<'a>(&'a self, token: &'a str) -> BoxFuture<'a, Result<(), Failure>> {
        Box::pin(async move {
            match self.in_hand(|held| held.remove(token)) {
                Some(delivery) => Ok(delivery.ack().await?),
                None => Err(Failure::Error(format!("nothing is held by the token {token:?}"))),
            }
        })
    }

    fn close(&self) -> BoxFuture<'_, ()> {
        let queues = {
            let mut queues = self.queues.lock().unwrap_or_else(PoisonError::into_inner);
            std::mem::replace(&mut *queues, Queues::Closed)
        };
        Box::pin(async move {
            let Queues::Open(queues) = queues else { return };
            for queue in queues.into_values() {
                queue.close().await;
            }
        })
    }
}
