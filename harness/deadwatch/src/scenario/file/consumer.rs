//! The `[[consumer]]` table: who calls what, on which client, when.

use schemars::JsonSchema;
use serde::Deserialize;

use super::{DurationText, OffsetText};
use crate::scenario::{ConsumerCall, OnError, placed::Placed};

/// The most consumers that one table stands for.
const MOST_CONSUMERS: i64 = 1_000;

/// Somebody who waits for items: a loop of dequeue calls, which calls again at once after an item. With another
/// `call` it calls once, and is done when that succeeds.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
#[schemars(deny_unknown_fields)]
pub(in crate::scenario) struct ConsumerTable {
    /// When its first call is made. Default `0s`.
    #[schemars(extend("default" = "0s"))]
    pub start: Option<Placed<DurationText>>,
    /// Unique in the file. Default: its number in the file, counted from 1.
    #[schemars(length(min = 1))]
    pub name: Option<Placed<String>>,
    /// That many consumers, alike but for their names: `NAME.1`, `NAME.2` and so on. Default: one, without a
    /// number.
    #[schemars(range(min = 1, max = MOST_CONSUMERS))]
    pub count: Option<Placed<i64>>,
    /// The client it calls on; consumers that name the same client share it. Default `shared`.
    #[schemars(length(min = 1), extend("default" = "shared"))]
    pub client: Option<Placed<String>>,
    /// As whom its client logs in, where there is authentication: a user of `[[etcd.user]]`, the same for all
    /// consumers of a client. Default `root`.
    #[schemars(length(min = 1), extend("default" = "root"))]
    pub user: Option<Placed<String>>,
    /// What it calls. Default `dequeue`; subjects other than the original have no more than that.
    #[schemars(extend("default" = "dequeue"))]
    pub call: Option<Placed<ConsumerCall>>,
    /// What it calls it on: a queue's prefix, or the key of a barrier or a lock. Default: the scenario's queue.
    #[schemars(length(min = 1))]
    pub prefix: Option<Placed<String>>,
    /// What it does after a call that returned an error. Default `stop`.
    #[schemars(extend("default" = "stop"))]
    pub on_error: Option<Placed<OnError>>,
    /// Its client's clock is off by so much, ahead or behind: the same for all consumers of a client. Only for
    /// subjects that live in deadwatch; a program has the machine's clock. Default: it is right.
    pub clock: Option<Placed<OffsetText>>,
}

impl ConsumerTable {
    /// How many consumers it stands for, within bounds: `shape` has noted a number that is not.
    pub fn numbers(&self) -> Option<std::ops::RangeInclusive<i64>> {
        self.count.as_ref().map(|count| 1..=(*count.get()).min(MOST_CONSUMERS))
    }
}
