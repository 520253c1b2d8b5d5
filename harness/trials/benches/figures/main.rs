//! What deadwatch costs, each figure beside another one, and their ratio: `just bench-harness`.
//!
//! Criterion measures and compares with the run before; the table at the end has the medians of this run. What runs in
//! virtual time is measured in time on its core, so that a busy machine does not count. A filter on the command line
//! leaves out lines; `--test` runs each once and prints none.

#![allow(clippy::unwrap_used, clippy::expect_used)]

mod requests;
mod runs;

use criterion::Criterion;
use trials::table;

fn main() {
    let kept = concat!(env!("CARGO_MANIFEST_DIR"), "/../../target/criterion");
    let mut criterion = Criterion::default().output_directory(kept.as_ref()).configure_from_args();
    let mut figures = runs::measure(&mut criterion);
    figures.extend(requests::measure(&mut criterion));
    criterion.final_summary();
    if !std::env::args().any(|argument| argument == "--test") {
        println!("\n{}", table(&figures));
    }
}
