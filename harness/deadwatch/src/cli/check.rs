//! `deadwatch check`: says what is wrong with scenario files, and runs nothing.

use std::path::{Path, PathBuf};

use super::{
    Exit,
    output::{complain, print},
};
use crate::scenario::load_file;

/// Diagnoses each file; warnings do not change the exit.
pub(super) fn check(files: &[PathBuf]) -> Exit {
    Exit::of_all(files.iter().map(|file| check_one(file)))
}

fn check_one(file: &Path) -> Exit {
    match load_file(file) {
        Ok(parsed) => {
            let said = match parsed.warnings.len() {
                0 => "ok".to_owned(),
                1 => "ok, with a warning".to_owned(),
                many => format!("ok, with {many} warnings"),
            };
            parsed.warnings.into_iter().for_each(complain);
            print(&format!("{}: {said}: {}\n", file.display(), parsed.scenario.title))
        }
        Err(error) => {
            complain(error);
            Exit::Usage
        }
    }
}
