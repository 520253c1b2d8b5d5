//! A range of keys, as requests name it.

use bytes::Bytes;

/// A range of keys: where it starts, and how it ends.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Span {
    start: Bytes,
    end: End,
}

/// How a range ends.
#[derive(Clone, Debug, PartialEq, Eq)]
enum End {
    /// With its first key.
    Itself,
    /// Never.
    Open,
    /// Before this key. If that is not above the start, the range holds nothing.
    Before(Bytes),
}

impl Span {
    /// The range that `key` and `range_end` name in a request: no end is the key alone, one zero byte is
    /// everything from the key on. Source: etcd v3.5.5 server/etcdserver/apply.go, `mkGteRange`.
    pub(crate) fn of(key: &Bytes, range_end: &Bytes) -> Self {
        let end = match range_end.as_ref() {
            [] => End::Itself,
            [0] => End::Open,
            _ => End::Before(range_end.clone()),
        };
        Self { start: key.clone(), end }
    }

    /// The key, if the range is a single one.
    pub(super) fn single(&self) -> Option<&Bytes> {
        matches!(self.end, End::Itself).then_some(&self.start)
    }

    /// Where it starts.
    pub(super) fn start(&self) -> &Bytes {
        &self.start
    }

    /// Whether `key` lies before its start.
    pub(super) fn is_after(&self, key: &[u8]) -> bool {
        key < self.start.as_ref()
    }

    /// Whether `key` lies past its end.
    pub(super) fn is_before(&self, key: &[u8]) -> bool {
        match &self.end {
            End::Itself => key > self.start.as_ref(),
            End::Open => false,
            End::Before(end) => key >= end.as_ref(),
        }
    }

    /// Whether `key` lies in it.
    pub(crate) fn covers(&self, key: &[u8]) -> bool {
        !self.is_after(key) && !self.is_before(key)
    }
}
