//! The cases, by the paragraph of etcd's behaviour that they are about.

mod auth;
mod compaction;
mod delete;
pub mod gaps;
mod lease;
mod limits;
mod maintenance;
mod malformed;
mod permission;
mod put;
mod quota;
mod range;
mod revision;
mod token;
mod txn;
mod watch;
mod watch_auth;
mod watch_life;

use crate::case::Case;

/// All of them.
pub fn all() -> Vec<Case> {
    let paragraphs: [(&'static str, Vec<Case>); 17] = [
        ("range", range::cases()),
        ("put", put::cases()),
        ("delete", delete::cases()),
        ("txn", txn::cases()),
        ("compaction", compaction::cases()),
        ("revision", revision::cases()),
        ("watch", watch::cases()),
        ("watch_life", watch_life::cases()),
        ("lease", lease::cases()),
        ("auth", auth::cases()),
        ("permission", permission::cases()),
        ("token", token::cases()),
        ("watch_auth", watch_auth::cases()),
        ("maintenance", maintenance::cases()),
        ("malformed", malformed::cases()),
        ("quota", quota::cases()),
        ("limits", limits::cases()),
    ];
    paragraphs
        .into_iter()
        .flat_map(|(paragraph, cases)| cases.into_iter().map(move |case| Case { paragraph, ..case }))
        .collect()
}
