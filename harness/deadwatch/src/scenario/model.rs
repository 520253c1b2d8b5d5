//! A scenario as the later rooms get it: every default filled in, every rule checked.

use std::time::Duration;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::Version;

/// A scenario: which etcd, which client generation, which consumers, what happens when.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Scenario {
    /// The file's path below `scenarios/` without `.toml`, such as `auth/story`; else the file's stem.
    pub name: String,
    /// What happens, in words.
    pub title: String,
    /// Public reports that it retells, such as `etcd-io/etcd#12385`.
    pub origin: Vec<String>,
    /// The server.
    pub etcd: EtcdSpec,
    /// The release of Go's clientv3 that in-process subjects behave like, and that the original is built against.
    pub client_version: Version,
    /// The queue that all consumers share.
    pub queue: QueueSpec,
    /// The consumers, in file order; at least one.
    pub consumers: Vec<Consumer>,
    /// What the harness does, in file order.
    pub steps: Vec<Step>,
    /// How long the timeline is, from the moment when all clients are open.
    pub length: Duration,
}

/// The etcd a scenario asks for.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct EtcdSpec {
    /// Exactly this release.
    pub version: Version,
    /// How long a simple token lives after its last use, in whole seconds; none: no authentication.
    pub token_ttl: Option<Duration>,
}

/// The queue under test.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct QueueSpec {
    /// The recipe's key prefix; items lie at `PREFIX/UNIX-NANOS`.
    pub prefix: String,
    /// What the queue promises about handing an item out.
    pub delivery: Delivery,
}

/// What a queue promises about handing an item out.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Delivery {
    /// An item is removed when it is handed out, and handed out once.
    Once,
    /// An item is removed when it is acknowledged, and handed out again when its holder is gone.
    AtLeastOnce,
}

/// One consumer: a loop of dequeue calls.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Consumer {
    /// Unique in the scenario; by default its number in the file, counted from 1.
    pub name: String,
    /// When its first call is made.
    pub start: Duration,
    /// The client it calls on; consumers that name the same client share it.
    pub client: String,
    /// What it does after a call that returned an error.
    pub on_error: OnError,
}

/// What a consumer does after an error. After an item it always calls again at once.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum OnError {
    /// It has ended.
    Stop,
    /// It calls again at once.
    Retry,
}

/// Something that happens at a time, whoever is waiting.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Step {
    /// When it is issued; it does not hold up the next step.
    pub at: Duration,
    /// What is done.
    pub action: Action,
}

/// What a step does.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Action {
    /// Writes items under the recipe's keys, one after the other.
    Enqueue(Enqueue),
}

/// Items to be written to a queue.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Enqueue {
    /// The items' values in order; an item is known by its value (`count = 3` of `a`: `a.1`, `a.2`, `a.3`).
    pub values: Vec<String>,
    /// The queue they are written to; by default the scenario's own.
    pub prefix: String,
    /// Who writes them.
    pub by: Producer,
}

/// Who writes an item.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Producer {
    /// A client of the harness's own.
    Harness,
    /// The subject's own enqueue, on its client named `producer`.
    Subject,
}

/// The client on which the subject enqueues for `by = "subject"`. A consumer may call on it too, and shares it then.
pub const PRODUCER_CLIENT: &str = "producer";

/// What the values of the aftermath's probes begin with; no scenario may use it for its own.
pub const PROBE_PREFIX: &str = "deadwatch.probe.";

/// What the prefixes of the harness's own queues begin with (its control, the item before the timeline);
/// no scenario may use it for its own.
pub const RESERVED_PREFIX: &str = "deadwatch/";

/// What the names of the harness's own clients begin with; no scenario may use it for its own.
pub const RESERVED_CLIENT: &str = "deadwatch.";

/// The generation of Go's clientv3 that in-process subjects behave like where a file names none: the story's.
pub const DEFAULT_CLIENT_VERSION: Version = Version::new(3, 5, 11);

/// The queue's prefix where a file names none: the story's.
pub const DEFAULT_PREFIX: &str = "/test";

/// The client a consumer calls on where a file names none.
pub const DEFAULT_CLIENT: &str = "shared";
