//! `deadwatch check`: says what is wrong with scenario files, and runs nothing.

use std::path::{Path, PathBuf};

use super::{Exit, complain};
use crate::scenario::load_file;

/// Diagnoses each file; warnings do not change the exit.
pub(super) fn check(files: &[PathBuf]) -> Exit {
    Exit::of_all(files.iter().map(|file| check_one(file)))
}

fn check_one(file: &Path) -> Exit {
    match load_file(file) {
        Ok(parsed) => {
            for warning in parsed.warnings {
                complain(warning);
            }
            anstream::println!("{}: {}", file.display(), parsed.scenario.title);
            Exit::Success
        }
        Err(error) => {
            complain(error);
            Exit::Usage
        }
    }
}
