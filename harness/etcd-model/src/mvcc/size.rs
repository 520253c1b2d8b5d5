//! How much room a change takes in a backend.

use prost::Message;

use crate::proto::Event;

/// What bbolt keeps of an entry of a page, bytes. Source: go.etcd.io/bbolt v1.3.6 page.go, `leafPageElementSize`.
const ELEMENT_BYTES: u64 = 16;

/// The key of a change: its revision. Source: etcd v3.5.5 server/mvcc/revision.go, `revBytesLen`; that of a deletion
/// is one longer.
const REVISION_BYTES: u64 = 17;

/// How many bytes a change takes, in a page that has room for it.
pub(super) fn of(event: &Event) -> u64 {
    let value = event.kv.as_ref().map_or(0, Message::encoded_len);
    ELEMENT_BYTES + REVISION_BYTES + u64::try_from(value).unwrap_or(u64::MAX)
}
