//! Words in a picture: wrapped, cut and filled up to a width.

use textwrap::{Options, WordSeparator, WordSplitter};
use unicode_width::{UnicodeWidthChar, UnicodeWidthStr};

use super::WIDTH;

/// A text in lines of at most the width of a report, each with this indent.
pub(in crate::report) fn wrapped(text: &str, indent: &str) -> Vec<String> {
    let options = Options::new(WIDTH)
        .initial_indent(indent)
        .subsequent_indent(indent)
        // A path stays whole if it can.
        .word_separator(WordSeparator::AsciiSpace)
        .word_splitter(WordSplitter::NoHyphenation);
    textwrap::wrap(text, options).into_iter().map(std::borrow::Cow::into_owned).collect()
}

/// The text if it fits, else its beginning and an ellipsis. Line breaks and their like become spaces.
pub(in crate::report) fn fitted(text: &str, width: usize) -> String {
    let line: String = text.chars().map(|c| if c.is_control() { ' ' } else { c }).collect();
    if line.width() <= width {
        return line;
    }
    let mut used = 1;
    let kept = line.chars().take_while(|c| {
        used += c.width().unwrap_or(0);
        used <= width
    });
    kept.collect::<String>() + "…"
}

/// The text in exactly this width.
pub(in crate::report) fn padded(text: &str, width: usize) -> String {
    let text = fitted(text, width);
    let missing = width.saturating_sub(text.width());
    text + &" ".repeat(missing)
}
