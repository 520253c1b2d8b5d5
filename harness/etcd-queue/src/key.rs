//! Where a queue's items lie: `<prefix>/<unix nanoseconds>`, exactly as the recipe of etcd's Go client
//! stores them (etcd v3.5.11 client/v3/experimental/recipes/key.go, newUniqueKV).
//!
//! Unlike the recipe, which reads everything that starts with the prefix, the range here ends at the
//! slash, and only names made of digits count: the queue `/test` touches neither `/test2/…` nor the items of a
//! queue `/test/sub`, nor `/test/config`.
//!
//! What the queue must remember beside its items lies elsewhere, see `protocol/layout.rs`.

use crate::cache::Key;
use crate::error::Error;
use crate::protocol::layout::{self, Layout};

/// A queue's prefix and the range that follows from it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Prefix {
    prefix: String,
    layout: Layout,
    extent: Extent,
}

/// Which of a queue's ranges is meant.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Extent {
    Items,
    /// Claims, and who is alive, which are read and watched together: `[a/, c0)`. All other records lie behind them.
    Claims,
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
        if layout::is_reserved(prefix) {
            return Err(refused(
                "starts with \"__rq\", under which queues keep their records, or is a beginning of it: choose another",
            ));
        }
        Ok(Self { prefix: prefix.to_owned(), layout: Layout::of(prefix), extent: Extent::Items })
    }

    /// The same queue's claims and consumers, to be listed and watched as its items are.
    pub(crate) fn claims(&self) -> Self {
        Self { extent: Extent::Claims, ..self.clone() }
    }

    /// The name as the user gave it.
    pub(crate) fn name(&self) -> &str {
        &self.prefix
    }

    /// Where the queue's records lie.
    pub(crate) fn layout(&self) -> &Layout {
        &self.layout
    }

    /// The range of the queue's records as it is shown in errors and traces.
    pub(crate) fn records_shown(&self) -> String {
        let range = self.layout.range();
        format!("[{}, {})", range.start, range.end)
    }

    /// The first key of the range.
    pub(crate) fn start(&self) -> Vec<u8> {
        match self.extent {
            Extent::Items => format!("{}/", self.prefix).into_bytes(),
            Extent::Claims => self.layout.key("a/").to_vec(),
        }
    }

    /// The first key behind the range: `0` follows `/` in ASCII.
    pub(crate) fn end(&self) -> Vec<u8> {
        match self.extent {
            Extent::Items => format!("{}0", self.prefix).into_bytes(),
            Extent::Claims => self.layout.key("c0").to_vec(),
        }
    }

    /// Whether the key is an item of this queue: named by a time, as the recipe names it. A queue nested below,
    /// or settings that somebody keeps there, are none. Or, of its claims and consumers, whether it is one.
    pub(crate) fn owns(&self, key: &[u8]) -> bool {
        match self.extent {
            Extent::Items => self.name_of(key).is_some(),
            Extent::Claims => {
                self.record(key).is_some_and(|record| record.starts_with(b"a/") || record.starts_with(b"c/"))
            }
        }
    }

    /// An item's key without the prefix.
    pub(crate) fn name_of<'a>(&self, key: &'a [u8]) -> Option<&'a [u8]> {
        let name = key.strip_prefix(self.prefix.as_bytes())?.strip_prefix(b"/")?;
        (!name.is_empty() && name.iter().all(u8::is_ascii_digit)).then_some(name)
    }

    /// A record's key without what all of the queue's records begin with.
    pub(crate) fn record<'a>(&self, key: &'a [u8]) -> Option<&'a [u8]> {
        self.layout.record(key)
    }

    /// The key of an item by its name.
    pub(crate) fn item(&self, name: &[u8]) -> Vec<u8> {
        [self.prefix.as_bytes(), b"/", name].concat()
    }

    /// The key of a record about an item: `c` or `d`, see `protocol/layout.rs`.
    pub(crate) fn about(&self, kind: char, item: &[u8]) -> Key {
        let name = item.get(self.prefix.len() + 1..).unwrap_or_default();
        [&*self.layout.key(&format!("{kind}/")), name].concat().into()
    }

    pub(crate) fn key(&self, unix_ns: u64) -> String {
        format!("{}/{unix_ns}", self.prefix)
    }

    /// The time a key was made of.
    fn time_ns(&self, key: &[u8]) -> Option<u64> {
        let name = key.strip_prefix(self.prefix.as_bytes())?.strip_prefix(b"/")?;
        // What follows a key in a listing is the key with a zero byte behind it.
        let digits = name.strip_suffix(&[0]).unwrap_or(name);
        std::str::from_utf8(digits).ok().filter(|digits| digits.len() == 19)?.parse().ok()
    }

    /// The key so much later, if it is a time and of the same length, so that it stands later in line too.
    pub(crate) fn later(&self, key: &[u8], by_ns: u64) -> Option<Vec<u8>> {
        let later = self.key(self.time_ns(key)?.checked_add(by_ns.max(1))?);
        (later.len() == self.prefix.len() + 20).then(|| later.into_bytes())
    }

    /// The time between two keys.
    pub(crate) fn span_ns(&self, first: &[u8], last: &[u8]) -> Option<u64> {
        self.time_ns(last)?.checked_sub(self.time_ns(first)?)
    }

    /// The range as it is shown in errors and traces.
    pub(crate) fn shown(&self) -> String {
        match self.extent {
            Extent::Items => format!("[{0}/, {0}0)", self.prefix),
            Extent::Claims => self.records_shown(),
        }
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
        for foreign in [
            "/test",
            "/test/",
            "/test2/17",
            "/test-settings",
            "/tes/17",
            "/test/sub/17",
            "/test/config",
            "/test/17a",
        ] {
            assert!(!prefix.owns(foreign.as_bytes()), "{foreign}");
        }
    }

    #[test]
    fn prefixes_that_cannot_be_a_queues_are_refused() {
        for prefix in ["", "/test/", "/", "__", "__rq", "__rq1:5:/test/w"] {
            assert!(matches!(Prefix::parse(prefix), Err(Error::BadPrefix { .. })), "{prefix:?}");
        }
    }

    #[test]
    fn keys_that_are_times_have_a_later_one() {
        let prefix = Prefix::parse("/test").unwrap();
        let key = b"/test/1700000000000000000";
        assert_eq!(prefix.later(key, 7).unwrap(), b"/test/1700000000000000007");
        assert_eq!(prefix.later(&[&key[..], &[0]].concat(), 7).unwrap(), b"/test/1700000000000000007");
        assert_eq!(prefix.span_ns(key, b"/test/1700000000000000900"), Some(900));
        for strange in ["/test/", "/test/17", "/test/x700000000000000000", "/tes/1700000000000000000"] {
            assert_eq!(prefix.later(strange.as_bytes(), 7), None, "{strange}");
        }
        assert_eq!(prefix.later(b"/test/9999999999999999999", 7), None);
    }

    #[test]
    fn claims_and_consumers_are_a_range_of_their_own_without_the_other_records() {
        let items = Prefix::parse("/test").unwrap();
        let claims = items.claims();
        assert_eq!(claims.start(), b"__rq1:5:/test/a/".to_vec());
        assert_eq!(claims.end(), b"__rq1:5:/test/c0".to_vec());
        assert_eq!(&*items.about('c', b"/test/17"), b"__rq1:5:/test/c/17");
        assert!(claims.owns(b"__rq1:5:/test/c/17") && claims.owns(b"__rq1:5:/test/a/5"));
        for foreign in ["__rq1:5:/test/d/17", "__rq1:5:/test/s/01/5", "/test/17", "__rq1:6:/test2/c/17"] {
            assert!(!claims.owns(foreign.as_bytes()), "{foreign}");
        }
        assert!(!items.owns(b"__rq1:5:/test/w/7/0"));
        assert_eq!(items.item(items.name_of(b"/test/17").unwrap()), b"/test/17");
        assert_eq!(claims.shown(), "[__rq1:5:/test/, __rq1:5:/test0)");
    }

    #[test]
    fn keys_rise_when_the_clock_stands_still_or_steps_back() {
        let mut sequence = Sequence::default();
        let drawn = [100, 100, 40, 102, 200].map(|now_ns| sequence.next(now_ns));
        assert_eq!(drawn, [100, 101, 102, 103, 200]);
    }
}
