//! One claim's record, the value of `c/<item>`: `owner attempts not-before-ms item nonce`, `-` for no owner.

pub(crate) use crate::protocol::session::SessionId;

/// When a record's item is handed out again that was put aside where it lies: never.
pub(crate) const NEVER_MS: u64 = u64::MAX;

/// What a record says. No two claims leave the same one, in whatever store: the sessions that it names carry a nonce.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Record {
    /// The session that holds the item; nobody does if there is none.
    pub(crate) owner: Option<SessionId>,
    /// How often the item was handed out, this time included.
    pub(crate) attempts: u32,
    /// When it may be handed out again if nobody holds it, unix milliseconds.
    pub(crate) not_before_ms: u64,
    /// The item's own revision. A record of another one is about an item that is gone.
    pub(crate) item: i64,
    /// Tells claims of one session apart.
    pub(crate) nonce: u64,
}

impl Record {
    pub(crate) fn encode(&self) -> Vec<u8> {
        let Self { owner, attempts, not_before_ms, item, nonce } = self;
        let owner = owner.map_or_else(|| "-".to_owned(), |owner| owner.to_string());
        format!("{owner} {attempts} {not_before_ms} {item} {nonce}").into_bytes()
    }

    fn parse(value: &[u8]) -> Option<Self> {
        let mut fields = std::str::from_utf8(value).ok()?.split(' ');
        let mut next = || fields.next();
        Some(Self {
            owner: match next()? {
                "-" => None,
                owner => Some(owner.parse().ok()?),
            },
            attempts: next()?.parse().ok()?,
            not_before_ms: next()?.parse().ok()?,
            item: next()?.parse().ok()?,
            nonce: next()?.parse().ok()?,
        })
    }
}

/// A record as etcd has it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Noted {
    pub(crate) record: Record,
    pub(crate) revision: i64,
    is_record: bool,
}

/// What a transaction finds in a record's place if all is as it was.
///
/// Revisions come again after a store was restored, and by them a record of somebody else could pass for the one that
/// was seen. What a record says does not come again.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Expected {
    #[default]
    Nothing,
    This(Record),
    /// Something that is no record.
    WrittenAt(i64),
}

impl Noted {
    pub(crate) fn written(record: Record, revision: i64) -> Self {
        Self { record, revision, is_record: true }
    }

    /// What is no record says nothing: the item is free, and was never handed out.
    pub(crate) fn found(value: &[u8], revision: i64) -> Self {
        let record = Record::parse(value).filter(|record| record.encode() == value);
        Self { record: record.unwrap_or_default(), revision, is_record: record.is_some() }
    }

    pub(crate) fn expected(&self) -> Expected {
        if self.is_record { Expected::This(self.record) } else { Expected::WrittenAt(self.revision) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_record_says_what_was_written() {
        let session = SessionId::new(0, 17);
        for owner in [None, Some(session)] {
            let record = Record { owner, attempts: 2, not_before_ms: 3, item: 4, nonce: 5 };
            let found = Noted::found(&record.encode(), 9);
            assert_eq!((found, found.expected()), (Noted::written(record, 9), Expected::This(record)));
        }
        assert_eq!(
            Record { owner: Some(session), attempts: 2, not_before_ms: 3, item: 4, nonce: 5 }.encode(),
            b"00000000000000000000000000000011 2 3 4 5"
        );
    }

    #[test]
    fn what_is_no_record_claims_nothing_and_is_known_by_its_revision() {
        for strange in ["", "17", "17 2 3 4", "x 2 3 4 5", "17 -2 3 4 5", "11 2 3 4 5", "- 2 3 4 5 6"] {
            let found = Noted::found(strange.as_bytes(), 9);
            assert_eq!(found.record, Record::default(), "{strange}");
            assert_eq!(found.expected(), Expected::WrittenAt(9), "{strange}");
        }
    }
}
