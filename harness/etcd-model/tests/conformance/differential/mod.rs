//! Programs drawn at random, run on a real etcd and on the model: both must say the same.
//!
//! `DEADWATCH_PROGRAMS` is how many programs each release runs (60 unless set), `DEADWATCH_SEED` draws others. For
//! 20,000: `DEADWATCH_PROGRAMS=20000 DEADWATCH_SEED=7 cargo test -p etcd-model --test conformance -- differential`.
//!
//! A lane is one real etcd and one model that run the same programs, one after another, so both have the same
//! revisions from their first to their last. Before each program everything is deleted and compacted; revisions in a
//! program count from there. A program on which they differ is shrunk, each attempt on a fresh pair.

mod draw;
mod lane;
mod program;

use libtest_mimic::{Failed, Trial};

/// How many pairs share a release's programs. Programs mostly wait.
const LANES: u64 = 4;

/// The trials of a release.
pub fn trials(release: &'static str) -> impl Iterator<Item = Trial> {
    (1..=LANES).map(move |lane| {
        let name = format!("conformance::differential::programs_{lane}::etcd-{release}");
        Trial::test(name, move || run(release, lane))
    })
}

fn run(release: &'static str, lane: u64) -> Result<(), Failed> {
    let programs = number("DEADWATCH_PROGRAMS", 60)?.div_ceil(LANES);
    let seed = number("DEADWATCH_SEED", 1)?;
    eprintln!("{release}, lane {lane}: {programs} programs, DEADWATCH_SEED={seed}");
    let draw = seed.wrapping_mul(LANES).wrapping_add(lane);
    lane::run(release, programs, draw)
        .map_err(|text| format!("DEADWATCH_SEED={seed}, lane {lane}: {text}").into())
}

fn number(variable: &str, default: u64) -> Result<u64, Failed> {
    match std::env::var(variable) {
        Ok(text) => {
            text.parse().map_err(|_| format!("expected a number in {variable}, found {text:?}").into())
        }
        Err(_) => Ok(default),
    }
}
