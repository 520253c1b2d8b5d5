//! A barrier's keeper, which speaks with the harness in person: calls that take items are answered by the honest queue.

use std::{collections::BTreeMap, sync::Arc};

use deadwatch::{
    etcd_client::{Client, Error, EventType, WatchOptions},
    scenario::ConsumerCall,
    subject::{
        Call, Log, Opening, Own, Reply, Request, Returned, Running, Subject,
        host::{self, Implementation},
    },
};
use tokio::{sync::mpsc, task::JoinSet};

use crate::queue::{self, Honest, Queue};

/// When a keeper lets those pass who wait.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Manner {
    /// When the barrier's key is gone.
    Honest,
    /// At once.
    Careless,
    /// At once, those who wait for an item too.
    CarelessWithItems,
}

/// The subject with such a keeper.
pub fn subject(manner: Manner) -> Subject {
    Subject::Own(Own::conversation(format!("keeper, {manner:?}"), move || start(manner)))
}

/// The one that is wrong in nothing.
pub fn honest() -> Subject {
    subject(Manner::Honest)
}

fn start(manner: Manner) -> Running {
    let queue = |opening: Opening| async move {
        queue::open(opening).await.map(|etcd| Queue::of(etcd, Arc::new(Honest)))
    };
    let queue: Arc<dyn Implementation> = Arc::new(queue);
    let (requests, received) = mpsc::unbounded_channel();
    let (replies, sent) = mpsc::unbounded_channel();
    tokio::spawn(keep(manner, host::start(queue), received, replies));
    Running { requests, replies: sent, log: Log::default() }
}

async fn keep(
    manner: Manner,
    mut queue: Running,
    mut received: mpsc::UnboundedReceiver<Request>,
    replies: mpsc::UnboundedSender<Reply>,
) {
    let mut openings: BTreeMap<String, Opening> = BTreeMap::new();
    let mut waiting = JoinSet::new();
    loop {
        let request = tokio::select! {
            biased;
            Some(reply) = queue.replies.recv() => {
                let _ = replies.send(reply);
                continue;
            }
            Some(passed) = waiting.join_next() => {
                let (id, returned) = passed.expect("nobody who waits panics");
                let _ = replies.send(Reply::Returned { id, returned });
                continue;
            }
            request = received.recv() => match request {
                Some(request) => request,
                None => return,
            },
        };
        if let Request::Open { client, opening } = &request {
            openings.insert(client.clone(), opening.clone());
        }
        match request {
            Request::Call { id, client, call: Call::Consume { call, prefix, .. } }
                if !call.takes_items() || (manner == Manner::CarelessWithItems && prefix == "/test") =>
            {
                let opening = openings.get(&client).cloned().expect("a client is opened first");
                waiting.spawn(async move {
                    let returned = match manner {
                        Manner::Honest => await_opening(opening, call, &prefix).await,
                        Manner::Careless | Manner::CarelessWithItems => Ok(Returned::Done),
                    };
                    (id, returned.unwrap_or_else(|error| Returned::Error(error.to_string())))
                });
            }
            other => {
                let _ = queue.requests.send(other);
            }
        }
    }
}

/// Comes when what this call waits for is so, as the recipes keep it: a key is gone, or there.
async fn await_opening(opening: Opening, call: ConsumerCall, prefix: &str) -> Result<Returned, Error> {
    let etcd = queue::open(opening).await?;
    match call {
        ConsumerCall::BarrierWait => until(etcd, prefix, EventType::Delete).await?,
        ConsumerCall::Lock | ConsumerCall::ReadLock => {
            until(etcd, &format!("{prefix}/write/deadwatch"), EventType::Delete).await?;
        }
        ConsumerCall::DoubleBarrierEnter => {
            until(etcd, &format!("{prefix}/ready"), EventType::Put).await?;
        }
        _ => return Ok(Returned::Unsupported),
    }
    Ok(Returned::Done)
}

/// Comes when the key is gone, or there, as the last event of it would have it.
async fn until(mut etcd: Client, key: &str, wanted: EventType) -> Result<(), Error> {
    let found = etcd.get(key, None).await?;
    if found.kvs().is_empty() == (wanted == EventType::Delete) {
        return Ok(());
    }
    let revision = found.header().expect("a reply has a header").revision();
    let options = WatchOptions::new().with_start_revision(revision + 1);
    let mut watch = etcd.watch(key, Some(options)).await?;
    while let Some(response) = watch.message().await? {
        if response.events().iter().any(|event| event.event_type() == wanted) {
            return Ok(());
        }
    }
    Err(Error::WatchError("the stream ended".to_owned()))
}
