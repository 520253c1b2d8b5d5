//! Benchmarks and abuse campaigns that need several of the harness's crates at once.
//!
//! - `cargo bench -p trials --bench queue` (`just bench`) measures the queue beside the recipe and beside a raw loop;
//!   what came of it is a [`comparison`].
//! - `cargo bench -p trials --bench figures` (`just bench-harness`) measures deadwatch itself, and ends with one table:
//!   each figure beside another that gives it a meaning, and their ratio.
//! - `cargo run --release -p trials --bin abuse` (`just abuse`) puts the queue through random faults, and counts what it
//!   loses; [`abuse`] holds the campaigns.
//! - `tests/` holds what takes a scenario to its limits, and a small run of each campaign.
//!
//! What both need lies here: [`crowd`] and [`backlog`] make scenarios of any size, [`on_embedded`] turns a scenario
//! into a run to be made, [`Stopwatch`] keeps what was measured, and a [`Figure`] is a line of the table.

pub mod abuse;
pub mod comparison;
mod figure;
mod order;
mod size;
mod stopwatch;

pub use figure::{Figure, Quantity, table};
pub use order::{NoLibrary, library, on_embedded};
pub use size::{backlog, crowd};
pub use stopwatch::{Clock, Stopwatch};
