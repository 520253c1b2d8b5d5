//! A judgement, shown: as a snapshot, a JSON line, JUnit's XML, a page of HTML, a timeline on a terminal, or the screen
//! of `deadwatch repro`.
//!
//! Called by the command line and by the tests. A report says what the verdict knows and never works it out again. What
//! several reports say is said in one place: [`Standing`] tells how a run compares, `words` in which words, `picture`
//! what there is to draw.

pub mod annotation;
pub mod html;
pub mod json;
pub mod junit;
pub mod matrix;
pub mod repro;
pub mod snapshot;
pub mod terminal;

mod action;
mod case;
mod difference;
mod ink;
mod numbered;
mod picture;
mod source;
mod standing;
pub(crate) mod whole_file;
mod words;

pub use case::{Case, RunView, Unmade};
use ink::Ink;
pub use source::Source;
pub use standing::Standing;
