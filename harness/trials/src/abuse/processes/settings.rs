//! What a worker process is told: on its command line who it is, on its standard input what it shall do.

use std::{ops::Range, path::PathBuf};

use fastrand::Rng;
use serde::{Deserialize, Serialize};

/// The word after the program's name that makes it a worker; its settings follow.
pub const WORKER: &str = "worker";

/// Which queue somebody works on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub enum Kind {
    /// A `Queue`: what is handed out is gone.
    Taken,
    /// A `LeaseQueue`: what is handed out is acknowledged.
    Leased,
}

/// What somebody does there.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub enum Job {
    /// It enqueues.
    Produce,
    /// It takes items.
    Consume,
}

/// A worker process.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Settings {
    /// Its name, no other process's in this run; its items' ids begin with it.
    pub name: String,
    /// Which queue.
    pub kind: Kind,
    /// What it does.
    pub job: Job,
    /// The queue's prefix.
    pub prefix: String,
    /// Where it reaches the members.
    pub endpoints: Vec<String>,
    /// What its choices are drawn from.
    pub seed: u64,
    /// How far its clock is off, seconds.
    pub clock_off_s: i64,
    /// Where it writes down what happens.
    pub journal: PathBuf,
    /// How many items at a time at most.
    pub most: usize,
    /// How many bytes an item has at least.
    pub item_bytes: usize,
    /// How long it rests after each call, milliseconds.
    pub rest_ms: Range<u64>,
    /// How long a request may take until it counts as lost, milliseconds.
    pub request_timeout_ms: u64,
    /// The TTL of a `LeaseQueue`'s session, seconds.
    pub session_ttl_s: u64,
    /// What it does wrong.
    pub flaw: Option<Flaw>,
}

/// What a worker does wrong, so that a run can be seen to find it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Flaw {
    /// A consumer loses an item of a batch now and then.
    Forgets,
    /// A producer enqueues the first item of a batch twice now and then.
    Repeats,
}

impl Flaw {
    /// It shows in one batch of so many.
    const ONE_IN: u8 = 20;

    /// Whether this flaw shows now in somebody who may have one.
    pub fn shows(self, whose: Option<Self>, rng: &mut Rng) -> bool {
        whose == Some(self) && rng.u8(..Self::ONE_IN) == 0
    }
}

/// What a worker is told while it works, a line each. The end of its input ends it at once.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Order {
    /// Enqueue nothing until told otherwise: too much is stored.
    Rest,
    /// Go on.
    Go,
    /// Close the queue, and end.
    Close,
}

impl Order {
    /// Its line.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Rest => "rest",
            Self::Go => "go",
            Self::Close => "close",
        }
    }

    /// The order that a line is.
    pub fn of(line: &str) -> Option<Self> {
        [Self::Rest, Self::Go, Self::Close].into_iter().find(|order| order.word() == line.trim())
    }
}
