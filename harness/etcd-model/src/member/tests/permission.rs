//! What each call about keys takes.

use super::Bench;
use crate::{
    auth::Credential,
    proto::{
        CompactionRequest, Compare, DeleteRangeRequest, PutRequest, RangeRequest, RequestOp, TxnRequest,
        request_op::Request,
    },
    refusal::Refusal,
};

const DENIED: Result<(), Refusal> = Err(Refusal::PermissionDenied);

fn range(key: &'static str) -> Request {
    Request::RequestRange(RangeRequest { key: key.into(), ..RangeRequest::default() })
}

fn put(key: &'static str) -> Request {
    Request::RequestPut(PutRequest { key: key.into(), ..PutRequest::default() })
}

fn txn(success: Vec<Request>, failure: Vec<Request>) -> TxnRequest {
    let operations = |requests: Vec<Request>| {
        requests.into_iter().map(|request| RequestOp { request: Some(request) }).collect()
    };
    TxnRequest { compare: Vec::new(), success: operations(success), failure: operations(failure) }
}

/// What comes of a transaction by `a`, who may read `r/…` and write `w/…`.
fn carried_out(release: &str, request: &TxnRequest) -> Result<(), Refusal> {
    let mut bench = Bench::on(release);
    let a = bench.log_in("a");
    bench.member.txn(&a, request, bench.start).map(|_| ())
}

#[test]
fn both_branches_of_a_transaction_and_what_it_compares_are_checked() {
    let carried_out = |request: &TxnRequest| carried_out("3.5.5", request);
    assert_eq!(carried_out(&txn(vec![range("r/1"), put("w/1")], vec![put("w/2")])), Ok(()));
    assert_eq!(carried_out(&txn(vec![put("r/1")], vec![])), DENIED);
    // The branch that is not taken.
    assert_eq!(carried_out(&txn(vec![], vec![put("r/1")])), DENIED);
    assert_eq!(carried_out(&txn(vec![], vec![range("w/1")])), DENIED);
    let compare = |key: &'static str| TxnRequest {
        compare: vec![Compare { key: key.into(), ..Compare::default() }],
        ..txn(vec![put("w/1")], vec![])
    };
    assert_eq!(carried_out(&compare("r/1")), Ok(()));
    assert_eq!(carried_out(&compare("w/1")), DENIED);
}

#[test]
fn a_nested_transaction_is_checked_since_3_5_28() {
    let request = txn(vec![Request::RequestTxn(txn(vec![put("r/1")], vec![]))], vec![]);
    assert_eq!(carried_out("3.5.27", &request), Ok(()));
    assert_eq!(carried_out("3.5.28", &request), DENIED);
}

#[test]
fn to_see_what_was_there_takes_leave_to_read_it() {
    let mut bench = Bench::on("3.5.5");
    let a = bench.log_in("a");
    let now = bench.start;
    let mut put = |prev_kv| {
        let request = PutRequest { key: "w/1".into(), prev_kv, ..PutRequest::default() };
        bench.member.put(&a, &request, now).map(|_| ())
    };
    assert_eq!((put(false), put(true)), (Ok(()), DENIED));
    let mut delete = |prev_kv| {
        let request = DeleteRangeRequest { key: "w/1".into(), prev_kv, ..DeleteRangeRequest::default() };
        bench.member.delete_range(&a, &request, now).map(|_| ())
    };
    assert_eq!((delete(false), delete(true)), (Ok(()), DENIED));
    let request = |prev_kv| {
        let put = PutRequest { key: "w/1".into(), prev_kv, ..PutRequest::default() };
        txn(vec![Request::RequestPut(put)], vec![])
    };
    assert_eq!(carried_out("3.5.29", &request(true)), Ok(()));
    assert_eq!(carried_out("3.5.30", &request(true)), DENIED);
    assert_eq!(carried_out("3.5.30", &request(false)), Ok(()));
}

#[test]
fn a_range_must_be_covered_as_a_whole() {
    let mut bench = Bench::on("3.5.5");
    let a = bench.log_in("a");
    let now = bench.start;
    let mut read = |key: &'static str, range_end: &'static str| {
        let request =
            RangeRequest { key: key.into(), range_end: range_end.into(), ..RangeRequest::default() };
        bench.member.range(&a, &request, now).map(|_| ())
    };
    assert_eq!(read("r/", "r0"), Ok(()));
    assert_eq!(read("r", "r0"), DENIED);
    assert_eq!(read("r/", "\0"), DENIED);
    assert_eq!(read("w/1", ""), DENIED);
}

#[test]
fn compacting_takes_root_since_3_5_28() {
    let compacted = |release: &str, login: Option<&str>| {
        let mut bench = Bench::on(release);
        let credential = login.map_or(Credential::None, |user| bench.log_in(user));
        let request = CompactionRequest { revision: 1, physical: false };
        bench.member.compact(&credential, &request, bench.start).map(|_| ())
    };
    assert_eq!(compacted("3.5.27", None), Ok(()));
    assert_eq!(compacted("3.5.28", None), Err(Refusal::UserEmpty));
    assert_eq!(compacted("3.5.28", Some("a")), DENIED);
    assert_eq!(compacted("3.5.28", Some("root")), Ok(()));
}
