//! What happened: the one record that every judgement and every report is made from.

mod event;

pub use event::{Acceptance, Event, Happening, History, Inconclusive, ServerState};
