//! The cases, by the paragraph of etcd's behaviour that they are about.

mod compaction;
mod delete;
mod put;
mod range;
mod revision;
mod txn;

use crate::case::Case;

/// All of them.
pub fn all() -> Vec<Case> {
    let paragraphs: [(&'static str, Vec<Case>); 6] = [
        ("range", range::cases()),
        ("put", put::cases()),
        ("delete", delete::cases()),
        ("txn", txn::cases()),
        ("compaction", compaction::cases()),
        ("revision", revision::cases()),
    ];
    paragraphs
        .into_iter()
        .flat_map(|(paragraph, cases)| cases.into_iter().map(move |case| Case { paragraph, ..case }))
        .collect()
}
