//! What harness and subject say to each other, whether the subject lives in this process or in a program.

use serde::{Deserialize, Serialize};
use tokio::sync::mpsc;

use super::Log;
use crate::{
    etcd::{Address, Credentials},
    scenario::{ClockOffset, ConsumerCall},
};

/// A subject that has been started: requests go in, replies come out, several calls are open at once.
///
/// Dropping it ends the subject: its tasks are aborted, or its process group is killed.
#[derive(Debug)]
pub struct Running {
    /// Requests to it. Closing this asks it to end.
    pub requests: mpsc::UnboundedSender<Request>,
    /// Replies from it; ends when the subject has ended.
    pub replies: mpsc::UnboundedReceiver<Reply>,
    /// What it wrote beside the conversation; stays empty for a subject in this process.
    pub log: Log,
}

/// What the harness asks of a subject.
#[derive(Clone, Debug)]
pub enum Request {
    /// Open a client; answered by [`Reply::Opened`].
    Open {
        /// The client's name.
        client: String,
        /// How.
        opening: Opening,
    },
    /// Make a call; answered by [`Reply::Returned`].
    Call {
        /// Never used before in this subject's life.
        id: u64,
        /// The client to make it on.
        client: String,
        /// The call.
        call: Call,
    },
    /// Give a call up; answered by [`Reply::Cancelled`] or [`Reply::Returned`].
    Cancel {
        /// The call's id.
        id: u64,
    },
    /// Close a client; answered by [`Reply::Closed`].
    Close {
        /// The client's name.
        client: String,
    },
}

/// How a client is opened.
#[derive(Clone, Debug)]
pub struct Opening {
    /// Where etcd is reached.
    pub address: Address,
    /// Where its other members are reached, where the client shall know them all.
    pub others: Vec<Address>,
    /// As whom; none where the etcd has no authentication.
    pub credentials: Option<Credentials>,
    /// The largest message that the client shall take, bytes; none: its own default.
    pub receive_limit_bytes: Option<usize>,
    /// How far the clock by which the client's queue names and dates things shall be off.
    pub clock: ClockOffset,
}

impl Opening {
    /// A client of the etcd at this address: without a login, with its own limits, and with a clock that is right.
    pub fn at(address: Address) -> Self {
        Self {
            address,
            others: Vec::new(),
            credentials: None,
            receive_limit_bytes: None,
            clock: ClockOffset::default(),
        }
    }
}

/// A call on a client.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Call {
    /// Wait for what a consumer waits for: an item mostly, and take it.
    Consume {
        /// Which recipe's wait it is.
        call: ConsumerCall,
        /// Which consumer calls.
        consumer: String,
        /// The queue, or the key of a barrier or a lock.
        prefix: String,
    },
    /// Write an item.
    Enqueue {
        /// The queue.
        prefix: String,
        /// The item.
        value: String,
    },
    /// Acknowledge an item that was handed out with a token.
    Ack {
        /// The token.
        token: String,
    },
}

/// What a subject answers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Reply {
    /// A client is open, or could not be opened.
    Opened {
        /// The client's name.
        client: String,
        /// Why it could not be opened.
        error: Option<String>,
    },
    /// A call has returned.
    Returned {
        /// The call's id.
        id: u64,
        /// With what.
        returned: Returned,
    },
    /// A call was given up as asked.
    Cancelled {
        /// The call's id.
        id: u64,
    },
    /// A client is closed.
    Closed {
        /// The client's name.
        client: String,
    },
    /// The subject's process died; nothing follows.
    Died(Death),
    /// The subject broke the protocol; nothing follows. Holds what was wrong, the line quoted.
    Broke(String),
}

/// What a call returned.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Returned {
    /// An item, and where it must be acknowledged the token to do so.
    Item {
        /// The item's value.
        item: String,
        /// The token for the acknowledgement.
        ack: Option<String>,
    },
    /// It was done.
    Done,
    /// It failed, with this text.
    Error(String),
    /// The subject does not offer this call.
    Unsupported,
}

/// How a subject's process died.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Death {
    /// What it died of, in its own words: a panic's message, or `exit status 1`, or `signal 9`.
    pub cause: String,
    /// Where in the source, if it said so: `queue.go:70`.
    pub place: Option<String>,
    /// The exit code, where there was a process of its own.
    pub exit_code: Option<i32>,
}
