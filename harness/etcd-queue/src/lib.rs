//! A queue on etcd that survives a dead watch.
//!
//! etcd's Go client ships a queue recipe whose consumer crashes when its watch is refused, compacted or
//! closed. This queue uses the same keys and claims, and works beside it, but goes on: a dead token, a
//! refused, compacted or broken watch, a restarted or unreachable etcd are mended with a fresh login, a
//! fresh listing and a fresh stream. An [`Error`] is only what that cannot mend.
//!
//! ```no_run
//! # async fn run() -> Result<(), Box<dyn std::error::Error>> {
//! use etcd_client::{Client, ConnectOptions};
//! use etcd_queue::Queue;
//!
//! let options = ConnectOptions::new().with_user("worker", "secret");
//! let client = Client::connect(["127.0.0.1:2379"], Some(options)).await?;
//! let queue = Queue::builder(client, "/jobs").open()?;
//! queue.enqueue("resize 17.png").await?;
//! let item = queue.next().await?;
//! println!("{}", String::from_utf8_lossy(item.value()));
//! queue.close().await?;
//! # Ok(())
//! # }
//! ```
//!
//! # What it promises
//! Each stored item is handed to one live caller, in commit order; a dropped future, a reconnect, a dead
//! token, a compaction or a restart loses none and doubles none. An item whose holder dies is gone, as with
//! the recipe.
//!
//! # What it does not, yet
//! - **A lost reply to a claim**, when the item is gone by the next look: it is handed out, as
//!   [`Certainty::Presumed`]. If another consumer took it in that same moment, both have it.
//! - **A lost reply to an enqueue**, when the item is not there by the next look: [`Error::Unsettled`].
//! - Both are settled in the next version, which records each claim and enqueue in etcd beside the item.
//! - One claim is under way at a time, and all keys of a backlog are held in memory.
//!
//! Every recovery is a [`tracing`] event of this crate's.

mod access;
mod actor;
mod affinity;
mod batch;
mod builder;
mod cache;
mod claim;
mod clock;
mod connect;
mod counting;
mod error;
mod farewell;
mod fault;
mod hand;
mod item;
mod key;
mod lanes;
mod link;
mod listing;
mod membership;
mod meter;
mod orders;
mod pace;
mod producer;
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
pub use connect::connect_options;
pub use error::{Error, Operation};
pub use item::{Certainty, Item};
pub use queue::Queue;
pub use standing::Degraded;
pub use stream::Items;
