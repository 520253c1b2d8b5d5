//! Where a queue's items lie: `<prefix>/<unix nanoseconds>`, exactly as the recipe of etcd's Go client
//! stores them (etcd v3.5.11 client/v3/experimental/recipes/key.go, newUniqueKV).
//!
//! Unlike the recipe, which reads everything that starts with the prefix, the range here ends at the
//! slash, and only direct children count: the queue `/test` touches neither `/test2/…` nor the items of a
//! queue `/test/sub`.

use crate::error::Error;

/// A queue's prefix and the range that follows from it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Prefix {
    prefix: String,
}

impl Prefix {
    pub(crate) fn parse(prefix: &str) -> Result<Self, Error> {
        let refused = |reason| Error::BadPrefix { prefix: prefix.to_owned(), reason };
        if prefix.is_empty() {
            return Err(refused("is empty: name the queue, for example \"/jobs\""));
        }
        if prefix.ends_with('/') {
            return Err(refused("ends with a slash: leave it out, the queue adds it"));
        }
        Ok(Self { prefix: prefix.to_owned() })
    }

    /// The first key of the range.
    pub(crate) fn start(&self) -> Vec<u8> {
        format!("{}/", self.prefix).into_bytes()
    }

    /// The first key behind the range: `0` follows `/` in ASCII.
    pub(crate) fn end(&self) -> Vec<u8> {
        format!("{}0", self.prefix).into_bytes()
    }

    /// Whether the key is an item of this queue, and not one of a queue nested below it.
    pub(crate) fn owns(&self, key: &[u8]) -> bool {
        key.strip_prefix(self.prefix.as_bytes())
            .and_then(|rest| rest.strip_prefix(b"/"))
            .is_some_and(|name| !name.is_empty() && !name.contains(&b'/'))
    }

    pub(crate) fn key(&self, unix_ns: u64) -> String {
        format!("{}/{unix_ns}", self.prefix)
    }

    /// The range as it is shown in errors and traces.
    pub(crate) fn shown(&self) -> String {
        format!("[{0}/, {0}0)", self.prefix)
    }
}

/// Strictly rising nanoseconds: one producer's keys never collide with each other and never step back,
/// whatever the clock does.
#[derive(Debug, Default)]
pub(crate) struct Sequence {
    last_ns: u64,
}

impl Sequence {
    pub(crate) fn next(&mut self, now_ns: u64) -> u64 {
        self.last_ns = now_ns.max(self.last_ns.saturating_add(1));
        self.last_ns
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn the_range_ends_at_the_slash() {
        let prefix = Prefix::parse("/test").unwrap();
        assert_eq!((prefix.start(), prefix.end()), (b"/test/".to_vec(), b"/test0".to_vec()));
        assert!(prefix.owns(b"/test/17"));
        for foreign in ["/test", "/test/", "/test2/17", "/test-settings", "/tes/17", "/test/sub/17"] {
            assert!(!prefix.owns(foreign.as_bytes()), "{foreign}");
        }
    }

    #[test]
    fn an_empty_prefix_and_one_with_a_slash_at_its_end_are_refused() {
        assert!(matches!(Prefix::parse(""), Err(Error::BadPrefix { .. })));
        assert!(matches!(Prefix::parse("/test/"), Err(Error::BadPrefix { .. })));
    }

    #[test]
    fn keys_rise_when_the_clock_stands_still_or_steps_back() {
        let mut sequence = Sequence::default();
        let drawn = [100, 100, 40, 102, 200].map(|now_ns| sequence.next(now_ns));
        assert_eq!(drawn, [100, 101, 102, 103, 200]);
    }
}
