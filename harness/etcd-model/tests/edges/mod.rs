//! Requests at the limits of what is allowed: sizes, numbers of operations, long streams, orders that do not exist.

use bytes::Bytes;
use etcd_model::proto::{
    Compare, DeleteRangeRequest, PutRequest, RangeRequest, RequestOp, TxnRequest, request_op::Request,
};

use crate::call::Call;

/// What a put to a one-letter key may hold at most: 1.5 MiB, less 7 bytes of its own and 17 around it.
const LARGEST_VALUE_BYTES: usize = 1536 * 1024 - 7 - 17;

/// The calls in their order, each with what it is about.
pub fn calls(version: &str) -> Vec<(String, Call)> {
    let mut calls = Vec::new();
    let mut add = |title: &str, call: Call| calls.push((title.to_owned(), call));
    add("the largest put", put("k", LARGEST_VALUE_BYTES));
    add("a put one byte too large", put("k", LARGEST_VALUE_BYTES + 1));
    add("a put that gRPC lets in just so", put("k", 2 * 1024 * 1024 - 7));
    add("a put that gRPC does not let in", put("k", 2 * 1024 * 1024 - 6));
    add("a large transaction that only reads", Call::Txn(txn(vec![range_of(&"r".repeat(1_600_000))])));
    add("a large transaction that writes", Call::Txn(txn(vec![put_of(&"w".repeat(1_600_000))])));

    add("128 operations", Call::Txn(txn(puts(128))));
    add("129 operations", Call::Txn(txn(puts(129))));
    add("128 comparisons", Call::Txn(compares(128)));
    add("129 comparisons", Call::Txn(compares(129)));
    add("127 operations within one", Call::Txn(txn(vec![nested(txn(puts(127)))])));
    add("128 operations within one", Call::Txn(txn(vec![nested(txn(puts(128)))])));
    add("126 operations within two", Call::Txn(txn(vec![nested(txn(vec![nested(txn(puts(126)))]))])));
    add("127 operations within two", Call::Txn(txn(vec![nested(txn(vec![nested(txn(puts(127)))]))])));

    add("a put of what is deleted", Call::Txn(txn(vec![delete_of("p", "q"), put_of("p/1")])));
    add("a put of what is deleted after it", Call::Txn(txn(vec![put_of("p/1"), delete_of("p", "q")])));
    add("a put of what is deleted from a key on", Call::Txn(txn(vec![delete_of("p", "\0"), put_of("p/1")])));
    add(
        "a put of what is deleted within, before",
        Call::Txn(txn(vec![nested(txn(vec![delete_of("p/1", "")])), put_of("p/1")])),
    );
    add(
        "a put within of what is deleted within, after",
        Call::Txn(txn(vec![
            nested(txn(vec![put_of("p/1")])),
            nested(txn(vec![delete_of("p/1", "")])),
            range_of("p/1"),
        ])),
    );
    add("an order that does not exist", Call::Range(RangeRequest { sort_order: 7, ..all() }));
    add(
        "an order that does not exist, limited",
        Call::Range(RangeRequest { sort_order: 7, limit: 2, ..all() }),
    );
    if !version.starts_with("3.5.") {
        // 3.5 sorts by a target that does not exist, and goes down.
        add("a target that does not exist", Call::Range(RangeRequest { sort_target: 9, ..all() }));
    }

    for number in 0..300 {
        let size_bytes = if number % 50 == 7 { 400_000 } else { 1_000 + number * 40 };
        add("an item", put(&format!("s/{number:03}"), size_bytes));
    }
    for limit in [0, 1, 9, 10, 11, 30, 31, 299, 300, 301, -1] {
        let title = format!("a stream of at most {limit}");
        add(&title, Call::RangeStream(RangeRequest { limit, ..items() }));
    }
    add("a stream of keys", Call::RangeStream(RangeRequest { keys_only: true, ..items() }));
    add("a count as a stream", Call::RangeStream(RangeRequest { count_only: true, limit: 3, ..items() }));
    add("a stream of the past", Call::RangeStream(RangeRequest { revision: 100, ..items() }));
    add("a stream of the future", Call::RangeStream(RangeRequest { revision: 100_000, ..items() }));
    add("a stream by key", Call::RangeStream(RangeRequest { sort_order: 1, limit: 12, ..items() }));
    add("a stream by age", Call::RangeStream(RangeRequest { sort_order: 1, sort_target: 3, ..items() }));
    add("a stream of what is new", Call::RangeStream(RangeRequest { min_mod_revision: 9, ..items() }));
    add(
        "a stream of nothing",
        Call::RangeStream(RangeRequest { key: "nothing".into(), ..RangeRequest::default() }),
    );
    for (sort_order, sort_target) in [(0, 3), (1, 3), (1, 2), (2, 3), (0, 2), (1, 0), (2, 0), (0, 4), (1, 4)]
    {
        let title = format!("the first by order {sort_order}, target {sort_target}");
        add(
            &title,
            Call::Range(RangeRequest { sort_order, sort_target, limit: 3, keys_only: true, ..items() }),
        );
    }
    calls
}

fn put(key: &str, value_bytes: usize) -> Call {
    let value = Bytes::from(vec![b'v'; value_bytes]);
    Call::Put(PutRequest { key: key.to_owned().into(), value, ..PutRequest::default() })
}

fn all() -> RangeRequest {
    RangeRequest { key: "p".into(), range_end: "q".into(), ..RangeRequest::default() }
}

fn items() -> RangeRequest {
    RangeRequest { key: "s".into(), range_end: "t".into(), ..RangeRequest::default() }
}

fn txn(success: Vec<RequestOp>) -> TxnRequest {
    TxnRequest { success, ..TxnRequest::default() }
}

fn compares(number: usize) -> TxnRequest {
    let compare =
        (0..number).map(|number| Compare { key: format!("c/{number}").into(), ..Compare::default() });
    TxnRequest { compare: compare.collect(), ..TxnRequest::default() }
}

fn puts(number: usize) -> Vec<RequestOp> {
    (0..number).map(|number| put_of(&format!("n/{number}"))).collect()
}

fn put_of(key: &str) -> RequestOp {
    let put = PutRequest { key: key.to_owned().into(), value: "v".into(), ..PutRequest::default() };
    RequestOp { request: Some(Request::RequestPut(put)) }
}

fn range_of(key: &str) -> RequestOp {
    let range = RangeRequest { key: key.to_owned().into(), ..RangeRequest::default() };
    RequestOp { request: Some(Request::RequestRange(range)) }
}

fn delete_of(key: &str, range_end: &str) -> RequestOp {
    let (key, range_end) = (key.to_owned().into(), range_end.to_owned().into());
    let delete = DeleteRangeRequest { key, range_end, ..DeleteRangeRequest::default() };
    RequestOp { request: Some(Request::RequestDeleteRange(delete)) }
}

fn nested(txn: TxnRequest) -> RequestOp {
    RequestOp { request: Some(Request::RequestTxn(txn)) }
}
