//! The events of a run, in the order in which the stage saw them.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::{
    scenario::{Action, Scenario},
    subject::{Death, Returned},
};

/// One run of one scenario with one subject on one etcd.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct History {
    /// What was to happen.
    pub scenario: Scenario,
    /// The subject's name, or its command line.
    pub subject: String,
    /// The backend's name: `embedded`, `process` or `docker`.
    pub backend: String,
    /// What happened, in order.
    pub events: Vec<Event>,
}

/// Something that happened at a time.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Event {
    /// The time since 0 s, in nanoseconds; negative before it.
    pub at_ns: i64,
    /// What happened.
    pub what: Happening,
}

impl Event {
    /// The time since 0 s; zero for what happened before it.
    pub fn at(&self) -> Duration {
        Duration::from_nanos(u64::try_from(self.at_ns).unwrap_or(0))
    }
}

/// What happened.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "event", rename_all = "kebab-case")]
pub enum Happening {
    /// The subject took one item before the timeline, on a client of its own.
    PreflightPassed,
    /// A client of the subject is open.
    Opened {
        /// The client.
        client: String,
    },
    /// A consumer made a call.
    Called {
        /// The consumer.
        consumer: String,
        /// The call's id.
        call: u64,
    },
    /// A consumer's call returned.
    Returned {
        /// The consumer.
        consumer: String,
        /// The call's id.
        call: u64,
        /// With what.
        returned: Returned,
    },
    /// The consumer failed more often than is recorded one by one; the failures are those since the last such event
    /// of the consumer. One before [`Happening::TimelineEnded`] and one at the very end tell which fell where.
    FailuresOmitted {
        /// The consumer.
        consumer: String,
        /// How many of its failed calls are not listed.
        count: u64,
    },
    /// More than 100 calls of the consumer returned an error within one second.
    CallsSpinning {
        /// The consumer.
        consumer: String,
        /// How many failures that one second held when it was noticed.
        failures: u64,
    },
    /// A client's connection carried this many requests within one second while none of its open calls returned.
    RequestsSpinning {
        /// The client.
        client: String,
        /// The consumers that had a call open.
        consumers: Vec<String>,
        /// How many requests when it was noticed.
        requests: u64,
    },
    /// A step or a consumer's start was due and issued.
    Issued {
        /// What was issued, in words: `step 2`, `consumer 1`.
        what: String,
        /// How late, in nanoseconds.
        late_ns: u64,
    },
    /// A producer asked for an item to be written.
    EnqueueBegan {
        /// The item.
        item: String,
        /// The queue.
        prefix: String,
    },
    /// A producer was answered.
    EnqueueEnded {
        /// The item.
        item: String,
        /// The answer.
        acceptance: Acceptance,
    },
    /// A client logged in and holds this token from now on.
    LoggedIn {
        /// The client.
        client: String,
        /// The token's number in this run, from 1: the token itself differs from run to run.
        token: u32,
    },
    /// A request used a token, which renews its life.
    TokenUsed {
        /// The client.
        client: String,
        /// The token's number.
        token: u32,
    },
    /// The server refused to create a watch.
    WatchRefused {
        /// The client.
        client: String,
        /// The watch id that the refusal names.
        watch_id: i64,
        /// The server's reason.
        reason: String,
        /// The number of the token that the stream was opened with.
        token: Option<u32>,
    },
    /// The server ended a watch whose revision is compacted.
    WatchCompacted {
        /// The client.
        client: String,
    },
    /// What a step does is done. Items that it writes have events of their own.
    Acted {
        /// The step's place in the file, from 0.
        step: usize,
    },
    /// The etcd refused what a step asks of it, as its file wants.
    StepRefused {
        /// The step's place in the file, from 0.
        step: usize,
        /// The etcd's words.
        reason: String,
    },
    /// A copy of the server's data is being made; it is there when the step has acted.
    SaveBegan,
    /// The server changed its state.
    Server {
        /// What it is from now on.
        state: ServerState,
    },
    /// One member of several changed its state.
    Member {
        /// Its number, from 1: the one that clients talk to who know one.
        member: usize,
        /// What it is from now on.
        state: ServerState,
    },
    /// The server's reply to a call was kept from its client: the call may have been executed.
    ReplyLost {
        /// The client.
        client: String,
        /// The method's path.
        method: String,
    },
    /// A request is held back on its way to the server, and its client's connection is reset.
    RequestHeld {
        /// The client.
        client: String,
        /// The method's path.
        method: String,
    },
    /// A request that was held back has reached the server.
    RequestReleased {
        /// The client.
        client: String,
        /// The method's path.
        method: String,
    },
    /// A request that was held back never reaches the server: no step let it go, or the server is gone.
    RequestDropped {
        /// The client.
        client: String,
        /// The method's path.
        method: String,
    },
    /// A fault of a number of calls had not hit as many when the timeline ended.
    Unspent {
        /// What it still would have done.
        fault: Action,
    },
    /// The subject has closed a client, as it was told to.
    Closed {
        /// The client.
        client: String,
    },
    /// A consumer's call was given up, as its owner wanted.
    Cancelled {
        /// The consumer.
        consumer: String,
        /// The call's id.
        call: u64,
    },
    /// The harness holds a barrier or a lock from now on: nobody may pass it.
    Held {
        /// Its key.
        key: String,
    },
    /// The harness lets everybody pass a barrier or a lock from now on.
    Released {
        /// Its key.
        key: String,
    },
    /// A client lost its connection.
    Disconnected {
        /// The client.
        client: String,
    },
    /// The subject's process died, and every consumer in it.
    Died {
        /// Of what.
        death: Death,
    },
    /// The timeline has ended; what follows is the aftermath.
    TimelineEnded,
    /// The aftermath's probes are stored.
    Probed {
        /// The consumers that have not stopped, for each of which there is one.
        consumers: Vec<String>,
    },
    /// The harness's own consumer got its item.
    ControlServed,
    /// The time within which each consumer had to take a probe is over.
    BoundReached,
    /// What is stored in every queue of the scenario when all is over: the items' values.
    Stored {
        /// The items' values, probes left out.
        items: Vec<String>,
    },
    /// The aftermath's probes that are still stored when all is over. A history without it shows no lost probe.
    ProbesStored {
        /// The probes' values.
        probes: Vec<String>,
    },
    /// The run proves nothing.
    Inconclusive {
        /// Why.
        why: Inconclusive,
    },
}

/// What state a server is in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ServerState {
    /// It has ended, or is about to.
    Down,
    /// It serves again.
    Up,
    /// It is frozen.
    Paused,
    /// It goes on.
    Resumed,
    /// The member that clients talk to is cut off from the others.
    Isolated,
    /// It can talk to the others again.
    Rejoined,
}

/// What a producer was told about its item.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Acceptance {
    /// It is stored.
    Acknowledged,
    /// An error: it may be stored or not.
    Unknown(String),
}

/// Why a run proves nothing.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, thiserror::Error)]
#[serde(tag = "kind", content = "detail", rename_all = "kebab-case")]
pub enum Inconclusive {
    /// The subject could not take the item of the pre-flight.
    #[error("the subject could not take one item before the timeline: {0}")]
    Preflight(String),
    /// A client could not be opened.
    #[error("the subject could not open its client: {0}")]
    Open(String),
    /// The subject broke the protocol.
    #[error("the subject broke the protocol: {0}")]
    Protocol(String),
    /// The subject does not offer a call that the scenario needs. Such a run is listed as ignored.
    #[error("the subject does not offer {0}")]
    Unsupported(String),
    /// The harness's own consumer was not served.
    #[error("the control consumer was not served: {0}")]
    Control(String),
    /// The etcd failed the harness.
    #[error("the etcd failed: {0}")]
    Backend(String),
    /// The harness could not do what a step says.
    #[error("the harness could not carry out a step: {0}")]
    Step(String),
    /// A step was issued too late for its time to mean anything.
    #[error("{0}")]
    Late(String),
}
