//! The `[etcd]` table: which server, and who may log in to it.

use schemars::JsonSchema;
use serde::Deserialize;

use super::{DurationText, VersionText};
use crate::scenario::{TokenKind, placed::Placed};

/// The server.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
#[schemars(deny_unknown_fields)]
pub(in crate::scenario) struct EtcdTable {
    /// The server's release, exactly.
    pub version: Placed<VersionText>,
    /// How long a token lives after its last use, in whole seconds; a sweep each second may grant it up to
    /// one more. A `jwt` lives this long after its login, used or not. Leave it out for no authentication.
    #[schemars(extend("examples" = ["5s"]))]
    pub token_ttl: Option<Placed<DurationText>>,
    /// What a login is answered with. Default `simple`; `jwt` needs `token-ttl`.
    #[schemars(extend("default" = "simple"))]
    pub auth_token: Option<Placed<TokenKind>>,
    /// How many members it has: 1, 3 or 5. Default 1. Only a real etcd that is a child process can be
    /// several, so `[not-on]` says why `embedded` and `docker` can't.
    #[schemars(extend("enum" = [1, 3, 5], "default" = 1))]
    pub members: Option<Placed<i64>>,
    /// How large its database may grow, bytes. Beyond it etcd refuses what needs room. Stores count pages differently, so
    /// a scenario crosses it by a factor of two. Default: etcd's own, 2 GiB.
    #[schemars(range(min = 1), extend("examples" = [20_000_000]))]
    pub quota_bytes: Option<Placed<i64>>,
    /// Anything else that it is started with, as etcd spells it: one flag each, with its value after an `=`. The
    /// embedded etcd knows `--max-txn-ops`, `--max-request-bytes` and `--quota-backend-bytes`; a scenario with another
    /// does not run on it.
    #[schemars(extend("examples" = [["--max-txn-ops=16"]]))]
    #[serde(default)]
    pub flags: Vec<Placed<String>>,
    /// Users beside `root`, there from the start, also where authentication is off at first.
    #[serde(default)]
    pub user: Vec<UserTable>,
}

/// A user beside `root`, and the role of its name that it is given.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
#[schemars(deny_unknown_fields)]
pub(in crate::scenario) struct UserTable {
    /// Its name, unique in the file, and that of its role.
    #[schemars(length(min = 1), extend("examples" = ["worker"]))]
    pub name: Placed<String>,
    /// Its password. Default: its name.
    #[schemars(length(min = 1))]
    pub password: Option<Placed<String>>,
    /// It may read and write every key that begins with one of these. Default: the queue's prefix.
    pub prefixes: Option<Vec<Placed<String>>>,
}
