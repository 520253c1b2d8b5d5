//! The subject `resilient`: the crate `etcd-queue`, as its users would use it.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, PoisonError},
};

use etcd_client::{Channel, Client, ConnectOptions};
use etcd_queue::Queue;
use futures::future::BoxFuture;

use super::host::{Failure, Handed, Implementation, QueueClient};
use crate::etcd::{Address, Credentials};

/// The queue that survives.
#[derive(Clone, Copy, Debug)]
pub struct Resilient {
    /// What its pauses between attempts are drawn from.
    pub seed: u64,
}

impl Implementation for Resilient {
    fn open(
        &self,
        address: Address,
        credentials: Option<Credentials>,
    ) -> BoxFuture<'static, Result<Arc<dyn QueueClient>, String>> {
        let seed = self.seed;
        Box::pin(async move {
            let options = credentials
                .map(|credentials| ConnectOptions::new().with_user(credentials.user, credentials.password));
            let client = Client::from_channel(Channel::Tonic(address.channel()), options)
                .await
                .map_err(|error| error.to_string())?;
            Ok(Arc::new(Queues { client, seed, open: Mutex::default() }) as Arc<dyn QueueClient>)
        })
    }
}

/// The queues of one client, each opened at its first call and shared by all consumers of that prefix.
struct Queues {
    client: Client,
    seed: u64,
    open: Mutex<BTreeMap<String, Queue>>,
}

impl Queues {
    fn queue(&self, prefix: &str) -> Result<Queue, Failure> {
        let mut open = self.open.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(queue) = open.get(prefix) {
            return Ok(queue.clone());
        }
        let queue =
            Queue::builder(self.client.clone(), prefix).jitter_seed(self.seed).open().map_err(failure)?;
        open.insert(prefix.to_owned(), queue.clone());
        Ok(queue)
    }
}

impl QueueClient for Queues {
    fn dequeue<'a>(&'a self, _consumer: &'a str, prefix: &'a str) -> BoxFuture<'a, Result<Handed, Failure>> {
        Box::pin(async move {
            let item = self.queue(prefix)?.next().await.map_err(failure)?;
            Ok(Handed::once(String::from_utf8_lossy(item.value())))
        })
    }

    fn enqueue<'a>(&'a self, prefix: &'a str, value: &'a str) -> BoxFuture<'a, Result<(), Failure>> {
        Box::pin(async move { self.queue(prefix)?.enqueue(value).await.map_err(failure) })
    }

    fn close(&self) -> BoxFuture<'_, ()> {
        Box::pin(async {
            let open = std::mem::take(&mut *self.open.lock().unwrap_or_else(PoisonError::into_inner));
            for queue in open.into_values() {
                if let Err(error) = queue.close().await {
                    tracing::debug!(%error, "a queue did not close in good order");
                }
            }
        })
    }
}

fn failure(error: etcd_queue::Error) -> Failure {
    Failure::Error(error.to_string())
}
