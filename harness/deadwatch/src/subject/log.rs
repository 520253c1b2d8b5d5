//! What a subject's process wrote to its standard error: kept for the report, and read for the cause of a death.

use std::{
    collections::VecDeque,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

/// How much of a log is kept, in bytes: the end of it, which is where a process says what it dies of.
const KEPT_BYTES: usize = 64 * 1024;

/// The last 64 KiB of what a subject wrote to its standard error; its clones are one and the same log.
#[derive(Clone, Debug, Default)]
pub struct Log(Arc<Mutex<Tail>>);

#[derive(Debug, Default)]
struct Tail {
    bytes: VecDeque<u8>,
    dropped: u64,
}

impl Log {
    /// What is kept by now, from the start of a line on; bytes that are no UTF-8 are replaced.
    ///
    /// Where the beginning was dropped, a first line says how much that was.
    pub fn text(&self) -> String {
        let tail = self.tail();
        let (front, back) = tail.bytes.as_slices();
        let bytes = [front, back].concat();
        if tail.dropped == 0 {
            return String::from_utf8_lossy(&bytes).into_owned();
        }
        let torn = bytes.iter().position(|&byte| byte == b'\n').map_or(0, |end| end + 1);
        let dropped = tail.dropped + u64::try_from(torn).unwrap_or(u64::MAX);
        format!("[{dropped} bytes dropped]\n{}", String::from_utf8_lossy(&bytes[torn..]))
    }

    /// Adds to the end, and drops from the beginning what is then too much.
    pub(super) fn append(&self, bytes: &[u8]) {
        let mut tail = self.tail();
        tail.bytes.extend(bytes);
        let excess = tail.bytes.len().saturating_sub(KEPT_BYTES);
        tail.bytes.drain(..excess);
        tail.dropped += u64::try_from(excess).unwrap_or(u64::MAX);
    }

    fn tail(&self) -> MutexGuard<'_, Tail> {
        // A panic elsewhere leaves bytes, which are never half-written here.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_short_log_is_kept_as_it_was_written() {
        let log = Log::default();
        log.append(b"one\ntw");
        log.clone().append(b"o\n\xff");
        assert_eq!(log.text(), "one\ntwo\n\u{fffd}");
    }

    #[test]
    fn a_long_log_loses_its_beginning_and_starts_with_a_whole_line() {
        let log = Log::default();
        for number in 0..10_000 {
            log.append(format!("line {number:>10}\n").as_bytes());
        }
        let text = log.text();
        let lines: Vec<&str> = text.lines().collect();
        // 64 KiB hold 4096 lines of 16 bytes, the first of which is taken for torn.
        assert_eq!(lines.len(), 1 + 4095);
        assert_eq!(lines[0], format!("[{} bytes dropped]", 160_000 - 4095 * 16));
        assert_eq!(lines[1], "line       5905");
        assert_eq!(lines[4095], "line       9999");
    }
}
