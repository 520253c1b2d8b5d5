//! The store: every key as it was after every revision since the last compaction.
//!
//! [`Store`] is written by the member only, one revision after another. Each write hands back what it [`Applied`],
//! for the watches; reads change nothing. Requests are checked first (`admission`): nothing here fails half-way.

pub(crate) mod admission;
mod applied;
mod compaction;
mod live;
mod plan;
mod range;
mod revision;
mod size;
mod span;
mod store;
mod stream;
mod txn;
mod write;

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used)]
mod tests;

pub use applied::Applied;
pub(crate) use range::{has_filters, in_default_order};
pub(crate) use span::Span;
pub use store::Store;
use write::Write;
