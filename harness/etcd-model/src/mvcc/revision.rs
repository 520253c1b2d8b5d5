//! Where in history a change lies.

/// A place in history: the revision, and the change within it, counted from 0.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Revision {
    /// What clients call the revision.
    pub(super) main: i64,
    /// Which change of that revision.
    pub(super) sub: i64,
}

impl Revision {
    /// The first place of a revision.
    pub(super) const fn first(main: i64) -> Self {
        Self { main, sub: 0 }
    }
}
