//! A scenario as the later rooms get it: every default filled in, every rule checked.

use std::time::Duration;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{Action, ClockOffset, Version};

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
    /// The largest message that the subject's clients take, bytes; none: their own default.
    #[serde(default)]
    pub receive_limit_bytes: Option<usize>,
    /// Which members of the etcd the subject's clients know.
    #[serde(default)]
    pub endpoints: Endpoints,
    /// The queue that all consumers share.
    pub queue: QueueSpec,
    /// The consumers, in file order; at least one.
    pub consumers: Vec<Consumer>,
    /// What the harness does, in file order.
    pub steps: Vec<Step>,
    /// How long the timeline is, from the moment when all clients are open.
    pub length: Duration,
    /// Where it can't be staged.
    #[serde(default)]
    pub not_on: NotOn,
}

/// Which members of an etcd a client knows.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Endpoints {
    /// One, which leads when the run begins.
    #[default]
    One,
    /// All of them.
    All,
}

/// The backends on which a scenario can't be staged, and why not.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct NotOn {
    /// Why not on the embedded etcd.
    pub embedded: Option<String>,
    /// Why not on a real etcd that is a child process.
    pub process: Option<String>,
    /// Why not on a real etcd in a container.
    pub docker: Option<String>,
}

/// The etcd a scenario asks for.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct EtcdSpec {
    /// Exactly this release.
    pub version: Version,
    /// How long a simple token lives after its last use, in whole seconds; none: no authentication.
    pub token_ttl: Option<Duration>,
    /// Which kind of token it issues.
    #[serde(default)]
    pub token_kind: TokenKind,
    /// The users beside `root`, from the start.
    #[serde(default)]
    pub users: Vec<User>,
    /// How many members it has.
    #[serde(default = "one")]
    pub members: usize,
    /// How large its database may grow, bytes; none: etcd's own default.
    #[serde(default)]
    pub quota_bytes: Option<u64>,
    /// What else it is started with, each as `--name=value`.
    #[serde(default)]
    pub flags: Vec<String>,
}

impl EtcdSpec {
    /// An etcd of this release: one member, without authentication.
    pub const fn of(version: Version) -> Self {
        Self {
            version,
            token_ttl: None,
            token_kind: TokenKind::Simple,
            users: Vec::new(),
            members: 1,
            quota_bytes: None,
            flags: Vec::new(),
        }
    }

    /// The same with authentication and simple tokens that live this long.
    #[must_use]
    pub const fn with_tokens(mut self, ttl: Duration) -> Self {
        self.token_ttl = Some(ttl);
        self
    }
}

const fn one() -> usize {
    1
}

/// What a login is answered with.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum TokenKind {
    /// A random word that one member remembers; each use renews it.
    #[default]
    Simple,
    /// A signed statement that names the revision of all users and roles: any change of those makes it stale.
    Jwt,
}

/// A user beside `root`, and the role of the same name that it is given.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct User {
    /// Its name, and that of its role.
    pub name: String,
    /// Its password.
    pub password: String,
    /// It may read and write every key that begins with one of these.
    pub prefixes: Vec<String>,
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
    /// What it calls.
    #[serde(default)]
    pub call: ConsumerCall,
    /// What it calls it on; by default the scenario's queue.
    #[serde(default = "default_prefix")]
    pub prefix: String,
    /// As whom its client logs in; none: as `root`, where the etcd has authentication.
    #[serde(default)]
    pub user: Option<String>,
    /// How far the clock of its client is off.
    #[serde(default)]
    pub clock: ClockOffset,
}

fn default_prefix() -> String {
    DEFAULT_PREFIX.to_owned()
}

/// What a consumer calls: one of the recipes that wait in a watch.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum ConsumerCall {
    /// `Queue.Dequeue`: waits for an item, and takes it; after it the consumer calls again.
    #[default]
    Dequeue,
    /// `PriorityQueue.Dequeue`: the same of a queue with priorities.
    PriorityDequeue,
    /// `Barrier.Wait`: returns when the barrier's key is gone.
    BarrierWait,
    /// `DoubleBarrier.Enter` of two: returns when both are there.
    DoubleBarrierEnter,
    /// `DoubleBarrier.Leave` of two, once both have entered: returns when both have left.
    DoubleBarrierLeave,
    /// `RWMutex.Lock`: returns when it has held the lock, and given it back.
    Lock,
    /// `RWMutex.RLock`: the same for reading.
    ReadLock,
}

/// What somebody does after an error. After an item a consumer always calls again at once.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum OnError {
    /// It has ended.
    #[default]
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
    /// Which of several members it is done to, counted from 1, the one that clients talk to who know one; none: all, or
    /// where it can be done to one alone the first.
    #[serde(default)]
    pub member: Option<usize>,
    /// What it means when the etcd refuses it.
    #[serde(default)]
    pub refusal: Refusal,
}

impl Step {
    /// This action at this time, which the etcd shall not refuse.
    pub const fn new(at: Duration, action: Action) -> Self {
        Self { at, action, member: None, refusal: Refusal::Unwanted }
    }
}

/// What it means when the etcd refuses what a step asks of it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Refusal {
    /// The run proves nothing: the etcd was not brought into what the file wants.
    #[default]
    Unwanted,
    /// It is what the file wants, or one of the things that it does not mind.
    Wanted,
}

/// The client on which the subject enqueues for `by = "subject"`. A consumer may call on it too, and shares it then.
pub const PRODUCER_CLIENT: &str = "producer";

/// The user that is there wherever there is authentication; a consumer that names none calls as it.
pub const ROOT: &str = "root";

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
