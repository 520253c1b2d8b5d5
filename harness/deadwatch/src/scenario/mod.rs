//! What shall happen: a scenario file, parsed and checked. The first room of the pipeline.
//!
//! [`parse`] turns a file's text into a [`Scenario`], or into a [`Diagnosis`] that shows every problem at its
//! line and column; a [`Library`] finds the files; `cast` and `describe` say for the other rooms whom a scenario
//! names, and what a step does. The command line, the tests and the stage call in here.
//!
//! On its way a file passes `file` (its keys, from which the JSON schema is generated), `shape` (the file
//! against that schema: unknown and missing keys, wrong types), `check` (what a schema cannot say), and `edge`
//! and `kill` (the warnings). A new key is a field in `file` and its meaning in `check`; a new kind of step is a field of
//! `StepTable`, a variant of [`Action`] and an arm in `check/step`.

mod action;
mod cast;
mod check;
mod describe;
mod diagnosis;
mod duration;
mod edge;
mod file;
mod folder;
mod kill;
mod library;
mod load;
mod model;
mod nearest;
mod offset;
mod parse;
mod placed;
mod problem;
mod schema;
mod shape;
#[cfg(test)]
pub(crate) mod testing;
mod version;
mod warning;

pub use action::{
    Action, BlackHole, ChangePassword, Data, Delay, Delete, Ending, Enqueue, HoldRequests, Instead,
    LoseReplies, Method, Producer, Put, Reach, Restart,
};
pub use diagnosis::Diagnosis;
pub use duration::{DurationError, parse_duration, spell_duration};
pub use library::{Library, LibraryError};
pub use load::{LoadError, load_file};
pub use model::{
    Consumer, ConsumerCall, DEFAULT_CLIENT, DEFAULT_CLIENT_VERSION, DEFAULT_PREFIX, Delivery, Endpoints,
    EtcdSpec, NotOn, OnError, PROBE_PREFIX, PRODUCER_CLIENT, QueueSpec, RESERVED_CLIENT, RESERVED_PREFIX,
    ROOT, Refusal, Scenario, Step, TokenKind, User,
};
pub use offset::{ClockOffset, OffsetError};
pub use parse::{Parsed, parse};
pub use problem::{Named, Problem, ProblemKind};
pub use schema::schema;
pub use version::{Version, VersionError};
pub use warning::Warning;
