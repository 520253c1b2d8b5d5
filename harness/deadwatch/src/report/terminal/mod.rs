//! What a person sees on a terminal: a timeline of one run, or a line for each of many.
//!
//! A picture is made of [`row`]s over one [`axis`]: each column is a span of time, each sign something that went on or
//! happened in it. The signs differ by shape, so that colours ([`paint`]) are a help and never needed. Nothing is wider
//! than [`WIDTH`] columns.

pub(super) mod axis;
pub(super) mod legend;
pub(super) mod prose;
pub(super) mod row;

mod paint;
mod summary;
mod timeline;

pub use paint::Paint;
pub(super) use summary::run_in_full;
pub use summary::summary;
pub use timeline::timeline;

/// No line is wider than this many columns.
pub const WIDTH: usize = 100;
