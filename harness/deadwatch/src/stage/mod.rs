//! The timeline is played: calls and steps at their times, and what comes back is written down.
//!
//! [`play`] takes a started etcd, a wire and a started subject, and hands on a [`History`](crate::history::History).
//! It judges nothing. Everything it knows it has from one loop over replies, sightings and its own clock, so that
//! the order of a history is the order in which things reached one place.

mod account;
mod act;
mod aftermath;
mod agenda;
mod calls;
mod cast;
mod gate;
mod harness_admin;
mod harness_client;
mod harness_queue;
mod play;
mod preflight;
mod producer;
mod pulse;
mod record;
mod stagehand;
mod timeline;

pub use harness_client::{HarnessClient, Repeat};
pub use harness_queue::Layout;
pub use play::{Pace, Set, play};
