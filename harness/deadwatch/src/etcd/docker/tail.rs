//! The last lines of a container's output, which arrives in pieces.

use std::{
    collections::VecDeque,
    sync::{Arc, Mutex, PoisonError},
};

use crate::etcd::log::KEPT_LINES;

/// The last lines of a stream of output that arrives in pieces.
#[derive(Clone, Debug, Default)]
pub(super) struct Tail(Arc<Mutex<Pieces>>);

#[derive(Debug, Default)]
struct Pieces {
    lines: VecDeque<String>,
    unfinished: Vec<u8>,
}

impl Tail {
    /// Takes the next piece, which may end inside a line.
    pub(super) fn take(&self, piece: &[u8]) {
        let mut pieces = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        for &byte in piece {
            if byte != b'\n' {
                pieces.unfinished.push(byte);
                continue;
            }
            let line = String::from_utf8_lossy(&pieces.unfinished).into_owned();
            pieces.unfinished.clear();
            pieces.lines.push_back(line);
            if pieces.lines.len() > KEPT_LINES {
                pieces.lines.pop_front();
            }
        }
    }

    /// Forgets all lines.
    pub(super) fn clear(&self) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = Pieces::default();
    }

    /// The lines so far, the unfinished one included.
    pub(super) fn text(&self) -> String {
        let pieces = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let unfinished = String::from_utf8_lossy(&pieces.unfinished);
        let mut lines: Vec<&str> = pieces.lines.iter().map(String::as_str).collect();
        if !unfinished.is_empty() {
            lines.push(&unfinished);
        }
        lines.join("\n")
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used)]

    use super::*;

    #[test]
    fn a_tail_joins_pieces_to_lines_and_keeps_the_last_ones() {
        let tail = Tail::default();
        tail.take(b"fir");
        tail.take(b"st\nsecond\nthi");
        assert_eq!(tail.text(), "first\nsecond\nthi");
        for number in 0..KEPT_LINES {
            tail.take(format!("{number}\n").as_bytes());
        }
        assert!(tail.text().starts_with("thi0\n1\n"), "{}", tail.text());
        assert_eq!(tail.text().lines().count(), KEPT_LINES);
    }
}
