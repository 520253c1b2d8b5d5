//! Steps that hurt the server or the network.

use schemars::JsonSchema;
use serde::Deserialize;

use super::{DurationText, write::MOST_WRITES};
use crate::scenario::{Data, Ending, Method, placed::Placed};

/// How the server ends, and for how long.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
#[schemars(deny_unknown_fields)]
pub(in crate::scenario) struct RestartTable {
    /// How it ends.
    pub how: Placed<Ending>,
    /// How long it is down before it is started again; it is up again before the run ends. Default `0s`.
    #[schemars(extend("default" = "0s"))]
    pub down: Option<Placed<DurationText>>,
    /// On what it is started again. Default `kept`. The others need a `[not-on]` that says why not `docker`.
    #[schemars(extend("default" = "kept"))]
    pub data: Option<Placed<Data>>,
}

/// Whose connections carry nothing any more, and for how long new ones do not either.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
#[schemars(deny_unknown_fields)]
pub(in crate::scenario) struct BlackHoleTable {
    /// For how long new connections are swallowed.
    pub r#for: Placed<DurationText>,
    /// The client it hits. Default: every client of the subject.
    #[schemars(length(min = 1))]
    pub client: Option<Placed<String>>,
}

/// Which replies are lost, and what the client gets instead.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
#[schemars(deny_unknown_fields)]
pub(in crate::scenario) struct LoseRepliesTable {
    /// The kind of call.
    pub method: Placed<Method>,
    /// How many calls, of all these clients together. Default 1.
    #[schemars(range(min = 1, max = MOST_WRITES), extend("default" = 1))]
    pub count: Option<Placed<i64>>,
    /// The client it hits. Default: every client of the subject.
    #[schemars(length(min = 1))]
    pub client: Option<Placed<String>>,
    /// Leaves the connection open and silent instead of closing it. Default `false`.
    #[schemars(extend("default" = false))]
    pub hang: Option<Placed<bool>>,
}

/// Which requests are held back.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
#[schemars(deny_unknown_fields)]
pub(in crate::scenario) struct HoldRequestsTable {
    /// The kind of call.
    pub method: Placed<Method>,
    /// How many calls, of all these clients together. Default 1.
    #[schemars(range(min = 1, max = MOST_WRITES), extend("default" = 1))]
    pub count: Option<Placed<i64>>,
    /// The client it hits. Default: every client of the subject.
    #[schemars(length(min = 1))]
    pub client: Option<Placed<String>>,
}

/// Whose connections are slow, by how much and for how long.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
#[schemars(deny_unknown_fields)]
pub(in crate::scenario) struct DelayTable {
    /// How much later everything arrives that the server sends.
    #[schemars(extend("examples" = ["200ms"]))]
    pub by: Placed<DurationText>,
    /// For how long.
    pub r#for: Placed<DurationText>,
    /// The client it hits. Default: every client of the subject.
    #[schemars(length(min = 1))]
    pub client: Option<Placed<String>>,
}
