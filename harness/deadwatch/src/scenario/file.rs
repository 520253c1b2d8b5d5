//! A scenario file's keys, as they are written. The JSON schema is generated from these types, so their
//! comments are what an editor shows to whoever writes a scenario.
//!
//! Only `parse` reads into them, and only `check` and `step` read them. Unknown keys are no error to serde
//! here (`shape` finds all of them at once, with their places); the schema forbids them.

use std::fmt;

use schemars::JsonSchema;
use serde::{
    Deserialize, Deserializer,
    de::{Error, MapAccess, Visitor, value::MapAccessDeserializer},
};

use super::{Delivery, OnError, Producer, placed::Placed};

/// The most items that one step writes.
pub(super) const MOST_ITEMS: i64 = 100_000;

/// One thing that can go wrong for a queue's consumers, and how to make it happen.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
#[schemars(title = "deadwatch scenario", deny_unknown_fields)]
pub(super) struct ScenarioFile {
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
    /// The consumers; at least one. Each is a loop of dequeue calls.
    #[schemars(length(min = 1))]
    pub consumer: Placed<Vec<ConsumerTable>>,
    /// What happens at a time, whoever is waiting; each step does exactly one thing.
    #[serde(default)]
    pub step: Vec<Placed<StepTable>>,
    /// The timeline.
    pub run: RunTable,
}

/// The server.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
#[schemars(deny_unknown_fields)]
pub(super) struct EtcdTable {
    /// The server's release, exactly.
    pub version: Placed<VersionText>,
    /// How long a token lives after its last use, in whole seconds; a sweep each second may grant it up to
    /// one more. Leave it out for no authentication.
    #[schemars(extend("examples" = ["5s"]))]
    pub token_ttl: Option<Placed<DurationText>>,
}

/// The client that the subjects are built on.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
#[schemars(deny_unknown_fields)]
pub(super) struct ClientTable {
    /// The release of Go's clientv3 to behave like. Default `3.5.11`.
    #[schemars(extend("default" = "3.5.11"))]
    pub version: Option<Placed<VersionText>>,
}

/// The queue that all consumers share.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
#[schemars(deny_unknown_fields)]
pub(super) struct QueueTable {
    /// Its key prefix; items lie at `PREFIX/UNIX-NANOS`. Default `/test`.
    #[schemars(length(min = 1), extend("default" = "/test"))]
    pub prefix: Option<Placed<String>>,
    /// What it promises about handing an item out. Default `once`.
    #[schemars(extend("default" = "once"))]
    pub delivery: Option<Placed<Delivery>>,
}

/// A loop of dequeue calls. After an item it calls again at once.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
#[schemars(deny_unknown_fields)]
pub(super) struct ConsumerTable {
    /// When its first call is made. Default `0s`.
    #[schemars(extend("default" = "0s"))]
    pub start: Option<Placed<DurationText>>,
    /// Unique in the file. Default: its number in the file, counted from 1.
    #[schemars(length(min = 1))]
    pub name: Option<Placed<String>>,
    /// The client it calls on; consumers that name the same client share it. Default `shared`.
    #[schemars(length(min = 1), extend("default" = "shared"))]
    pub client: Option<Placed<String>>,
    /// What it does after a call that returned an error. Default `stop`.
    #[schemars(extend("default" = "stop"))]
    pub on_error: Option<Placed<OnError>>,
}

/// Something that happens at a time: `at`, and exactly one action.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
#[schemars(deny_unknown_fields, transform = super::schema::demand_one_action)]
pub(super) struct StepTable {
    /// When it is issued. It does not hold up the next step.
    pub at: Placed<DurationText>,
    /// Writes an item, or several.
    pub enqueue: Option<Placed<EnqueueFile>>,
}

/// An item, or items and who writes them where.
#[derive(Debug, JsonSchema)]
#[schemars(untagged)]
pub(super) enum EnqueueFile {
    /// The item's value, unique in the file.
    Value(String),
    /// Items, and who writes them where.
    Table(EnqueueTable),
}

/// Items, and who writes them where.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
#[schemars(deny_unknown_fields)]
pub(super) struct EnqueueTable {
    /// The item's value, unique in the file.
    pub value: Placed<String>,
    /// Writes this many, one after the other: `count = 3` of `a` writes `a.1`, `a.2` and `a.3`.
    #[schemars(range(min = 1, max = MOST_ITEMS))]
    pub count: Option<Placed<i64>>,
    /// The queue it is written to. Default: the scenario's own.
    #[schemars(length(min = 1))]
    pub prefix: Option<Placed<String>>,
    /// Who writes it. Default `harness`.
    #[schemars(extend("default" = "harness"))]
    pub by: Option<Placed<Producer>>,
}

/// The timeline.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
#[schemars(deny_unknown_fields)]
pub(super) struct RunTable {
    /// How long it is, from the moment when all clients are open. Every start and step lies before its end.
    pub length: Placed<DurationText>,
}

/// A time: a whole number and its unit.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(transparent)]
#[schemars(extend("pattern" = "^[0-9]+(ms|s|m)$", "examples" = ["5s", "300ms", "2m"]))]
pub(super) struct DurationText(pub String);

/// An exact release: three numbers.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(transparent)]
#[schemars(extend("pattern" = "^[0-9]+\\.[0-9]+\\.[0-9]+$", "examples" = ["3.5.5"]))]
pub(super) struct VersionText(pub String);

/// By hand, because serde's own untagged enums lose the places of what is inside.
impl<'de> Deserialize<'de> for EnqueueFile {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct TextOrTable;

        impl<'de> Visitor<'de> for TextOrTable {
            type Value = EnqueueFile;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a string or a table")
            }

            fn visit_str<E: Error>(self, text: &str) -> Result<EnqueueFile, E> {
                Ok(EnqueueFile::Value(text.to_owned()))
            }

            fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<EnqueueFile, A::Error> {
                EnqueueTable::deserialize(MapAccessDeserializer::new(map)).map(EnqueueFile::Table)
            }
        }

        deserializer.deserialize_any(TextOrTable)
    }
}
