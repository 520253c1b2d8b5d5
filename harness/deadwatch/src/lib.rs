//! deadwatch proves whether a queue consumer survives a dead etcd watch.
//!
//! It is a program, and a library: a dev-dependency with which a queue of one's own is tried in its own tests.
//!
//! ```toml
//! [dev-dependencies]
//! deadwatch = { version = "0.1", default-features = false }
//! ```
//!
//! A [`Trial`] is a scenario of the library, of a file or of a text; it runs on the embedded etcd in virtual time, or
//! on a real one ([`Trial::on`]); what comes back is a [`Run`] with its [`history`] and its
//! [`judgement`](verdict::Judgement). The subject is anything that opens a
//! [`QueueClient`](subject::host::QueueClient). Here a queue of 30 lines meets the story: the second consumer starts
//! when the token of the first one's watch has died.
//!
//! ```
//! use deadwatch::{
//!     BoxFuture, Trial,
//!     etcd_client::{
//!         Client, Compare, CompareOp, ConnectOptions, GetOptions, SortOrder, SortTarget, Txn, TxnOp,
//!         WatchOptions,
//!     },
//!     subject::{
//!         Opening, Subject,
//!         host::{Failure, Handed, QueueClient},
//!     },
//!     verdict::Verdict,
//! };
//!
//! struct MyQueue(Client);
//!
//! impl QueueClient for MyQueue {
//!     fn dequeue<'a>(
//!         &'a self,
//!         _consumer: &'a str,
//!         prefix: &'a str,
//!     ) -> BoxFuture<'a, Result<Handed, Failure>> {
//!         Box::pin(async move {
//!             let (mut etcd, range) = (self.0.clone(), format!("{prefix}/"));
//!             let oldest =
//!                 GetOptions::new().with_prefix().with_sort(SortTarget::Mod, SortOrder::Ascend).with_limit(1);
//!             loop {
//!                 let found = etcd.get(range.as_str(), Some(oldest.clone())).await?;
//!                 if let Some(item) = found.kvs().first() {
//!                     let there =
//!                         Compare::mod_revision(item.key(), CompareOp::Equal, item.mod_revision());
//!                     let take = Txn::new().when([there]).and_then([TxnOp::delete(item.key(), None)]);
//!                     if etcd.txn(take).await?.succeeded() {
//!                         return Ok(Handed::once(item.value_str()?));
//!                     }
//!                     continue;
//!                 }
//!                 let next = found.header().map_or(0, |header| header.revision() + 1);
//!                 let options = WatchOptions::new().with_prefix().with_start_revision(next);
//!                 let mut watch = etcd.watch(range.as_str(), Some(options)).await?;
//!                 // An event, or the end: either way it is time to look again.
//!                 while watch.message().await?.is_some_and(|news| news.events().is_empty() && !news.canceled()) {}
//!             }
//!         })
//!     }
//! }
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let my_queue = Subject::own("my-queue", |opening: Opening| async {
//!     opening.connect(Some(ConnectOptions::new().with_auto_token_refresh(true))).await.map(MyQueue)
//! });
//!
//! // It has a stream for each watch, and so a token for each.
//! let run = Trial::named("auth/story")?.run(&my_queue)?;
//! assert_eq!(run.judgement.verdict, Verdict::Survives, "{}", run.judgement.explanation);
//!
//! // A connection that ends is its caller's affair, however.
//! let cut_off = r#"
//!     title = "A waiting consumer loses its connection"
//!     [etcd]
//!     version = "3.5.16"
//!     [[consumer]]
//!     [[step]]
//!     at = "3s"
//!     drop-connections = "all"
//!     [run]
//!     length = "6s"
//! "#;
//! let run = Trial::toml(cut_off)?.run(&my_queue)?;
//! assert_eq!(run.judgement.verdict, Verdict::FailsSafely, "{}", run.judgement.explanation);
//! # Ok(())
//! # }
//! ```
//!
//! A queue that connects by itself, or keeps time other than by tokio, is tried in real time:
//! [`Own::in_real_time`](subject::Own::in_real_time).
//!
//! The rooms of this crate are one pipeline, and data goes one way through it:
//!
//! ```text
//! scenario ─▶ etcd ─▶ wire ─▶ subject ─▶ stage ─▶ history ─▶ verdict ─▶ report
//! ```
//!
//! A [`scenario`] file is parsed; an [`etcd`] of its version is started; the [`wire`] between client and
//! server counts; a [`subject`] is the queue under test; the [`stage`] plays the timeline with it; the
//! [`history`] is what happened; the [`verdict`] is a pure function of that; a [`report`] shows it.

pub mod cli;
pub mod etcd;
pub mod history;
pub mod reaper;
pub mod report;
mod repository;
pub mod run;
pub mod scenario;
pub mod stage;
pub mod subject;
pub mod verdict;
pub mod wire;

pub use etcd_client;
pub use futures::future::BoxFuture;
pub use run::{Run, Trial};
