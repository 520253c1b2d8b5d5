//! What is wrong with a scenario file, ready to be shown with the lines it is about.

use std::{fmt, sync::Arc};

use miette::{Diagnostic, LabeledSpan, NamedSource, SourceCode};

use super::Problem;

/// A file's name and text, held once by all that points into it.
pub(super) type Source = NamedSource<Arc<str>>;

/// All that is wrong with one scenario file, in the order of its lines; at least one problem.
///
/// As an error it is its first problem, and the others are related to it.
#[derive(Debug)]
pub struct Diagnosis {
    // Boxed, as every result that may be a diagnosis is as large as one.
    source: Box<Source>,
    first: Box<Problem>,
    others: Vec<Problem>,
}

impl Diagnosis {
    /// The diagnosis of a file with one problem, and perhaps others.
    pub(super) fn new(source: Source, problem: Problem, mut others: Vec<Problem>) -> Self {
        others.push(problem);
        others.sort_by_key(|problem| (problem.span.start, problem.span.end));
        let first = Box::new(others.remove(0));
        Self { source: Box::new(source), first, others }
    }

    /// The file's name, as it was given.
    pub fn file(&self) -> &str {
        self.source.name()
    }

    /// The problems, in the order of the file's lines.
    pub fn problems(&self) -> impl Iterator<Item = &Problem> {
        std::iter::once(&*self.first).chain(&self.others)
    }
}

impl fmt::Display for Diagnosis {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.first.fmt(f)
    }
}

impl std::error::Error for Diagnosis {}

impl Diagnostic for Diagnosis {
    fn help<'a>(&'a self) -> Option<Box<dyn fmt::Display + 'a>> {
        self.first.help()
    }

    fn source_code(&self) -> Option<&dyn SourceCode> {
        Some(&*self.source)
    }

    fn labels(&self) -> Option<Box<dyn Iterator<Item = LabeledSpan> + '_>> {
        self.first.labels()
    }

    fn related<'a>(&'a self) -> Option<Box<dyn Iterator<Item = &'a dyn Diagnostic> + 'a>> {
        Some(Box::new(self.others.iter().map(|problem| problem as &dyn Diagnostic)))
    }
}
