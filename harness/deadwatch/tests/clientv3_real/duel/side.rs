//! One side of a duel: a subject, and what it says in words that are the same whoever says it.

use std::time::Duration;

use deadwatch::{
    scenario::{ConsumerCall, Version},
    subject::{
        Call, Death, KeyClock, Opening, Original, Patience, Reply, Request, Returned, Running, host,
        program::start_with,
        recipe::{OnDeadWatch, Recipe},
    },
};
use regex::Regex;
use tokio::time::timeout;

/// By then an answer is there that comes at all: clientv3 tries a hundred times, and waits seconds for a connection.
const IN_VAIN: Duration = Duration::from_secs(30);

/// Which side.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Who {
    /// The retelling.
    Naive,
    /// The recipe itself, in Go.
    Original,
}

/// A subject.
pub struct Side {
    pub who: Who,
    running: Running,
}

impl Side {
    pub fn start(who: Who, client_version: Version) -> Self {
        let running = match who {
            Who::Naive => {
                let on_dead_watch = OnDeadWatch::Dereference;
                host::start(std::sync::Arc::new(Recipe {
                    client_version,
                    on_dead_watch,
                    clock: KeyClock::wall(),
                }))
            }
            Who::Original => {
                let Original::Found(program) = Original::find(client_version) else {
                    panic!("it was there a moment ago")
                };
                start_with(&[program.to_str().unwrap().to_owned()], Patience::default()).unwrap()
            }
        };
        Self { who, running }
    }

    pub fn ask(&self, request: Request) {
        self.running.requests.send(request).unwrap();
    }

    /// Opens the client `shared`.
    pub async fn open(&mut self, opening: Opening) {
        self.ask(Request::Open { client: "shared".to_owned(), opening });
        let reply = self.reply().await;
        assert_eq!(reply, "opened", "{:?}", self.who);
    }

    pub fn call(&self, id: u64, call: Call) {
        self.ask(Request::Call { id, client: "shared".to_owned(), call });
    }

    pub fn dequeue(&self, id: u64, prefix: &str) {
        let (call, consumer) = (ConsumerCall::Dequeue, id.to_string());
        self.call(id, Call::Consume { call, consumer, prefix: prefix.to_owned() });
    }

    pub fn enqueue(&self, id: u64, prefix: &str, value: &str) {
        self.call(id, Call::Enqueue { prefix: prefix.to_owned(), value: value.to_owned() });
    }

    pub fn close(&self) {
        self.ask(Request::Close { client: "shared".to_owned() });
    }

    /// What it says next.
    pub async fn reply(&mut self) -> String {
        let reply = timeout(IN_VAIN, self.running.replies.recv()).await;
        let who = self.who;
        let reply =
            reply.unwrap_or_else(|_| panic!("{who:?} says nothing; log:\n{}", self.running.log.text()));
        shown(reply)
    }

    /// What it says next so often, in order of what is said.
    pub async fn replies(&mut self, count: usize) -> Vec<String> {
        let mut said = Vec::new();
        for _ in 0..count {
            said.push(self.reply().await);
        }
        said.sort();
        said
    }

    /// That it says nothing for a while; or what it said.
    pub async fn silence(&mut self, length: Duration) -> String {
        match timeout(length, self.running.replies.recv()).await {
            Ok(reply) => shown(reply),
            Err(_) => "silence".to_owned(),
        }
    }
}

/// A reply in words, without what differs from run to run.
fn shown(reply: Option<Reply>) -> String {
    let text = match reply {
        Some(Reply::Opened { error: None, .. }) => "opened".to_owned(),
        Some(Reply::Opened { error: Some(error), .. }) => format!("not opened: {error}"),
        Some(Reply::Returned { id, returned: Returned::Item { item, .. } }) => {
            format!("{id}: item {}", item.trim_end())
        }
        Some(Reply::Returned { id, returned: Returned::Done }) => format!("{id}: done"),
        Some(Reply::Returned { id, returned: Returned::Error(error) }) => format!("{id}: {error}"),
        Some(Reply::Returned { id, returned: Returned::Unsupported }) => format!("{id}: unsupported"),
        Some(Reply::Cancelled { id }) => format!("{id}: cancelled"),
        Some(Reply::Closed { .. }) => "closed".to_owned(),
        Some(Reply::Died(Death { place: Some(place), .. })) => format!("died at {place}"),
        Some(Reply::Died(death)) => format!("died: {death:?}"),
        Some(Reply::Broke(words)) => format!("broke the protocol: {words}"),
        None => "end".to_owned(),
    };
    let text = Regex::new(r"127\.0\.0\.1:\d+").unwrap().replace_all(&text, "ADDRESS");
    Regex::new(r"\(\d+ vs\. ").unwrap().replace_all(&text, "(N vs. ").into_owned()
}
