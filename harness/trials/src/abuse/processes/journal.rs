//! What a worker process writes down: one line an event, in an append-only file, before it asks and after it is answered.
//!
//! A line is handed to the kernel in one write and never flushed to the disk: it outlives the process, however that dies,
//! and not the machine, which does not die here. What a killed worker had been handed and not yet written down is at most
//! what its last `call` asked for.

use std::{
    fmt::Write as _,
    fs::File,
    io::{self, Write as _},
    path::Path,
};

/// The revision of a claim: what a delivery is told apart by from the item's other ones.
pub type Token = i64;

/// One event in a worker's life. Items are named by their ids.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Entry {
    /// These are about to be enqueued.
    Began(Vec<String>),
    /// These are stored, says the queue.
    Stored(Vec<String>),
    /// This one is not stored and never will be, says the queue; in its words.
    Refused(String, String),
    /// Nobody knows whether this one is stored.
    Unknown(String, String),
    /// It asks for up to so many items.
    Called(usize),
    /// It was handed these: nobody else has them.
    Got(Vec<String>),
    /// It was handed this one, which may be somebody else's.
    Presumed(String),
    /// Closing the queue left this one in its hands: it could not be put back.
    Left(String),
    /// Closing the queue left this one in doubt: it may be in its hands, stored, or in somebody else's.
    Doubtful(String),
    /// It holds this one until it acknowledges it.
    Held(String, Token),
    /// It is about to acknowledge it.
    Acking(String, Token),
    /// It is acknowledged.
    Acked(String, Token),
    /// The acknowledgement was refused, nothing was changed; in the queue's words.
    Unacked(String, Token, String),
    /// Nobody knows whether it is acknowledged.
    Unsure(String, Token, String),
    /// It is given back.
    Back(String, Token),
    /// A call ended in an error.
    Failed(String),
    /// It closes its queue.
    Closing,
    /// The queue is closed.
    Closed,
}

impl Entry {
    fn line(&self) -> String {
        let mut line = match self {
            Self::Began(ids) => format!("began {}", ids.join(" ")),
            Self::Stored(ids) => format!("stored {}", ids.join(" ")),
            Self::Refused(id, why) => format!("refused {id} {why}"),
            Self::Unknown(id, why) => format!("unknown {id} {why}"),
            Self::Called(count) => format!("called {count}"),
            Self::Got(ids) => format!("got {}", ids.join(" ")),
            Self::Presumed(id) => format!("presumed {id}"),
            Self::Left(id) => format!("left {id}"),
            Self::Doubtful(id) => format!("doubtful {id}"),
            Self::Held(id, token) => format!("held {id} {token}"),
            Self::Acking(id, token) => format!("acking {id} {token}"),
            Self::Acked(id, token) => format!("acked {id} {token}"),
            Self::Unacked(id, token, why) => format!("unacked {id} {token} {why}"),
            Self::Unsure(id, token, why) => format!("unsure {id} {token} {why}"),
            Self::Back(id, token) => format!("back {id} {token}"),
            Self::Failed(why) => format!("failed {why}"),
            Self::Closing => "closing".to_owned(),
            Self::Closed => "closed".to_owned(),
        };
        // An error may have lines of its own.
        line.retain(|letter| letter != '\n');
        line.push('\n');
        line
    }

    fn parse(line: &str) -> Option<Self> {
        let (word, rest) = line.split_once(' ').unwrap_or((line, ""));
        let ids = || rest.split_whitespace().map(str::to_owned).collect();
        let one = || rest.to_owned();
        let with_words = || {
            let (id, words) = rest.split_once(' ').unwrap_or((rest, ""));
            (id.to_owned(), words.to_owned())
        };
        let with_token = || {
            let (id, words) = with_words();
            let (token, words) = words.split_once(' ').unwrap_or((&words, ""));
            Some((id, token.parse::<Token>().ok()?, words.to_owned()))
        };
        Some(match word {
            "began" => Self::Began(ids()),
            "stored" => Self::Stored(ids()),
            "refused" => with_words_into(with_words(), Self::Refused),
            "unknown" => with_words_into(with_words(), Self::Unknown),
            "called" => Self::Called(rest.parse().ok()?),
            "got" => Self::Got(ids()),
            "presumed" => Self::Presumed(one()),
            "left" => Self::Left(one()),
            "doubtful" => Self::Doubtful(one()),
            "held" => with_token().map(|(id, token, _)| Self::Held(id, token))?,
            "acking" => with_token().map(|(id, token, _)| Self::Acking(id, token))?,
            "acked" => with_token().map(|(id, token, _)| Self::Acked(id, token))?,
            "unacked" => with_token().map(|(id, token, why)| Self::Unacked(id, token, why))?,
            "unsure" => with_token().map(|(id, token, why)| Self::Unsure(id, token, why))?,
            "back" => with_token().map(|(id, token, _)| Self::Back(id, token))?,
            "failed" => Self::Failed(one()),
            "closing" => Self::Closing,
            "closed" => Self::Closed,
            _ => return None,
        })
    }
}

fn with_words_into((id, words): (String, String), make: fn(String, String) -> Entry) -> Entry {
    make(id, words)
}

/// A worker's journal, open for writing.
#[derive(Debug)]
pub struct Journal(File);

impl Journal {
    /// Opens one; what is in it stays.
    ///
    /// # Errors
    /// The file can't be made.
    pub fn open(path: &Path) -> io::Result<Self> {
        Ok(Self(File::options().create(true).append(true).open(path)?))
    }

    /// Writes these down, in one piece.
    ///
    /// # Errors
    /// The file can't be written: nothing that the worker does from then on could be judged.
    pub fn write(&self, entries: &[Entry]) -> io::Result<()> {
        let mut text = String::new();
        for entry in entries {
            let _ = text.write_str(&entry.line());
        }
        (&self.0).write_all(text.as_bytes())
    }
}

/// Reads a journal.
///
/// # Errors
/// It can't be read, or holds a line that is no event, which is quoted. A last line without its end was never written.
pub fn read(path: &Path) -> io::Result<Vec<Entry>> {
    let text = match std::fs::read_to_string(path) {
        // It died before it wrote anything.
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        text => text?,
    };
    let whole = text.rsplit_once('\n').map_or("", |(whole, _)| whole);
    let lines = whole.lines().map(|line| {
        let problem = || io::Error::other(format!("expected an event in {}, found {line:?}", path.display()));
        Entry::parse(line).ok_or_else(problem)
    });
    lines.collect()
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_is_read_and_half_a_line_is_not() {
        let id = || "producer-1-2.17".to_owned();
        let entries = vec![
            Entry::Began(vec![id(), "b".to_owned()]),
            Entry::Stored(vec![id()]),
            Entry::Refused(id(), "no space".to_owned()),
            Entry::Unknown(id(), "the queue is closed".to_owned()),
            Entry::Called(12),
            Entry::Got(vec![id()]),
            Entry::Presumed(id()),
            Entry::Left(id()),
            Entry::Doubtful(id()),
            Entry::Held(id(), 7),
            Entry::Acking(id(), 7),
            Entry::Acked(id(), 7),
            Entry::Unacked(id(), 7, "fenced off".to_owned()),
            Entry::Unsure(id(), 7, "nobody knows".to_owned()),
            Entry::Back(id(), 7),
            Entry::Failed("etcd is full".to_owned()),
            Entry::Closing,
            Entry::Closed,
        ];
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("journal");
        Journal::open(&path).unwrap().write(&entries).unwrap();
        File::options().append(true).open(&path).unwrap().write_all(b"got half").unwrap();
        assert_eq!(read(&path).unwrap(), entries);
    }
}
