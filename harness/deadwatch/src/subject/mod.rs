//! The thing under test: a queue implementation, in this process or in a program of its own, behind one conversation.

pub mod clientv3;
mod clock;
mod connect;
mod conversation;
pub mod host;
mod kept;
mod ledger;
mod line;
mod log;
mod name;
mod obituary;
mod original;
mod own;
mod panic;
mod pipes;
pub mod program;
mod receive_limit;
pub mod recipe;
mod resilient;
mod resilient_lease;
mod session;
mod start;

pub use clock::KeyClock;
pub use conversation::{Call, Death, Opening, Reply, Request, Returned, Running};
pub use log::Log;
pub use name::{CommandLine, Subject, SubjectError};
pub use original::{ORIGINAL_DIR, Original};
pub use own::Own;
pub use program::Patience;
pub use resilient::Resilient;
pub use resilient_lease::ResilientLease;
pub use start::{Absent, StartError, find, start};
