//! Steps that change who may log in, and to what.

use schemars::JsonSchema;
use serde::Deserialize;

use crate::scenario::placed::Placed;

/// A user's new password.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
#[schemars(deny_unknown_fields)]
pub(in crate::scenario) struct ChangePasswordTable {
    /// The user: `root`, one of `[[etcd.user]]`, or one that a step adds.
    #[schemars(length(min = 1), extend("examples" = ["worker"]))]
    pub user: Placed<String>,
    /// The new password.
    #[schemars(length(min = 1))]
    pub password: Placed<String>,
}
