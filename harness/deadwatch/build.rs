//! Has the crate built again when a file is added to, or taken from, a folder that is compiled into it.

use std::path::Path;

fn main() {
    for folder in ["../../scenarios", "../../snapshots"] {
        // Cargo takes a missing path for a changed one, and would build for ever.
        if Path::new(folder).is_dir() {
            println!("cargo::rerun-if-changed={folder}");
        }
    }
    println!("cargo::rerun-if-changed=build.rs");
}
