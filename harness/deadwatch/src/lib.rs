//! deadwatch proves whether a queue consumer survives a dead etcd watch.
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
pub mod run;
pub mod scenario;
pub mod stage;
pub mod subject;
pub mod verdict;
pub mod wire;

pub use etcd_client;
pub use futures::future::BoxFuture;
pub use run::{Run, Trial};
