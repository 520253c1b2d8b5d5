//! Python: `Traceback (most recent call last):`, the frames from the outermost to the innermost, the exception.

use super::{LastWords, place};

/// The last traceback: after `During handling of the above exception …` it is the one that went uncaught.
pub(super) fn last_words(lines: &[&str]) -> Option<LastWords> {
    let line = lines.iter().rposition(|text| *text == "Traceback (most recent call last):")?;
    let below = &lines[line + 1..];
    let frames = below.iter().take_while(|text| text.starts_with(' ')).count();
    let cause = (*below.get(frames)?).to_owned();
    let positions = || below[..frames].iter().rev().filter_map(|text| position(text));
    let own = positions().find(|(path, _)| !is_standard(path));
    let place = own.or_else(|| positions().next()).and_then(|(path, line)| place(path, line));
    Some(LastWords { line, cause, place })
}

/// The path and line of `  File "/srv/consumer.py", line 12, in main`.
fn position(line: &str) -> Option<(&str, &str)> {
    let (path, rest) = line.strip_prefix("  File \"")?.rsplit_once("\", line ")?;
    Some((path, rest.split(',').next()?))
}

/// `/usr/lib/python3.11/json/decoder.py`, but not what was installed beside it.
fn is_standard(path: &str) -> bool {
    let installed = path.contains("/site-packages/") || path.contains("/dist-packages/");
    path.starts_with('<') || (path.contains("/lib/python3") && !installed)
}
