//! Who a case is played to: real etcds, and the model.

mod model;
mod real;

pub use model::Model;
pub use real::{RealEtcd, binary};

/// The releases that cases are played to, oldest first.
pub const RELEASES: [&str; 3] = ["3.5.5", "3.5.16", "3.7.3"];
