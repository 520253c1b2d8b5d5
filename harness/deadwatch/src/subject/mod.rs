//! The thing under test: a queue implementation, in this process or in a program of its own, behind one conversation.

mod conversation;
mod ledger;
mod line;
mod log;
mod obituary;
mod original;
mod pipes;
mod program;
mod session;

pub use conversation::{Call, Death, Reply, Request, Returned, Running};
pub use log::Log;
pub use original::{ORIGINAL_DIR, Original};
pub use program::{Patience, StartError, start, start_with};
