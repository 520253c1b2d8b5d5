//! The queue that survives, with items that are acknowledged, as a subject: `LeaseQueue` of the crate
//! `etcd-queue`, as any service would use it.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use etcd_queue::{Cluster, Delivery, LeaseQueue};
use futures::future::BoxFuture;

use super::{
    KeyClock, Opening,
    host::{Failure, Handed, Implementation, QueueClient},
    kept::{ClientState, Kept},
    resilient::reach,
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
            let clock = clock.off_by(opening.clock);
            let credentials = opening.credentials.clone();
            let cluster = reach(opening).await?;
            let opened: Arc<dyn QueueClient> = Arc::new(LeaseClient {
                cluster,
                credentials,
                clock,
                jitter_seed,
                queues: Kept::new(),
                in_hand: Mutex::default(),
            });
            Ok(opened)
        })
    }
}

/// A client with one queue for each prefix that was asked for, and what its callers hold.
struct LeaseClient {
    cluster: Cluster,
    credentials: Option<Credentials>,
    clock: KeyClock,
    jitter_seed: u64,
    queues: Kept<LeaseQueue>,
    in_hand: Mutex<BTreeMap<String, Delivery>>,
}

impl LeaseClient {
    /// The queue of a prefix; on a closed client one that is closed as well, as any call on it will find.
    async fn queue(&self, prefix: &str) -> Result<LeaseQueue, etcd_queue::Error> {
        let (queue, client) = self.kept(prefix)?;
        if client == ClientState::Closed {
            queue.close().await;
        }
        Ok(queue)
    }

    fn kept(&self, prefix: &str) -> Result<(LeaseQueue, ClientState), etcd_queue::Error> {
        self.queues.queue(prefix, || {
            let mut builder = LeaseQueue::builder(self.cluster.clone(), prefix)
                .clock(self.clock.clone())
                .jitter_seed(self.jitter_seed)
                .session_ttl(SESSION_TTL);
            if let Some(Credentials { user, password }) = self.credentials.clone() {
                builder = builder.user(user, password);
            }
            builder.open()
        })
    }

    fn in_hand<T>(&self, f: impl FnOnce(&mut BTreeMap<String, Delivery>) -> T) -> T {
        f(&mut self.in_hand.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

impl QueueClient for LeaseClient {
    fn dequeue<'a>(&'a self, _consumer: &'a str, prefix: &'a str) -> BoxFuture<'a, Result<Handed, Failure>> {
        Box::pin(async move {
            let delivery = self.queue(prefix).await?.next().await?;
            let item = String::from_utf8_lossy(delivery.value()).into_owned();
            let token = format!("{}@{}", delivery.key().escape_ascii(), delivery.fencing_token());
            self.in_hand(|held| held.insert(token.clone(), delivery));
            Ok(Handed::until_acknowledged(item, token))
        })
    }

    fn enqueue<'a>(&'a self, prefix: &'a str, value: &'a str) -> BoxFuture<'a, Result<(), Failure>> {
        Box::pin(async move { Ok(self.queue(prefix).await?.enqueue(value).await?) })
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
        let queues = self.queues.close();
        Box::pin(async move {
            for queue in queues {
                queue.close().await;
            }
        })
    }
}
