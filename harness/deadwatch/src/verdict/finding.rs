//! A broken promise, and the facts that show it.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::Outcome;
use crate::subject::Death;

/// A promise was broken, and these consumers have to answer for it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Finding {
    /// When it showed, since 0 s.
    pub at: Duration,
    /// The consumers whose outcome it is, unless they have a worse one.
    pub consumers: Vec<String>,
    /// What shows it.
    pub evidence: Evidence,
}

/// What shows that a promise was broken.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Evidence {
    /// The subject's process died.
    Died(Death),
    /// This item was acknowledged to its producer, handed to nobody, and is no longer stored.
    LostItem(String),
    /// So many of the aftermath's probes were handed to nobody and are no longer stored.
    LostProbes(usize),
    /// This item was handed out twice.
    HandedOutTwice(String),
    /// Two items of one producer came in the wrong order.
    WrongOrder {
        /// Was committed first, and came second.
        earlier: String,
        /// Was committed second, and came first.
        later: String,
    },
    /// A dequeue said that it was done, and handed out nothing.
    NothingHandedOut,
    /// A call passed the barrier or the lock of this key, which was not open to it.
    PassedTooEarly(String),
    /// An item was handed out that belongs to another queue.
    OtherQueue {
        /// The item.
        item: String,
        /// The queue that it was enqueued to.
        prefix: String,
    },
    /// An item was handed out that nobody had enqueued.
    NobodysItem(String),
    /// So many calls returned an error within one second.
    FailingCalls(u64),
    /// So many requests passed within one second while no call returned.
    Requests(u64),
    /// A call returned an error, with this text.
    Error(String),
}

impl Evidence {
    /// The outcome of a consumer for which this is the worst.
    pub const fn outcome(&self) -> Outcome {
        match self {
            Self::Died(_) => Outcome::Crash,
            Self::LostItem(_) | Self::LostProbes(_) => Outcome::Lost,
            Self::HandedOutTwice(_) => Outcome::Duplicated,
            Self::WrongOrder { .. } => Outcome::Reordered,
            Self::NothingHandedOut
            | Self::PassedTooEarly(_)
            | Self::OtherQueue { .. }
            | Self::NobodysItem(_) => Outcome::FalseSuccess,
            Self::FailingCalls(_) | Self::Requests(_) => Outcome::Spin,
            Self::Error(_) => Outcome::Error,
        }
    }
}
