//! Reading one scenario file from disk.

use std::{fs, io, path::Path};

use miette::Diagnostic;

use super::{Diagnosis, Parsed, folder::scenario_stem, parse};

/// Why a scenario could not be loaded.
#[derive(Debug, thiserror::Error, Diagnostic)]
pub enum LoadError {
    /// It is neither a scenario's name nor a file.
    #[error("there is no scenario {name:?}, and no such file")]
    #[diagnostic(help("{}", advice(nearest)))]
    Unknown {
        /// What was asked for.
        name: String,
        /// The names that were most likely meant, nearest first.
        nearest: Vec<String>,
    },
    /// The file cannot be read.
    #[error("could not read {file}")]
    #[diagnostic(help("expected a scenario file: TOML in UTF-8"))]
    Unreadable {
        /// The file, as it was given.
        file: String,
        /// Why not.
        source: io::Error,
    },
    /// The file is wrong.
    #[error(transparent)]
    #[diagnostic(transparent)]
    Wrong(#[from] Diagnosis),
}

fn advice(nearest: &[String]) -> String {
    match nearest {
        [] => "`deadwatch list` names them all".to_owned(),
        names => format!("did you mean {}? `deadwatch list` names them all", names.join(" or ")),
    }
}

/// Reads, parses and checks one file; the scenario is named by the file's stem.
///
/// For `deadwatch check`: the error, and each warning of what is returned, is a [`Diagnostic`] that shows the
/// lines it is about.
pub fn load_file(path: &Path) -> Result<Parsed, LoadError> {
    let file_name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default();
    load_as(scenario_stem(file_name).unwrap_or(file_name), path)
}

/// Reads, parses and checks one file, under a name.
pub(super) fn load_as(name: &str, path: &Path) -> Result<Parsed, LoadError> {
    let file = path.display().to_string();
    match fs::read_to_string(path) {
        Ok(text) => Ok(parse(name, &file, &text)?),
        Err(source) => Err(LoadError::Unreadable { file, source }),
    }
}
