//! What a process died of, by how it ended and what it said last. Pure; `program` calls it with the end and the
//! log of a process that is gone.

mod go;
mod java;
mod node;
mod python;
mod rust;
#[cfg(test)]
mod tests;

use super::Death;

/// How much of a cause is kept, in characters.
const CAUSE_CHARS: usize = 300;

/// How a process ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum End {
    /// It exited with this code.
    Code(i32),
    /// This signal ended it.
    Signal(i32),
}

/// SIGINT, SIGKILL and SIGTERM: from outside, whatever was logged before.
const FROM_OUTSIDE: [i32; 3] = [2, 9, 15];

impl End {
    /// Whether a process that ends so may have said why.
    fn may_have_last_words(self) -> bool {
        match self {
            Self::Code(code) => code != 0,
            Self::Signal(signal) => !FROM_OUTSIDE.contains(&signal),
        }
    }

    /// In words: `exit status 3`, `signal 9`.
    pub(super) fn words(self) -> String {
        match self {
            Self::Code(code) => format!("exit status {code}"),
            Self::Signal(signal) => format!("signal {signal}"),
        }
    }
}

/// The message of an uncaught panic or exception.
#[derive(Clone, Debug, PartialEq, Eq)]
struct LastWords {
    /// The line of the log it begins at, from 0.
    line: usize,
    cause: String,
    place: Option<String>,
}

/// The death of a process that ended so and left this log.
pub(super) fn obituary(end: End, log: &str) -> Death {
    let exit_code = match end {
        End::Code(code) => Some(code),
        End::Signal(_) => None,
    };
    let lines: Vec<&str> = log.lines().collect();
    let words = end.may_have_last_words().then(|| last_words(&lines)).flatten();
    match words {
        Some(LastWords { cause, place, .. }) => Death { cause: tidy(&cause), place, exit_code },
        None => Death { cause: end.words(), place: None, exit_code },
    }
}

/// What was said last, in the manner of any runtime that is known here.
fn last_words(lines: &[&str]) -> Option<LastWords> {
    let readers = [go::last_words, rust::last_words, python::last_words, java::last_words, node::last_words];
    readers.iter().filter_map(|read| read(lines)).max_by_key(|words| words.line)
}

/// A cause without the addresses, which differ from run to run, and not longer than can be shown.
fn tidy(cause: &str) -> String {
    let mut pieces = cause.split("0x");
    let mut tidied = pieces.next().unwrap_or_default().to_owned();
    for piece in pieces {
        let digits = piece.bytes().take_while(u8::is_ascii_hexdigit).count();
        tidied.push_str(if digits == 0 { "0x" } else { "0x…" });
        tidied.push_str(&piece[digits..]);
    }
    if let Some((end, _)) = tidied.char_indices().nth(CAUSE_CHARS) {
        tidied.truncate(end);
        tidied.push('…');
    }
    tidied
}

/// `queue.go:70` for a path, with or without folders, and a line.
fn place(path: &str, line: &str) -> Option<String> {
    let file = path.rsplit(['/', '\\']).next().filter(|file| !file.is_empty())?;
    let number: u32 = line.parse().ok()?;
    Some(format!("{file}:{number}"))
}
