//! Go's side of a queue: producers and consumers of the untouched recipe, each a process of its own.

use std::{path::PathBuf, sync::Arc};

use super::{
    phase::{Phase, Phases},
    plan::{Consumer, Producer},
    produce::value,
    record::Record,
};
use deadwatch::{
    etcd::Address,
    scenario::{ConsumerCall, DEFAULT_CLIENT_VERSION},
    subject::{Call, Opening, Original, Reply, Request, Returned, Running, program},
};

/// The name of the one client in each process.
const CLIENT: &str = "go";

/// Why a Go process does not take part; reads on after "could not".
#[derive(Debug, thiserror::Error)]
pub enum GoError {
    /// It has not been built.
    #[error("find the Go original: {0}")]
    Missing(String),
    /// The operating system did not start it, or it is no program.
    #[error("start the Go original: could not {0}")]
    Start(#[from] deadwatch::subject::program::StartError),
    /// It said something else than was expected.
    #[error("speak with the Go original: expected {expected}, found {found}")]
    Reply {
        /// What was expected.
        expected: &'static str,
        /// What came.
        found: String,
    },
}

/// Where the original is, built against the client release of the story.
///
/// # Errors
/// It has not been built; with the command that does it.
pub fn original() -> Result<PathBuf, GoError> {
    match Original::find(DEFAULT_CLIENT_VERSION) {
        Original::Found(path) => Ok(path),
        Original::Missing(words) => Err(GoError::Missing(words)),
    }
}

/// One process of the original, with its client open. Dropping it kills the process.
pub struct Process {
    running: Running,
    calls: u64,
    prefix: String,
}

impl Process {
    /// Starts it, and opens its client.
    ///
    /// # Errors
    /// It is not there, does not start, or can't open a client.
    pub async fn start(address: Address, prefix: &str) -> Result<Self, GoError> {
        let command = [original()?.to_string_lossy().into_owned()];
        let running = program::start(&command)?;
        let mut process = Self { running, calls: 0, prefix: prefix.to_owned() };
        let opening = Opening::at(address);
        // A process that is gone says so in place of its reply.
        let _ = process.running.requests.send(Request::Open { client: CLIENT.to_owned(), opening });
        match process.running.replies.recv().await {
            Some(Reply::Opened { error: None, .. }) => Ok(process),
            other => Err(unexpected("an open client", &other)),
        }
    }

    /// Enqueues all items of this producer, one after the other.
    ///
    /// # Errors
    /// The process ended, or broke the protocol.
    pub async fn produce(
        mut self,
        producer: Producer,
        backlog: usize,
        record: Arc<Record>,
    ) -> Result<(), GoError> {
        for n in 0..producer.items {
            record.at_most_awaited(backlog).await;
            let item = value(&producer.name, n);
            record.enqueues_begin(&self.prefix, std::slice::from_ref(&item));
            let answer =
                match self.call(Call::Enqueue { prefix: self.prefix.clone(), value: item.clone() }).await? {
                    Returned::Done => Ok(()),
                    Returned::Error(error) => Err(error),
                    other => return Err(unexpected("an enqueue that is done or fails", &other)),
                };
            record.enqueue_ended(&item, answer);
        }
        Ok(())
    }

    /// Takes items until it comes to the probes; a call that is open then ends with the process, when nothing is
    /// stored that it could take.
    ///
    /// # Errors
    /// The process ended, or broke the protocol.
    pub async fn consume(
        mut self,
        consumer: Consumer,
        record: Arc<Record>,
        phases: Arc<Phases>,
    ) -> Result<(), GoError> {
        loop {
            let number = record.called(&consumer.name);
            let dequeue = Call::Consume {
                call: ConsumerCall::Dequeue,
                consumer: consumer.name.clone(),
                prefix: self.prefix.clone(),
            };
            tokio::select! {
                biased;
                () = phases.after(Phase::Work) => return Ok(()),
                returned = self.call(dequeue) => record.returned(&consumer.name, number, returned?),
            }
        }
    }

    async fn call(&mut self, call: Call) -> Result<Returned, GoError> {
        self.calls += 1;
        let id = self.calls;
        let _ = self.running.requests.send(Request::Call { id, client: CLIENT.to_owned(), call });
        match self.running.replies.recv().await {
            Some(Reply::Returned { id: of, returned }) if of == id => Ok(returned),
            other => Err(unexpected("the call's answer", &other)),
        }
    }
}

fn unexpected(expected: &'static str, found: &impl std::fmt::Debug) -> GoError {
    GoError::Reply { expected, found: format!("{found:?}") }
}
