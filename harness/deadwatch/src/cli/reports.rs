//! Reports that are asked for besides the one on stdout: files, and annotations.

use std::{collections::BTreeMap, path::Path};

use super::{
    Exit,
    arguments::{Annotate, Format, Reports},
    output::{complain, print, tell},
};
use crate::report::{Case, Source, annotation, html, junit, whole_file};

/// Sees to it before anything runs that the files can be written, and removes those of an earlier run: none is ever taken
/// for one of this.
///
/// # Errors
/// A file can't be written, or is to be two; that has been said.
pub(super) fn prepare(reports: &Reports) -> Result<(), Exit> {
    [&reports.junit, &reports.html].into_iter().flatten().for_each(|path| whole_file::make_folder(path));
    if let (Some(junit), Some(html)) = (&reports.junit, &reports.html)
        && whole_file::same_place(junit, html)
    {
        complain(miette::miette!(
            help = "give each a file of its own",
            "--junit and --html name the same file, {}",
            html.display()
        ));
        return Err(Exit::Usage);
    }
    let files = [("--junit", &reports.junit), ("--html", &reports.html)];
    for (flag, path) in files.into_iter().filter_map(|(flag, path)| Some((flag, path.as_ref()?))) {
        whole_file::prepare(path).map_err(|error| {
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
    match whole_file::write(path, document) {
        Ok(()) => Exit::Success,
        Err(error) => failed(path, &error.to_string()),
    }
}

fn failed(path: &Path, error: &str) -> Exit {
    tell(format_args!("deadwatch: could not write the report {}: {error}", path.display()));
    Exit::Internal
}
