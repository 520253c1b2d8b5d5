//! What the program says: what was asked for goes to stdout, all else to stderr.

use std::{
    fmt::Display,
    io::{self, Write},
};

use textwrap::{Options, WordSplitter};

use super::Exit;

/// No line of ours is wider than this many columns.
const WIDTH: usize = 100;

/// Prints to stdout; colours only where a terminal shows them.
///
/// A reader that has gone, as in `deadwatch list | head -n 1`, has had enough: that is no failure.
pub(super) fn print(text: &str) -> Exit {
    let mut stdout = anstream::stdout().lock();
    match stdout.write_all(text.as_bytes()).and_then(|()| stdout.flush()) {
        Err(error) if error.kind() != io::ErrorKind::BrokenPipe => {
            tell(format_args!("deadwatch: could not write to stdout: {error}"));
            Exit::Internal
        }
        Ok(()) | Err(_) => Exit::Success,
    }
}

/// Prints a line to stderr. Where that is gone, there is nobody to be told so.
pub(super) fn tell(line: impl Display) {
    let _ = writeln!(anstream::stderr(), "{line}");
}

/// Prints an error as a diagnostic on stderr.
pub(super) fn complain(error: impl Into<miette::Report>) {
    tell(format_args!("{:?}", error.into()));
}

/// The text in lines, the first with one indent and all others with another.
pub(super) fn wrapped(text: &str, first: &str, others: &str) -> Vec<String> {
    let mut lines = Vec::new();
    for (number, line) in text.lines().enumerate() {
        let options = Options::new(WIDTH)
            .initial_indent(if number == 0 { first } else { others })
            .subsequent_indent(others)
            .break_words(false)
            .word_splitter(WordSplitter::NoHyphenation);
        lines.extend(textwrap::wrap(line, options).into_iter().map(std::borrow::Cow::into_owned));
    }
    lines
}
