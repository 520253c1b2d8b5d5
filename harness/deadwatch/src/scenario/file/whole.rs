//! The file as a whole, and its tables of few keys.

use schemars::JsonSchema;
use serde::Deserialize;

use super::{ConsumerTable, DurationText, EtcdTable, StepTable, VersionText};
use crate::scenario::{Delivery, Endpoints, placed::Placed};

/// The longest message that a client of Go's can be told to take, bytes.
const MOST_RECEIVED: i64 = i32::MAX as i64;

/// One thing that can go wrong for a queue's consumers, and how to make it happen.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
#[schemars(title = "deadwatch scenario", deny_unknown_fields)]
pub(in crate::scenario) struct ScenarioFile {
    /// What happens, in words; one line.
    #[schemars(length(min = 1), extend("examples" = ["A second consumer starts after the token has died"]))]
    pub title: Placed<String>,
    /// The public reports that it retells, such as `etcd-io/etcd#12385`.
    #[serde(default)]
    pub origin: Vec<Placed<String>>,
    /// The server.
    pub etcd: EtcdTable,
    /// The client that the subjects are built on.
    #[serde(default)]
    pub client: ClientTable,
    /// The queue that all consumers share.
    #[serde(default)]
    pub queue: QueueTable,
    /// The consumers; at least one.
    #[schemars(length(min = 1))]
    pub consumer: Placed<Vec<ConsumerTable>>,
    /// What happens at a time, whoever is waiting; each step does exactly one thing.
    #[serde(default)]
    pub step: Vec<Placed<StepTable>>,
    /// The timeline.
    pub run: RunTable,
    /// Where it can't be staged, and why not.
    #[serde(default)]
    pub not_on: NotOnTable,
}

/// The client that the subjects are built on.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
#[schemars(deny_unknown_fields)]
pub(in crate::scenario) struct ClientTable {
    /// The release of Go's clientv3 to behave like. Default `3.5.11`.
    #[schemars(extend("default" = "3.5.11"))]
    pub version: Option<Placed<VersionText>>,
    /// The largest message that the subject's clients take, bytes. Default: the client's own limit.
    #[schemars(range(min = 1, max = MOST_RECEIVED))]
    pub receive_limit_bytes: Option<Placed<i64>>,
    /// Which members of the etcd the subject's clients know. Default `one`, the leader.
    #[schemars(extend("default" = "one"))]
    pub endpoints: Option<Placed<Endpoints>>,
}

/// The queue that all consumers share.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
#[schemars(deny_unknown_fields)]
pub(in crate::scenario) struct QueueTable {
    /// Its key prefix; items lie at `PREFIX/UNIX-NANOS`. Default `/test`.
    #[schemars(length(min = 1), extend("default" = "/test"))]
    pub prefix: Option<Placed<String>>,
    /// What it promises about handing an item out. Default `once`.
    #[schemars(extend("default" = "once"))]
    pub delivery: Option<Placed<Delivery>>,
}

/// The timeline.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
#[schemars(deny_unknown_fields)]
pub(in crate::scenario) struct RunTable {
    /// How long it is, from the moment when all clients are open. Every start and step lies before its end.
    pub length: Placed<DurationText>,
}

/// Where it can't be staged, and why not.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
#[schemars(deny_unknown_fields)]
pub(in crate::scenario) struct NotOnTable {
    /// Why not on the embedded etcd.
    #[schemars(length(min = 1))]
    pub embedded: Option<Placed<String>>,
    /// Why not on a real etcd that is a child process.
    #[schemars(length(min = 1))]
    pub process: Option<Placed<String>>,
    /// Why not on a real etcd in a container.
    #[schemars(length(min = 1))]
    pub docker: Option<Placed<String>>,
}
