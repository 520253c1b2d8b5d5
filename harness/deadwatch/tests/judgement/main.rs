//! Judgements and reports of histories that were made by hand, or recorded.

#![allow(missing_docs, clippy::unwrap_used, clippy::expect_used)]

mod aftermaths;
mod ambiguous;
mod annotations;
mod faulty;
mod gates;
mod html;
mod junit;
mod library;
mod matrix;
mod outcomes;
mod recorded;
mod reports;
mod results;
mod sample;
mod stores;
mod stories;
mod triggers;
