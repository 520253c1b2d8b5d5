//! The releases of etcd that the model can be, and what sets them apart: data, each fact with its source.
//!
//! The other rooms ask [`Release::holds`]; none compares version numbers itself.

mod fact;
mod version;

pub use fact::Fact;
pub use version::{Release, ReleaseError};
