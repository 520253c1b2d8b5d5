//! A queue on etcd that survives a dead watch.
//!
//! etcd's Go client ships a queue recipe whose consumer crashes when its watch is refused, compacted or
//! closed. This queue uses the same keys and claims, and works beside it, but goes on: a dead token, a
//! refused, compacted or broken watch, a restarted or unreachable etcd are mended with a fresh login, a
//! fresh listing and a fresh stream. An [`Error`] is only what that cannot mend.
//!
//! ```no_run
//! # async fn run() -> Result<(), Box<dyn std::error::Error>> {
//! use etcd_queue::{ClusterOptions, Queue};
//!
//! let members = ["10.0.0.1:2379", "10.0.0.2:2379", "10.0.0.3:2379"];
//! let options = ClusterOptions::new().user("worker", "secret");
//! let queue = Queue::connect(members, options, "/jobs")?.open()?;
//! queue.enqueue("resize 17.png").await?;
//! let item = queue.next().await?;
//! println!("{}", String::from_utf8_lossy(item.value()));
//! queue.close().await?;
//! # Ok(())
//! # }
//! ```
//!
//! # What it promises
//! Each stored item is handed to one live caller, in commit order. No lost reply, dropped future, reconnect, dead token,
//! compaction or restart loses one or doubles one, given rights on the queue's records. The exact conditions, and what is
//! still possible, are on the page `docs/promises.md`. An item whose holder dies is gone, as with the recipe. A
//! [`LeaseQueue`] hands it out again: its items are acknowledged.
//!
//! # How
//! - **One list, one watch.** What is stored is listed once at one revision and watched from the next one on.
//!   What is known of it is a hint; each claim compares revisions.
//! - **Slots.** Each transaction that moves items marks a key beside the queue, in [`records_range`]. If its
//!   reply is lost, that key tells whether it was carried out, and sees to it that it no longer will be.
//!   Without rights there a queue is [`Degraded`]: it works, and is uncertain where the recipe is.
//! - **A channel for each member.** A [`Cluster`] moves requests, watches and keep-alives to another member where one
//!   is down or does not answer; which one is next is decided by a small pure state.
//! - **An actor** owns the watch and all claims, a second one all enqueues. Callers only wait, so that no
//!   future leaves anything half done.
//! - **Batches.** Items are claimed as many at a time as callers wait for, and enqueues that come at the same
//!   time travel together. Consumers that contend try different items first.
//!
//! # Seen from outside
//! Every recovery is a [`tracing`] event of this crate's, items and recoveries are counted through the
//! [`metrics`] facade (see the README), and [`Queue::degraded`] tells what it may not do.

mod access;
mod actor;
mod affinity;
mod batch;
mod builder;
mod cache;
#[cfg(test)]
mod checked;
mod claim;
mod clock;
mod closing;
mod cluster;
mod connect;
mod counting;
mod error;
mod farewell;
mod fault;
mod hand;
mod item;
mod key;
mod lanes;
mod lease;
mod link;
mod listing;
mod membership;
mod meter;
mod orders;
mod pace;
mod plan;
mod producer;
mod protocol;
mod queue;
mod reckoning;
mod session;
mod slot;
mod standing;
mod store;
mod stream;
mod watch;
mod wishes;

pub use builder::Builder;
pub use clock::{Clock, TokioClock, WallClock};
pub use cluster::{Cluster, ClusterOptions};
pub use connect::{KEEP_ALIVE_INTERVAL, KEEP_ALIVE_TIMEOUT, connect_options};
pub use error::{Error, Operation};
pub use item::{Certainty, Item};
pub use lease::{DeadLetter, DeadLetters, Delivery, Fence, Joined, LeaseBuilder, LeaseQueue, Outbox};
pub use protocol::layout::records_range;
pub use queue::Queue;
pub use standing::Degraded;
pub use stream::Items;

/// The examples of the README, compiled with the tests.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;
