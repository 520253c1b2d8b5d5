//! Taking a large answer apart.

use prost::{Message, encoding::encoded_len_varint};

use crate::proto::WatchResponse;

/// An answer in parts that stay below `limit_bytes` wherever a single event allows it; all but the last are marked.
/// Source: etcd v3.5.5 server/etcdserver/api/v3rpc/watch.go, `sendFragments`.
pub(super) fn fragments(response: WatchResponse, limit_bytes: usize) -> Vec<WatchResponse> {
    if response.encoded_len() < limit_bytes || response.events.len() < 2 {
        return vec![response];
    }
    let empty = WatchResponse { fragment: true, events: Vec::new(), ..response };
    let empty_bytes = empty.encoded_len();
    let (mut parts, mut part, mut size_bytes) = (Vec::new(), empty.clone(), empty_bytes);
    for event in response.events {
        let event_bytes = field_len(event.encoded_len());
        if !part.events.is_empty() && size_bytes + event_bytes >= limit_bytes {
            parts.push(std::mem::replace(&mut part, empty.clone()));
            size_bytes = empty_bytes;
        }
        size_bytes += event_bytes;
        part.events.push(event);
    }
    part.fragment = false;
    parts.push(part);
    parts
}

/// What a message of `bytes` takes as the field `events`, whose number fits into a tag of one byte.
fn field_len(bytes: usize) -> usize {
    1 + encoded_len_varint(bytes as u64) + bytes
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::proto::{Event, KeyValue};

    fn response(value_bytes: &[usize]) -> WatchResponse {
        let event = |&bytes: &usize| {
            let kv = KeyValue { key: "k".into(), value: vec![b'x'; bytes].into(), ..KeyValue::default() };
            Event { kv: Some(kv), ..Event::default() }
        };
        WatchResponse {
            watch_id: 3,
            events: value_bytes.iter().map(event).collect(),
            ..WatchResponse::default()
        }
    }

    fn sizes(parts: &[WatchResponse]) -> Vec<(usize, bool)> {
        parts.iter().map(|part| (part.events.len(), part.fragment)).collect()
    }

    #[test]
    fn parts_stay_below_the_limit_and_all_but_the_last_say_so() {
        let parts = fragments(response(&[400, 400, 400, 400, 400]), 1_000);
        assert_eq!(sizes(&parts), [(2, true), (2, true), (1, false)]);
        assert!(parts.iter().all(|part| part.encoded_len() < 1_000 && part.watch_id == 3));
    }

    #[test]
    fn a_part_that_would_reach_the_limit_exactly_is_ended_before() {
        let three = WatchResponse { fragment: true, ..response(&[300, 300, 300]) }.encoded_len();
        assert_eq!(sizes(&fragments(response(&[300; 4]), three)), [(2, true), (2, false)]);
        assert_eq!(sizes(&fragments(response(&[300; 4]), three + 1)), [(3, true), (1, false)]);
    }

    #[test]
    fn an_event_above_the_limit_goes_alone_and_a_single_one_is_never_marked() {
        assert_eq!(sizes(&fragments(response(&[10, 2_000, 10]), 1_000)), [(1, true), (1, true), (1, false)]);
        assert_eq!(sizes(&fragments(response(&[2_000]), 1_000)), [(1, false)]);
    }
}
