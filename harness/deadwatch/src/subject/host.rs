//! Runs a queue implementation of this process as if it were a process of its own.
//!
//! The stage starts the built-in subjects here; whoever uses this crate as a library hands in a queue written in
//! Rust the same way: implement [`Implementation`] and [`QueueClient`], and [`start`] it.
//!
//! What a process of its own would give is kept: calls run side by side, and a panic in any of them ends them
//! all. Not kept is what a call leaves behind: a task that the implementation spawns itself is outside the host's
//! sight, so that its panic kills nobody, and it ends with the host only if its owner ends it when dropped.

use std::{collections::BTreeMap, fmt, sync::Arc};

use futures::future::BoxFuture;
use tokio::{
    sync::mpsc::{self, UnboundedReceiver, UnboundedSender},
    task::{AbortHandle, Id, JoinError, JoinSet},
};

use super::{Call, Death, Opening, Reply, Request, Returned, Running, panic};
use crate::scenario::ConsumerCall;

pub use super::panic::Crash;

#[cfg(test)]
mod tests;

/// A queue implementation: what opens its clients. A function from an [`Opening`] to a [`QueueClient`] is one.
pub trait Implementation: Send + Sync + 'static {
    /// Opens a client of an etcd; with no credentials the etcd has no authentication.
    ///
    /// # Errors
    /// Why it could not be opened, in the implementation's own words.
    fn open(&self, opening: Opening) -> BoxFuture<'static, Result<Arc<dyn QueueClient>, String>>;
}

/// Whatever makes a client of an [`Opening`] is an implementation; its error is told in its own words.
impl<F, Opened, C, E> Implementation for F
where
    F: Fn(Opening) -> Opened + Send + Sync + 'static,
    Opened: Future<Output = Result<C, E>> + Send + 'static,
    C: QueueClient,
    E: fmt::Display,
{
    fn open(&self, opening: Opening) -> BoxFuture<'static, Result<Arc<dyn QueueClient>, String>> {
        let opening = self(opening);
        Box::pin(async move {
            match opening.await {
                Ok(client) => Ok(Arc::new(client) as Arc<dyn QueueClient>),
                Err(error) => Err(error.to_string()),
            }
        })
    }
}

/// A client on which several calls may be open at once. It is dropped when the process ends, and takes everything it
/// started with it.
///
/// A call's future is dropped when the harness gives the call up. After [`QueueClient::close`] calls are made all the
/// same, as a program may that closes its client elsewhere.
pub trait QueueClient: Send + Sync + 'static {
    /// Waits for an item of the queue and takes it.
    ///
    /// # Errors
    /// What a caller of the queue would be told.
    ///
    /// # Panics
    /// As the queue does: it counts as a crash of the whole process.
    fn dequeue<'a>(&'a self, consumer: &'a str, prefix: &'a str) -> BoxFuture<'a, Result<Handed, Failure>>;

    /// Writes an item to the queue. Not offered unless implemented.
    ///
    /// # Errors
    /// What a caller of the queue would be told.
    fn enqueue<'a>(&'a self, prefix: &'a str, value: &'a str) -> BoxFuture<'a, Result<(), Failure>> {
        let _ = (prefix, value);
        Box::pin(async { Err(Failure::Unsupported) })
    }

    /// Acknowledges an item that was handed out with this token. Not offered unless implemented.
    ///
    /// # Errors
    /// What a caller of the queue would be told.
    fn ack<'a>(&'a self, token: &'a str) -> BoxFuture<'a, Result<(), Failure>> {
        let _ = token;
        Box::pin(async { Err(Failure::Unsupported) })
    }

    /// Closes the client in good order, under the calls that are open on it: those should return, and so should
    /// later ones, each with an error. Does nothing unless implemented.
    fn close(&self) -> BoxFuture<'_, ()> {
        Box::pin(async {})
    }
}

/// An item that was handed out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Handed {
    /// The item's value.
    pub item: String,
    /// The token to acknowledge it with, where the queue wants that.
    pub ack: Option<String>,
}

impl Handed {
    /// An item that needs no acknowledgement.
    pub fn once(item: impl Into<String>) -> Self {
        Self { item: item.into(), ack: None }
    }

    /// An item that is handed out again unless it is acknowledged with this token.
    pub fn until_acknowledged(item: impl Into<String>, token: impl Into<String>) -> Self {
        Self { item: item.into(), ack: Some(token.into()) }
    }
}

/// Why a call did not succeed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Failure {
    /// It failed, with this text.
    Error(String),
    /// The implementation does not offer it.
    Unsupported,
}

impl From<etcd_client::Error> for Failure {
    fn from(error: etcd_client::Error) -> Self {
        Self::Error(error.to_string())
    }
}

impl From<Failure> for Returned {
    fn from(failure: Failure) -> Self {
        match failure {
            Failure::Error(text) => Self::Error(text),
            Failure::Unsupported => Self::Unsupported,
        }
    }
}

/// Starts an implementation. It ends when [`Running::requests`] is closed, or with its death.
///
/// # Panics
/// Outside a tokio runtime.
pub fn start(implementation: Arc<dyn Implementation>) -> Running {
    panic::install_hook();
    let (requests, received) = mpsc::unbounded_channel();
    let (replies, sent) = mpsc::unbounded_channel();
    tokio::spawn(Host::new(implementation, replies).serve(received));
    Running { requests, replies: sent, log: super::Log::default() }
}

/// What a task was asked to do.
#[derive(Clone, Debug)]
enum Task {
    Open(String),
    Call(u64),
    Close(String),
}

/// What a task came back with.
enum Done {
    Opened(Result<Arc<dyn QueueClient>, String>),
    Returned(Returned),
    Closed,
}

struct Host {
    implementation: Arc<dyn Implementation>,
    replies: UnboundedSender<Reply>,
    clients: BTreeMap<String, Arc<dyn QueueClient>>,
    tasks: BTreeMap<Id, Task>,
    running: JoinSet<Done>,
    calls: BTreeMap<u64, AbortHandle>,
    last_words: panic::LastWords,
}

impl Host {
    fn new(implementation: Arc<dyn Implementation>, replies: UnboundedSender<Reply>) -> Self {
        Self {
            implementation,
            replies,
            clients: BTreeMap::new(),
            tasks: BTreeMap::new(),
            running: JoinSet::new(),
            calls: BTreeMap::new(),
            last_words: panic::LastWords::default(),
        }
    }

    /// Serves until the requests end or a task panics. What still runs is aborted then, and the clients dropped.
    async fn serve(mut self, mut requests: UnboundedReceiver<Request>) {
        loop {
            let reply = tokio::select! {
                biased;
                Some(joined) = self.running.join_next_with_id() => self.joined(joined),
                request = requests.recv() => match request {
                    Some(request) => self.request(request),
                    None => return,
                },
            };
            let Some(reply) = reply else { continue };
            let died = matches!(reply, Reply::Died(_));
            if died {
                self.running.shutdown().await;
                self.clients.clear();
            }
            if self.replies.send(reply).is_err() || died {
                return;
            }
        }
    }

    /// Begins what is asked for; a reply, if there is one at once.
    fn request(&mut self, request: Request) -> Option<Reply> {
        match request {
            Request::Open { client, opening } => {
                let opening = self.implementation.open(opening);
                self.spawn(Task::Open(client), async { Done::Opened(opening.await) });
                None
            }
            Request::Call { id, client, call } => {
                let Some(client) = self.clients.get(&client).cloned() else {
                    let returned = Returned::Error(format!("client {client:?} was never opened"));
                    return Some(Reply::Returned { id, returned });
                };
                let handle =
                    self.spawn(Task::Call(id), async move { Done::Returned(make(&*client, call).await) });
                self.calls.insert(id, handle);
                None
            }
            Request::Cancel { id } => {
                // A call that is not open has been answered.
                if let Some(call) = self.calls.get(&id) {
                    call.abort();
                }
                None
            }
            // It stays: what a call on a closed client comes to is the implementation's to say.
            Request::Close { client: name } => match self.clients.get(&name).cloned() {
                Some(client) => {
                    self.spawn(Task::Close(name), async move {
                        client.close().await;
                        Done::Closed
                    });
                    None
                }
                None => Some(Reply::Closed { client: name }),
            },
        }
    }

    fn spawn(&mut self, task: Task, work: impl Future<Output = Done> + Send + 'static) -> AbortHandle {
        let handle = self.running.spawn(self.last_words.clone().of(work));
        self.tasks.insert(handle.id(), task);
        handle
    }

    /// What a task that has ended is answered with.
    fn joined(&mut self, joined: Result<(Id, Done), JoinError>) -> Option<Reply> {
        let id = match &joined {
            Ok((id, _)) => *id,
            Err(error) => error.id(),
        };
        let task = self.tasks.remove(&id)?;
        if let Task::Call(id) = &task {
            self.calls.remove(id);
        }
        match (task, joined) {
            (Task::Open(client), Ok((_, Done::Opened(Ok(opened))))) => {
                self.clients.insert(client.clone(), opened);
                Some(Reply::Opened { client, error: None })
            }
            (Task::Open(client), Ok((_, Done::Opened(Err(error))))) => {
                Some(Reply::Opened { client, error: Some(error) })
            }
            (Task::Call(id), Ok((_, Done::Returned(returned)))) => Some(Reply::Returned { id, returned }),
            (Task::Close(client), Ok((_, Done::Closed))) => Some(Reply::Closed { client }),
            (_, Err(error)) if error.is_panic() => Some(Reply::Died(self.death(error))),
            (Task::Call(id), Err(_)) => Some(Reply::Cancelled { id }),
            (_, _) => None,
        }
    }

    fn death(&self, error: JoinError) -> Death {
        match error.try_into_panic() {
            Ok(payload) => self.last_words.death(payload),
            Err(error) => Death { cause: error.to_string(), place: None, exit_code: None },
        }
    }
}

async fn make(client: &dyn QueueClient, call: Call) -> Returned {
    match call {
        Call::Consume { call: ConsumerCall::Dequeue, consumer, prefix } => {
            match client.dequeue(&consumer, &prefix).await {
                Ok(Handed { item, ack }) => Returned::Item { item, ack },
                Err(failure) => failure.into(),
            }
        }
        // The recipe's siblings are for programs: the trait is a queue's.
        Call::Consume { .. } => Returned::Unsupported,
        Call::Enqueue { prefix, value } => done(client.enqueue(&prefix, &value).await),
        Call::Ack { token } => done(client.ack(&token).await),
    }
}

fn done(result: Result<(), Failure>) -> Returned {
    match result {
        Ok(()) => Returned::Done,
        Err(failure) => failure.into(),
    }
}
