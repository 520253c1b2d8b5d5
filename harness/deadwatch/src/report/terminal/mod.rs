//! What a person sees on a terminal: a timeline of one run, or a line for each of many.
//!
//! A picture is made of [`lane`]s over one [`axis`]: each column is a span of time, each [`glyph`] something that went
//! on or happened in it. The glyphs differ by shape, so that colours ([`paint`]) are a help and never needed. Nothing is
//! wider than [`WIDTH`] columns.

pub(super) mod axis;
pub(super) mod consumer_lane;
pub(super) mod etcd_lane;
pub(super) mod glyph;
pub(super) mod lane;
pub(super) mod prose;
pub(super) mod token_lane;

use super::Ink;

mod paint;
mod summary;
mod timeline;

pub use paint::Paint;
pub(super) use summary::run_in_full;
pub use summary::summary;
pub use timeline::timeline;

/// No line is wider than this many columns.
pub const WIDTH: usize = 100;
