//! Steps that write and delete: items, and keys that are none.

use schemars::JsonSchema;
use serde::Deserialize;

use crate::scenario::{OnError, Producer, placed::Placed};

/// The most items, or puts, of one step.
pub(in crate::scenario) const MOST_WRITES: i64 = 100_000;

/// The longest value, bytes: more than any limit that a scenario is about.
const MOST_BYTES: i64 = 16 * 1024 * 1024;

/// The most producers of one step.
const MOST_PRODUCERS: i64 = 64;

/// Items, and who writes them where.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
#[schemars(deny_unknown_fields)]
pub(in crate::scenario) struct EnqueueTable {
    /// The item's value, unique in the file; it does not end in a space.
    pub value: Placed<String>,
    /// Writes this many: `count = 3` of `a` writes `a.1`, `a.2` and `a.3`. Default: one, without a number.
    #[schemars(range(min = 1, max = MOST_WRITES))]
    pub count: Option<Placed<i64>>,
    /// The queue it is written to. Default: the scenario's own.
    #[schemars(length(min = 1))]
    pub prefix: Option<Placed<String>>,
    /// Who writes it. Default `harness`.
    #[schemars(extend("default" = "harness"))]
    pub by: Option<Placed<Producer>>,
    /// How long the stored value is: it is filled up with spaces, which are not part of the item. Default: no
    /// longer than the item.
    #[schemars(range(min = 1, max = MOST_BYTES))]
    pub bytes: Option<Placed<i64>>,
    /// How many write at once, each its share one after the other; no more than there are items. Default 1.
    #[schemars(range(min = 1, max = MOST_PRODUCERS), extend("default" = 1))]
    pub producers: Option<Placed<i64>>,
    /// What the subject's producer does after an error; only with `by = "subject"`. Default `stop`.
    #[schemars(extend("default" = "stop"))]
    pub on_error: Option<Placed<OnError>>,
}

/// A key that is no item, and its value.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
#[schemars(deny_unknown_fields)]
pub(in crate::scenario) struct PutTable {
    /// The key.
    #[schemars(length(min = 1), extend("examples" = ["/other/a"]))]
    pub key: Placed<String>,
    /// Its value. Default `1`.
    #[schemars(extend("default" = "1"))]
    pub value: Option<Placed<String>>,
    /// How long the stored value is: it is filled up with spaces. Default: no longer than `value`.
    #[schemars(range(min = 1, max = MOST_BYTES))]
    pub bytes: Option<Placed<i64>>,
    /// How many times it is written, one after the other. Default 1.
    #[schemars(range(min = 1, max = MOST_WRITES), extend("default" = 1))]
    pub count: Option<Placed<i64>>,
}

/// Keys that are deleted all at once.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
#[schemars(deny_unknown_fields)]
pub(in crate::scenario) struct DeleteTable {
    /// All keys that begin so.
    #[schemars(length(min = 1), extend("examples" = ["/other/"]))]
    pub prefix: Placed<String>,
}
