//! The thing under test: a queue implementation, in this process or in a program of its own, behind one conversation.

mod conversation;

pub use conversation::{Call, Death, Reply, Request, Returned, Running};
