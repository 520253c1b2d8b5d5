//! The store's rules, one by one. That they are etcd's is for `tests/kv_against_real_etcd.rs` to say.

mod admission;
mod compaction;
mod history;
mod live;
mod oracle;
mod range;
mod txn;

use bytes::Bytes;

use super::{Applied, Store};
use crate::{
    proto::{DeleteRangeRequest, KeyValue, PutRequest, RangeRequest, event::EventType},
    refusal::Refusal,
    release::Release,
};

/// The release that most tests are about.
const OLD: Release = Release::new(3, 5, 5);

/// One with what was changed since.
const NEW: Release = Release::new(3, 7, 3);

fn store() -> Store {
    Store::new(OLD)
}

fn request(key: &str, value: &str) -> PutRequest {
    PutRequest { key: key.to_owned().into(), value: value.to_owned().into(), ..PutRequest::default() }
}

/// Puts a key; returns the revision.
fn put(store: &mut Store, key: &str, value: &str) -> i64 {
    let (response, _) = store.put(&request(key, value), &|_| true).unwrap();
    response.header.unwrap().revision
}

fn put_leased(store: &mut Store, key: &str, lease: i64) {
    store.put(&PutRequest { lease, ..request(key, "") }, &|_| true).unwrap();
}

fn deletion(key: &str, range_end: &str) -> DeleteRangeRequest {
    DeleteRangeRequest { key: key.to_owned().into(), range_end: range_end.to_owned().into(), prev_kv: false }
}

fn delete(store: &mut Store, key: &str) -> Option<Applied> {
    store.delete_range(&deletion(key, "")).1
}

/// Everything from a key on.
fn from(key: &str) -> RangeRequest {
    RangeRequest { key: key.to_owned().into(), range_end: "\0".into(), ..RangeRequest::default() }
}

/// The keys that a range holds, as one word, or why it is refused.
fn keys(store: &Store, request: &RangeRequest) -> Result<String, Refusal> {
    let text = |key: &Bytes| String::from_utf8(key.to_vec()).unwrap();
    let kvs = store.range(request)?.kvs;
    Ok(kvs.iter().map(|kv| text(&kv.key)).collect::<Vec<_>>().join(" "))
}

fn get(store: &Store, key: &str) -> KeyValue {
    store.get(key.as_bytes()).unwrap().clone()
}

/// What was applied, as `+key` and `-key`.
fn told(applied: &Applied) -> String {
    let events = applied.events.iter().map(|event| {
        let sign = if event.r#type() == EventType::Put { '+' } else { '-' };
        format!("{sign}{}", std::str::from_utf8(&event.kv.as_ref().unwrap().key).unwrap())
    });
    events.collect::<Vec<_>>().join(" ")
}
