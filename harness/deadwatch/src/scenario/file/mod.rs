//! A scenario file's keys, as they are written. The JSON schema is generated from these types, so their
//! comments are what an editor shows to whoever writes a scenario.
//!
//! Only `parse` reads into them, and only `check` and what is below it read them. Unknown keys are no error
//! to serde here (`shape` finds all of them at once, with their places); the schema forbids them.

mod access;
mod consumer;
mod etcd;
mod fault;
mod step;
mod text;
mod text_or;
mod whole;
mod word;
mod write;

pub(super) use access::ChangePasswordTable;
pub(super) use consumer::ConsumerTable;
pub(super) use etcd::{EtcdTable, UserTable};
pub(super) use fault::{BlackHoleTable, DelayTable, HoldRequestsTable, LoseRepliesTable, RestartTable};
pub(super) use step::StepTable;
pub(super) use text::{DurationText, OffsetText, VersionText};
pub(super) use text_or::TextOr;
pub(super) use whole::{NotOnTable, QueueTable, ScenarioFile};
pub(super) use write::{DeleteTable, EnqueueTable, MOST_WRITES, PutTable};
