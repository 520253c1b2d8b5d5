//! What the program says: what was asked for goes to stdout, all else to stderr.

use std::{
    fmt::Display,
    io::{self, IsTerminal, Write},
};

use textwrap::{Options, WordSeparator, WordSplitter};

use super::Exit;

/// No line of ours on a terminal is wider than this many columns.
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

/// How wide a line may be on a stream: a file, a pipe or a log takes any, and is searched the better for it.
pub(super) fn width(stream: &impl IsTerminal) -> Option<usize> {
    stream.is_terminal().then_some(WIDTH)
}

/// The text in lines of at most this width, the first with one indent and all others with another. Paths and what
/// stands between backquotes, which are to be copied, stay whole.
pub(super) fn wrapped(text: &str, width: Option<usize>, first: &str, others: &str) -> Vec<String> {
    let mut lines = Vec::new();
    for (number, line) in text.lines().enumerate() {
        let first = if number == 0 { first } else { others };
        let Some(width) = width else {
            lines.push(format!("{first}{line}"));
            continue;
        };
        let options = Options::new(width)
            .initial_indent(first)
            .subsequent_indent(others)
            .break_words(false)
            .word_separator(WordSeparator::AsciiSpace)
            .word_splitter(WordSplitter::NoHyphenation);
        let whole = kept_whole(line);
        lines.extend(textwrap::wrap(&whole, options).iter().map(|line| line.replace(NO_BREAK, " ")));
    }
    lines
}

/// A space at which no line is broken.
const NO_BREAK: char = '\u{a0}';

/// The line with spaces that do not break where they stand between backquotes.
fn kept_whole(line: &str) -> String {
    let mut quoted = false;
    let keep = |c| {
        quoted ^= c == '`';
        if quoted && c == ' ' { NO_BREAK } else { c }
    };
    line.chars().map(keep).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_to_be_copied_stays_whole() {
        let text = "build it with `just etcd 3.5.5` in /a/very/long/path/that/fits/nowhere at all";
        let lines = wrapped(text, Some(24), "> ", "  ");
        assert_eq!(
            lines,
            [
                "> build it with",
                "  `just etcd 3.5.5` in",
                "  /a/very/long/path/that/fits/nowhere",
                "  at all"
            ]
        );
    }

    #[test]
    fn a_log_gets_each_line_as_it_is() {
        assert_eq!(wrapped("one two\nthree", None, "> ", "  "), ["> one two", "  three"]);
    }
}
