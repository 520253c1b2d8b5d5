//! Reports that are asked for besides the one on stdout: files, and annotations.

use std::{collections::BTreeMap, fs, io, path::Path};

use super::{
    Exit,
    arguments::{Annotate, Format, Reports},
    output::{complain, print, tell},
};
use crate::report::{Case, Source, annotation, html, junit};

/// Empties the files before anything runs: what can't be written is said then, and a report of an earlier run is never
/// taken for one of this.
///
/// # Errors
/// A file can't be written; that has been said.
pub(super) fn prepare(reports: &Reports) -> Result<(), Exit> {
    let files = [("--junit", &reports.junit), ("--html", &reports.html)];
    for (flag, path) in files.into_iter().filter_map(|(flag, path)| Some((flag, path.as_ref()?))) {
        emptied(path).map_err(|error| {
            complain(miette::miette!(
                help = "expected a file, or a place where one can be made",
                "could not write the file {} for {flag}: {error}",
                path.display()
            ));
            Exit::Usage
        })?;
    }
    Ok(())
}

fn emptied(path: &Path) -> io::Result<()> {
    if let Some(folder) = path.parent() {
        // What stands in its way, the file will say in words that are about the file.
        let _ = fs::create_dir_all(folder);
    }
    fs::write(path, "")
}

/// Makes those that are asked for. Annotations follow what people read on stdout; beside lines for programs they go to
/// stderr, which GitHub reads too.
pub(super) fn make(
    reports: &Reports,
    format: Format,
    cases: &[Case<'_>],
    sources: &BTreeMap<String, Source>,
) -> Exit {
    let annotated = match reports.annotate {
        None => Exit::Success,
        Some(Annotate::Github) => annotated(&annotation::github(cases, sources), format),
    };
    let junit = reports.junit.as_ref().map_or(Exit::Success, |path| match junit::document(cases) {
        Ok(document) => written(path, &document),
        Err(error) => failed(path, &error.to_string()),
    });
    let html = reports.html.as_ref().map_or(Exit::Success, |path| written(path, &html::page(cases, sources)));
    annotated.min(junit).min(html)
}

fn annotated(lines: &str, format: Format) -> Exit {
    match format {
        Format::Human => print(lines),
        Format::Json => {
            lines.lines().for_each(tell);
            Exit::Success
        }
    }
}

fn written(path: &Path, document: &str) -> Exit {
    match fs::write(path, document) {
        Ok(()) => Exit::Success,
        Err(error) => failed(path, &error.to_string()),
    }
}

fn failed(path: &Path, error: &str) -> Exit {
    tell(format_args!("deadwatch: could not write the report {}: {error}", path.display()));
    Exit::Internal
}
