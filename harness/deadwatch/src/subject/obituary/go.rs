//! Go: `panic: …` or `fatal error: …`, then the goroutines, the one that panicked first.

use super::{LastWords, place};

/// The first elements of the standard library's import paths, and what a trace calls `panic`.
const STANDARD: &str = "archive bufio bytes cmp compress container context crypto database debug embed encoding \
    errors expvar flag fmt go hash html image index internal io iter log maps math mime net os panic path plugin \
    reflect regexp runtime slices sort strconv strings structs sync syscall testing text time unicode unique \
    unsafe vendor weak";

/// The last panic or fatal error, and the first source position below it that is not the standard library's.
pub(super) fn last_words(lines: &[&str]) -> Option<LastWords> {
    let (line, text) = lines
        .iter()
        .enumerate()
        .rev()
        .find(|(_, text)| text.starts_with("panic: ") || text.starts_with("fatal error: "))?;
    // ` [recovered]`, ` [recovered, repanicked]`: how the panic travelled, not what it says.
    let cause = text.split(" [recovered").next().unwrap_or(text).to_owned();
    let below = &lines[line + 1..];
    let goroutine = below.iter().position(|text| is_goroutine(text))?;
    let frames = below[goroutine + 1..].split(|text| text.is_empty()).next().unwrap_or_default();
    Some(LastWords { line, cause, place: first_place(frames) })
}

/// `goroutine 26 [running]:`, from Go 1.23 on with `gp=0x… m=0 mp=0x…` before the state where it died of the stack.
fn is_goroutine(line: &str) -> bool {
    line.starts_with("goroutine ") && line.ends_with("]:")
}

/// A frame is two lines: the function with its arguments, and a tab with the position.
fn first_place(frames: &[&str]) -> Option<String> {
    let places = || {
        frames.windows(2).filter_map(|pair| match pair {
            [function, position] => Some((*function, position.strip_prefix('\t')?)),
            _ => None,
        })
    };
    let own = places().find(|(function, _)| !is_standard(function));
    let (_, position) = own.or_else(|| places().next())?;
    let (path, rest) = position.rsplit_once(':')?;
    place(path, rest.split(' ').next()?)
}

/// Whether a function, as a trace writes it, is the standard library's: `encoding/json.(*encodeState).marshal(…)`.
fn is_standard(function: &str) -> bool {
    let path = function.split('(').next().unwrap_or_default();
    let first = match path.split_once('/') {
        Some((first, _)) => first,
        None => path.split('.').next().unwrap_or_default(),
    };
    STANDARD.split_ascii_whitespace().any(|name| name == first)
}
