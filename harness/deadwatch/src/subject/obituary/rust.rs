//! Rust: `thread 'main' (123) panicked at src/main.rs:4:5:`, and the message on the next line.

use super::{LastWords, place};

/// The last panic.
pub(super) fn last_words(lines: &[&str]) -> Option<LastWords> {
    let (line, position) = lines.iter().enumerate().rev().find_map(|(line, text)| {
        let (thread, position) = text.split_once(" panicked at ")?;
        thread.starts_with("thread '").then_some((line, position))
    })?;
    match position.strip_suffix(':') {
        Some(position) => {
            let cause = lines.get(line + 1).map_or("panicked", |message| message).to_owned();
            Some(LastWords { line, cause, place: position_in_source(position) })
        }
        // Before Rust 1.73 both stood on one line: panicked at 'message', src/main.rs:4:5
        None => {
            let (message, position) = position.strip_prefix('\'')?.rsplit_once("', ")?;
            Some(LastWords { line, cause: message.to_owned(), place: position_in_source(position) })
        }
    }
}

/// The place for `src/main.rs:4:5`; none in the standard library, where a panic without a known caller lies.
fn position_in_source(position: &str) -> Option<String> {
    let (path_and_line, _column) = position.rsplit_once(':')?;
    let (path, line) = path_and_line.rsplit_once(':')?;
    if path.starts_with("/rustc/") || path.starts_with("library/") {
        return None;
    }
    place(path, line)
}
