//! Why there is no etcd to run a scenario on.

use std::{io, path::PathBuf, time::Duration};

use super::{Backend, Missing};
use crate::scenario::Version;

/// Why an etcd could not be had; reads on after "could not".
#[derive(Debug, thiserror::Error)]
pub enum EtcdError {
    /// There is none of that version for that backend here.
    #[error("find an etcd {version} for the backend {backend}: {missing}")]
    Missing {
        /// The version that was wanted.
        version: Version,
        /// The backend that was asked for.
        backend: Backend,
        /// What was looked for, and what to do.
        missing: Missing,
    },
    /// No backend has one.
    #[error("find an etcd {version} for any backend:\n{}", reasons.join("\n"))]
    NoneAtAll {
        /// The version that was wanted.
        version: Version,
        /// Why not, one line for each backend.
        reasons: Vec<String>,
    },
    /// The embedded one did not start.
    #[error("start the embedded etcd, as {version}: {problem}")]
    Embedded {
        /// The release that it was to be.
        version: Version,
        /// What went wrong.
        problem: String,
    },
    /// A folder or file for it could not be made.
    #[error("make a folder for etcd's data: {0}")]
    Folder(#[source] io::Error),
    /// There is nothing that the members of a cluster could speak through.
    #[error("relay between the members of an etcd: {0}")]
    Relays(#[source] io::Error),
    /// The binary does not run.
    #[error("run {}: {source}", path.display())]
    Run {
        /// The binary.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// The container daemon refused.
    #[error("{doing}: {problem}")]
    Container {
        /// What was tried, as a fragment such as `pull the image …`.
        doing: String,
        /// What it answered.
        problem: String,
    },
    /// The server is of another version than was wanted.
    #[error("use {place}: expected etcd {expected}, but the server says that it is {found}")]
    WrongVersion {
        /// Which server.
        place: String,
        /// The scenario's version.
        expected: Version,
        /// What the server answered.
        found: String,
    },
    /// The server ended before it was ready.
    #[error("see {place} ready: it has ended ({how}); its log ends with:\n{log}")]
    Ended {
        /// Which server.
        place: String,
        /// How it ended.
        how: String,
        /// The last lines of its log.
        log: String,
    },
    /// There is no other member that one could be cut off from.
    #[error("cut a member off: this etcd has only one")]
    OneMember,
    /// The server could not be ended, frozen or started again.
    #[error("{doing}: {problem}")]
    Control {
        /// What was tried, as a fragment such as `pause the etcd`.
        doing: String,
        /// What went wrong.
        problem: String,
    },
    /// The server was not ready in time.
    #[error("see {place} ready within {} s: {last}; its log ends with:\n{log}", bound.as_secs())]
    NotReady {
        /// Which server.
        place: String,
        /// How long was waited.
        bound: Duration,
        /// What the last attempt met with.
        last: String,
        /// The last lines of its log.
        log: String,
    },
}
