//! Campaigns of processes: producers and consumers that are real processes, and die; a network that holds single requests
//! back; members that stand still; an etcd that is full.
//!
//! An [`Ordeal`] is made of runs. A [`Plan`] is drawn from a seed: how many members, who works, what goes wrong. Each
//! worker writes down in a journal of its own, before and after, what it asks and what it is told; a witness watches
//! every change of the queues beside all that. Out of both the account is made when all is over, by a pure
//! function: what is lost, doubled, stuck, or in the hands of the dead.
//!
//! ```text
//! ordeal ─▶ plan ─▶ play: cluster (members, troubles) ─ relay (a place's network) ─ seat (one worker after the other)
//!           (seed)        witness (every change)                                      │ journal
//!                              └───────────────▶ account ◀────────────────────────────┘ ─▶ ran ─▶ total
//! ```
//!
//! A seed repeats what is tried; what comes of it is real time's.

mod account;
mod acknowledge;
mod carry;
mod child;
mod cluster;
mod consume;
mod frames;
mod journal;
mod member;
mod ordeal;
mod plan;
mod play;
mod produce;
mod ran;
mod relay;
mod seat;
mod settings;
mod stint;
mod suffered;
pub mod total;
mod trouble;
mod witness;
pub mod worker;

pub use account::{Account, Wrong};
pub use ordeal::Ordeal;
pub use plan::{Least, Plan, RELEASES};
pub use play::{RunError, play};
pub use ran::Ran;
pub use settings::{Flaw, WORKER};
pub use suffered::Suffered;
