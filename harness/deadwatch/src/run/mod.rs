//! One run from end to end: the rooms of the pipeline, called in their order; and many runs side by side.
//!
//! The command line and the tests come in here, and who uses this crate as a library: by a [`Trial`]. A run has a thread and a runtime of its own: its panics, its timers
//! and its virtual clock are nobody else's.

mod crew;
mod many;
mod order;
mod perform;
mod trial;

pub use crew::Crew;
pub use many::{Finished, perform_all};
pub use order::Order;
pub use perform::{Run, perform};
pub use trial::{Trial, TrialError};
