//! The snapshot: what a subject did in a scenario, as a short text that people review and every backend must repeat.
//!
//! [`text`] makes it, [`Snapshots`] is the library of those that were reviewed. `deadwatch run` and the tests compare
//! by [`Snapshots::compare`] and write by [`Snapshots::write`], so that they can't disagree.

mod file;
mod library;
mod text;
mod update;

pub use library::{Owner, SnapshotError, SnapshotState, Snapshots};
pub use text::text;
pub use update::{Update, UpdateError, WriteAs};
