//! Keys that take one word alone: it says what the action is done to, or as whom.

use schemars::JsonSchema;
use serde::Deserialize;

/// How far the history is compacted.
#[derive(Clone, Copy, Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub(in crate::scenario) enum UpTo {
    /// Up to the current revision.
    Latest,
}

/// What is paused.
#[derive(Clone, Copy, Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub(in crate::scenario) enum Paused {
    /// The server that clients talk to.
    Server,
}

/// Which requests go on.
#[derive(Clone, Copy, Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub(in crate::scenario) enum HeldBack {
    /// All that are held back.
    All,
}

/// What is saved, or tidied.
#[derive(Clone, Copy, Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub(in crate::scenario) enum Served {
    /// The server's data.
    Server,
}

/// Which member is cut off.
#[derive(Clone, Copy, Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub(in crate::scenario) enum Isolated {
    /// The leader, which is the member that clients talk to.
    Leader,
}

/// As whom it is done.
#[derive(Clone, Copy, Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub(in crate::scenario) enum As {
    /// The user `root`.
    Root,
}
