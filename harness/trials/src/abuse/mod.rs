//! Abuse: the queue under random faults, by the million items, judged by the harness's own checkers.
//!
//! [`Campaign`]s are made of runs. A [`Plan`] is drawn from a seed: who enqueues, who takes, how much at a time, what goes
//! wrong. [`play`] plays it on an etcd behind the harness's wire, writes down what happens as the harness's own history,
//! and has that judged as any scenario's is: lost, duplicated, reordered, an error, deaf in the end. [`measure`] measures
//! how long recoveries take.
//!
//! ```text
//! campaign ─▶ plan ─▶ run: site (etcd, wire, weather, troubles)          ─▶ record ─▶ ran
//!             (seed)       worker (produce, consume, go), with patience     (history)   (judgement)
//! ```
//!
//! In all of that everybody works in this process, and only etcd dies. [`processes`] has the campaigns whose workers are
//! processes of their own, which die too.
//!
//! On a real etcd a seed repeats what is tried; in virtual time it repeats every single event.
//! The program `abuse` ([`command`]) makes whole campaigns, and `tests/abuse.rs` a small run of each.

mod campaign;
pub mod command;
mod consume;
mod go;
mod idle;
mod named;
mod patience;
mod phase;
mod plan;
pub mod processes;
mod produce;
mod ran;
mod record;
mod recovery;
mod run;
mod scenario;
mod site;
mod tally;
mod total;
mod trouble;
mod weather;
mod worker;

pub use campaign::Campaign;
pub use go::{GoError, original};
pub use plan::Plan;
pub use ran::{Marks, Ran, Suffered};
pub use recovery::{BLACK_HOLE_BOUND, KILL_BOUND, Recoveries, measure};
pub use run::{RunError, play};
pub use site::SiteError;
pub use tally::LostReplies;
