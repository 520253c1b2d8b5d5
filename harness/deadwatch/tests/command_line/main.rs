//! The command line as its user runs it, where nothing real is needed: what it prints, on which stream, and its exit.

#![allow(clippy::unwrap_used, clippy::expect_used)]

mod catalogue;
mod check;
mod colours;
mod doctor;
mod matrix;
mod missing;
mod reports;
mod usage;

#[path = "../desk/mod.rs"]
mod desk;
#[path = "../stand/mod.rs"]
mod stand;

/// The smallest scenario, with this title and etcd.
fn scenario(title: &str, etcd: &str) -> String {
    format!("title = {title:?}\n[etcd]\nversion = {etcd:?}\n[[consumer]]\n[run]\nlength = \"1s\"\n")
}
