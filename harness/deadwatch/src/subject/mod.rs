//! The thing under test: a queue implementation, in this process or in a program of its own, behind one conversation.

pub mod clientv3;
mod clock;
mod conversation;
pub mod host;
mod name;
mod panic;
pub mod recipe;
pub mod resilient;

pub use clock::KeyClock;
pub use conversation::{Call, Death, Reply, Request, Returned, Running};
pub use name::{CommandLine, Subject, SubjectError};
