//! The store: every key as it was after every revision since the last compaction.
//!
//! [`Store`] is written by the member only. Each write hands back what it [`Applied`], for the watches; reads take
//! no lock of their own and change nothing.

mod applied;
mod store;

pub use applied::Applied;
pub use store::Store;
