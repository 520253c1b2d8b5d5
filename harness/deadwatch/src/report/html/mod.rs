//! One page of HTML for many runs: self-contained, failures first, readable without colour and without script.
//!
//! [`page`] is the only way in. It shows judgements and histories and derives nothing: what there is to draw comes from
//! `picture`, what is said from `words` and [`Standing`](super::Standing). Whatever a scenario, a subject or a server
//! says is escaped, by `maud`.

mod index;
mod page;
mod run;
mod scenario;
mod timeline;

pub use page::page;

use super::Ink;

/// The class of what is in this ink.
const fn class(ink: Ink) -> &'static str {
    match ink {
        Ink::Good => "good",
        Ink::Bad => "bad",
        Ink::Warning => "warn",
        Ink::Strong => "strong",
        Ink::Faint => "faint",
        Ink::Normal => "plain",
    }
}
