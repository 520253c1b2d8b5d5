//! What was measured of the queue, beside the recipe and beside a raw loop: kept as JSON, shown as a table, a page and
//! a chart.
//!
//! `benches/queue` makes a [`Comparison`]; everything here is a pure function of one.

mod cell;
mod chart;
mod goal;
mod kept;
mod machine;
mod number;
mod page;
mod row;
mod table;

pub use cell::{Cell, Median, quantile};
pub use chart::chart;
pub use goal::{Goal, Verdict};
pub use kept::{Comparison, Unreadable};
pub use machine::Machine;
pub use page::page;
pub use row::{Better, Place, Row, Side, Unit};
pub use table::text;
