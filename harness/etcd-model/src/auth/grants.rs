//! What a user's roles allow, taken together.
//!
//! Source: etcd v3.5.5 server/auth/range_perm_cache.go and pkg/adt/interval_tree.go.

use bytes::{BufMut, Bytes, BytesMut};

use super::Access;
use crate::proto::{Permission, permission::Type};

/// The ranges that a user may read, or write.
#[derive(Debug, Default)]
pub(super) struct Grants(Vec<Interval>);

impl Grants {
    /// Those among `permissions` that allow `access`.
    pub(super) fn of<'role>(permissions: impl Iterator<Item = &'role Permission>, access: Access) -> Self {
        let mut intervals: Vec<_> = permissions
            .filter(|permission| allows(permission, access))
            .map(|permission| Interval::of(&permission.key, &permission.range_end))
            .collect();
        intervals.sort_by(|one, other| one.begin.cmp(&other.begin));
        Self(intervals)
    }

    /// Whether they cover a range as requests name it. A single key must lie in one of them; a range, in several of
    /// which each begins no later than those before it end.
    pub(super) fn cover(&self, key: &[u8], range_end: &[u8]) -> bool {
        let asked = Interval::of(&Bytes::copy_from_slice(key), &Bytes::copy_from_slice(range_end));
        let mut touched = self.0.iter().filter(|granted| granted.overlaps(&asked));
        let Some(first) = touched.next() else { return false };
        if range_end.is_empty() {
            return true;
        }
        let mut end = &first.end;
        for granted in touched {
            if *end < granted.begin {
                return false;
            }
            end = end.max(&granted.end);
        }
        first.begin <= asked.begin && *end >= asked.end
    }
}

/// Whether a permission is of a kind that allows `access`. A kind that does not exist allows nothing.
fn allows(permission: &Permission, access: Access) -> bool {
    match Type::try_from(permission.perm_type) {
        Ok(Type::Readwrite) => true,
        Ok(Type::Read) => access == Access::Read,
        Ok(Type::Write) => access == Access::Write,
        Err(_) => false,
    }
}

/// Whether a range is one that a permission can be on: it has a start, and an end that is missing, open or above the
/// start. Source: `isValidPermissionRange`; [`crate::release::Fact::PermissionRangeChecked`].
pub(super) fn can_hold(key: &[u8], range_end: &[u8]) -> bool {
    !key.is_empty() && (range_end.is_empty() || range_end == [0] || key < range_end)
}

/// A range of keys, its end left out.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Interval {
    begin: Bound,
    end: Bound,
}

/// A place among all keys. The order of the variants is theirs.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Bound {
    Key(Bytes),
    /// Behind all keys. The empty key stands for it, even where a range starts.
    End,
}

impl Interval {
    /// The range that `key` and `range_end` name: no end is the key alone, a zero byte is everything from the key on.
    fn of(key: &Bytes, range_end: &Bytes) -> Self {
        let end = match range_end.as_ref() {
            [] => Bound::Key(just_after(key)),
            [0] => Bound::End,
            _ => Bound::Key(range_end.clone()),
        };
        let begin = if key.is_empty() { Bound::End } else { Bound::Key(key.clone()) };
        Self { begin, end }
    }

    fn overlaps(&self, asked: &Self) -> bool {
        let left = asked.begin < self.begin && asked.end <= self.begin;
        let right = asked.begin >= self.end;
        !left && !right
    }
}

/// The least key above `key`.
fn just_after(key: &[u8]) -> Bytes {
    let mut next = BytesMut::with_capacity(key.len() + 1);
    next.put_slice(key);
    next.put_u8(0);
    next.freeze()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn permission(kind: Type, key: &'static str, range_end: &'static str) -> Permission {
        Permission { perm_type: kind.into(), key: key.into(), range_end: range_end.into() }
    }

    fn readable(permissions: &[Permission], key: &str, range_end: &str) -> bool {
        Grants::of(permissions.iter(), Access::Read).cover(key.as_bytes(), range_end.as_bytes())
    }

    #[test]
    fn a_key_is_covered_by_a_grant_of_itself_or_of_a_range_around_it() {
        let granted = [permission(Type::Read, "a", ""), permission(Type::Read, "q/", "q0")];
        assert!(readable(&granted, "a", ""));
        assert!(readable(&granted, "q/", ""));
        assert!(readable(&granted, "q/1", ""));
        assert!(!readable(&granted, "a0", ""));
        assert!(!readable(&granted, "q0", ""));
        assert!(!readable(&granted, "q", ""));
        assert!(!readable(&[], "a", ""));
    }

    #[test]
    fn a_range_is_covered_only_without_a_gap() {
        let granted = [permission(Type::Read, "c", "e"), permission(Type::Read, "a", "c")];
        assert!(readable(&granted, "a", "e"));
        assert!(readable(&granted, "b", "d"));
        assert!(!readable(&granted, "a", "f"));
        assert!(!readable(&granted, "0", "b"));
        let apart = [permission(Type::Read, "a", "c"), permission(Type::Read, "c0", "e")];
        assert!(!readable(&apart, "a", "e"));
    }

    #[test]
    fn a_grant_within_another_takes_nothing_away() {
        let granted = [permission(Type::Read, "a", "z"), permission(Type::Read, "b", "c")];
        assert!(readable(&granted, "a", "y"));
    }

    #[test]
    fn a_single_key_granted_closes_a_gap_of_one() {
        let granted = [permission(Type::Read, "a", "b"), permission(Type::Read, "b", "")];
        assert!(readable(&granted, "a", "b\0"));
        assert!(!readable(&granted, "a", "b0"));
    }

    #[test]
    fn everything_from_a_key_on_needs_a_grant_without_an_end() {
        let granted = [permission(Type::Read, "b", "\0")];
        assert!(readable(&granted, "b", "\0"));
        assert!(readable(&granted, "c", "z"));
        assert!(!readable(&granted, "a", "\0"));
        assert!(!readable(&[permission(Type::Read, "b", "z")], "b", "\0"));
    }

    #[test]
    fn reading_and_writing_are_granted_apart_or_together() {
        let granted = [permission(Type::Write, "w", ""), permission(Type::Readwrite, "b", "")];
        let writable = |key: &str| Grants::of(granted.iter(), Access::Write).cover(key.as_bytes(), &[]);
        assert!(!readable(&granted, "w", ""));
        assert!(readable(&granted, "b", ""));
        assert!(writable("w") && writable("b"));
        assert!(!Grants::of([permission(Type::Read, "r", "")].iter(), Access::Write).cover(b"r", &[]));
    }

    #[test]
    fn a_grant_of_an_unknown_kind_grants_nothing() {
        let granted = [Permission { perm_type: 7, key: "a".into(), range_end: Bytes::new() }];
        assert!(!readable(&granted, "a", ""));
    }

    #[test]
    fn a_permission_can_be_on_a_key_a_range_and_everything_from_a_key_on() {
        assert!(can_hold(b"a", b""));
        assert!(can_hold(b"a", b"b"));
        assert!(can_hold(b"a", b"\0"));
        assert!(!can_hold(b"", b""));
        assert!(!can_hold(b"", b"\0"));
        assert!(!can_hold(b"b", b"a"));
        assert!(!can_hold(b"b", b"b"));
    }
}
