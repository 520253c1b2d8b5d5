//! One claim's record, the value of `c/<item>`: `owner attempts not-before-ms item nonce`, `-` for no owner.

pub(crate) use crate::protocol::session::SessionId;

/// What a record says.
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

    /// What is no record says nothing: the item is free, and was never handed out.
    pub(crate) fn decode(value: &[u8]) -> Self {
        Self::parse(value).unwrap_or_default()
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_record_says_what_was_written() {
        let session = SessionId::new(0, 17);
        for owner in [None, Some(session)] {
            let record = Record { owner, attempts: 2, not_before_ms: 3, item: 4, nonce: 5 };
            assert_eq!(Record::decode(&record.encode()), record);
        }
        assert_eq!(
            Record { owner: Some(session), attempts: 2, not_before_ms: 3, item: 4, nonce: 5 }.encode(),
            b"00000000000000000000000000000011 2 3 4 5"
        );
    }

    #[test]
    fn what_is_no_record_claims_nothing() {
        for strange in ["", "17", "17 2 3 4", "x 2 3 4 5", "17 -2 3 4 5"] {
            assert_eq!(Record::decode(strange.as_bytes()), Record::default(), "{strange}");
        }
    }
}
