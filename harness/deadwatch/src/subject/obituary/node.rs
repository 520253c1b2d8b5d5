//! Node: a source line with a caret, an empty line, the error with its frames, and last of all `Node.js v20.20.2`.

use super::{LastWords, place};

/// The uncaught error that ended the process.
pub(super) fn last_words(lines: &[&str]) -> Option<LastWords> {
    let end = lines.iter().rposition(|text| text.starts_with("Node.js v"))?;
    let caret = lines[..end]
        .iter()
        .rposition(|text| !text.is_empty() && text.trim_start().trim_matches('^').is_empty())?;
    let below = &lines[caret + 1..end];
    let line = caret + 1 + below.iter().position(|text| !text.is_empty())?;
    let frames = lines[line..end].iter().filter_map(|text| text.strip_prefix("    at "));
    Some(LastWords { line, cause: lines[line].to_owned(), place: frames.filter_map(own_place).next() })
}

/// The place for `main (/srv/consumer.js:12:9)` or `file:///srv/consumer.mjs:2:20`; none in Node itself.
fn own_place(frame: &str) -> Option<String> {
    let position = match frame.rsplit_once('(') {
        Some((_, position)) => position.split(')').next()?,
        None => frame.rsplit(' ').next()?,
    };
    if position.starts_with("node:") {
        return None;
    }
    let (path_and_line, _column) = position.rsplit_once(':')?;
    let (path, line) = path_and_line.rsplit_once(':')?;
    place(path, line)
}
