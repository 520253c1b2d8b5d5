//! Transactions: comparisons, branches, and what their operations see of each other.

use super::*;
use crate::proto::{
    Compare, RequestOp, TxnRequest, TxnResponse,
    compare::{CompareResult, CompareTarget, TargetUnion},
    request_op::Request,
    response_op::Response,
};

fn op(request: Request) -> RequestOp {
    RequestOp { request: Some(request) }
}

fn put_op(key: &str, value: &str) -> RequestOp {
    op(Request::RequestPut(request(key, value)))
}

fn delete_op(key: &str) -> RequestOp {
    op(Request::RequestDeleteRange(deletion(key, "")))
}

fn range_op(revision: i64) -> RequestOp {
    op(Request::RequestRange(RangeRequest { revision, ..from("a") }))
}

fn compare(key: &str, result: CompareResult, with: TargetUnion) -> Compare {
    let target = match &with {
        TargetUnion::Version(_) => CompareTarget::Version,
        TargetUnion::CreateRevision(_) => CompareTarget::Create,
        TargetUnion::ModRevision(_) => CompareTarget::Mod,
        TargetUnion::Value(_) => CompareTarget::Value,
        TargetUnion::Lease(_) => CompareTarget::Lease,
    };
    Compare {
        result: result.into(),
        target: target.into(),
        key: key.to_owned().into(),
        range_end: Bytes::new(),
        target_union: Some(with),
    }
}

fn run(store: &mut Store, request: &TxnRequest) -> (TxnResponse, Option<Applied>) {
    store.txn(request, &|lease| lease == 7).unwrap()
}

fn then(success: Vec<RequestOp>) -> TxnRequest {
    TxnRequest { success, ..TxnRequest::default() }
}

/// The revision in each answer's header.
fn revisions(response: &TxnResponse) -> Vec<i64> {
    let of = |response: &Response| match response {
        Response::ResponseRange(response) => response.header,
        Response::ResponsePut(response) => response.header,
        Response::ResponseDeleteRange(response) => response.header,
        Response::ResponseTxn(response) => response.header,
    };
    response.responses.iter().map(|op| of(op.response.as_ref().unwrap()).unwrap().revision).collect()
}

#[test]
fn every_comparison_of_a_key_that_is_there() {
    let mut store = store();
    put(&mut store, "a", "m");
    store.put(&PutRequest { lease: 7, ..request("a", "m") }, &|_| true).unwrap();
    type With = fn(i64) -> TargetUnion;
    let cases: [(With, i64); 4] = [
        (TargetUnion::Version, 2),
        (TargetUnion::CreateRevision, 2),
        (TargetUnion::ModRevision, 3),
        (TargetUnion::Lease, 7),
    ];
    let mut holds = |result, with| {
        run(&mut store, &TxnRequest { compare: vec![compare("a", result, with)], ..TxnRequest::default() })
            .0
            .succeeded
    };
    for (with, is) in cases {
        for (result, expected) in [
            (CompareResult::Equal, [false, true, false]),
            (CompareResult::NotEqual, [true, false, true]),
            (CompareResult::Greater, [true, false, false]),
            (CompareResult::Less, [false, false, true]),
        ] {
            let found = [is - 1, is, is + 1].map(|number| holds(result, with(number)));
            assert_eq!(found, expected, "{result:?} around {:?}", with(is));
        }
    }
    assert!(holds(CompareResult::Equal, TargetUnion::Value("m".into())));
    assert!(holds(CompareResult::Less, TargetUnion::Value("n".into())));
    assert!(!holds(CompareResult::Greater, TargetUnion::Value("n".into())));
}

#[test]
fn a_key_that_is_not_there_compares_as_zeros_and_its_value_never() {
    let mut store = store();
    let mut holds = |result, with| {
        run(&mut store, &TxnRequest { compare: vec![compare("a", result, with)], ..TxnRequest::default() })
            .0
            .succeeded
    };
    assert!(holds(CompareResult::Equal, TargetUnion::Version(0)));
    assert!(holds(CompareResult::Equal, TargetUnion::ModRevision(0)));
    assert!(holds(CompareResult::Less, TargetUnion::CreateRevision(1)));
    assert!(holds(CompareResult::Equal, TargetUnion::Lease(0)));
    for result in [CompareResult::Equal, CompareResult::NotEqual, CompareResult::Less, CompareResult::Greater]
    {
        assert!(!holds(result, TargetUnion::Value("".into())), "{result:?}");
    }
}

#[test]
fn a_comparison_of_a_range_must_hold_for_every_key_of_it() {
    let mut store = store();
    put(&mut store, "a", "1");
    put(&mut store, "b", "1");
    let mut holds = |key: &str, revision| {
        let below = compare(key, CompareResult::Less, TargetUnion::ModRevision(revision));
        let compare = vec![Compare { range_end: "\0".into(), ..below }];
        run(&mut store, &TxnRequest { compare, ..TxnRequest::default() }).0.succeeded
    };
    assert!(holds("a", 4));
    assert!(!holds("a", 3));
    assert!(holds("c", 1));
    assert!(!holds("c", 0));
}

#[test]
fn what_is_compared_with_another_kind_than_the_target_is_zero() {
    let mut store = store();
    put(&mut store, "a", "1");
    let odd = Compare {
        target: CompareTarget::Version.into(),
        ..compare("a", CompareResult::Greater, TargetUnion::ModRevision(100))
    };
    assert!(run(&mut store, &TxnRequest { compare: vec![odd], ..TxnRequest::default() }).0.succeeded);
}

#[test]
fn a_branch_is_one_revision_and_its_reads_see_its_writes() {
    let mut store = store();
    put(&mut store, "a", "1");
    let request =
        then(vec![range_op(0), put_op("b", "1"), range_op(0), delete_op("a"), range_op(0), range_op(2)]);
    let (response, applied) = run(&mut store, &request);
    assert_eq!((response.header.unwrap().revision, store.revision()), (3, 3));
    assert_eq!(revisions(&response), [2, 3, 3, 3, 3, 3]);
    let seen: Vec<usize> = response
        .responses
        .iter()
        .filter_map(|op| match op.response.as_ref().unwrap() {
            Response::ResponseRange(range) => Some(range.kvs.len()),
            _ => None,
        })
        .collect();
    assert_eq!(seen, [1, 2, 1, 1]);
    assert_eq!(told(&applied.unwrap()), "+b -a");
}

#[test]
fn a_transaction_that_changes_nothing_is_no_revision() {
    let mut store = store();
    put(&mut store, "a", "1");
    let lost = compare("a", CompareResult::Equal, TargetUnion::ModRevision(9));
    let claim = TxnRequest { compare: vec![lost], success: vec![delete_op("a")], failure: Vec::new() };
    let (response, applied) = run(&mut store, &claim);
    assert_eq!((response.succeeded, response.responses.len()), (false, 0));
    assert_eq!((response.header.unwrap().revision, applied, store.revision()), (2, None, 2));
    let (response, applied) = run(&mut store, &then(vec![delete_op("b"), range_op(0)]));
    assert_eq!((revisions(&response), applied, store.revision()), (vec![2, 2], None, 2));
}

#[test]
fn nested_comparisons_see_the_store_as_it_was_before_the_transaction() {
    let mut store = store();
    let there = compare("a", CompareResult::Greater, TargetUnion::Version(0));
    let nested = TxnRequest {
        compare: vec![there],
        success: vec![put_op("seen", "")],
        failure: vec![put_op("unseen", "")],
    };
    let request = then(vec![put_op("a", "1"), op(Request::RequestTxn(nested))]);
    let (response, applied) = run(&mut store, &request);
    assert_eq!(told(&applied.unwrap()), "+a +unseen");
    assert_eq!(revisions(&response), [2, 0]);
}

#[test]
fn a_transaction_that_cannot_be_carried_out_writes_nothing() {
    let mut store = store();
    put(&mut store, "a", "1");
    let keeps =
        |lease| op(Request::RequestPut(PutRequest { ignore_value: true, lease, ..request("new", "") }));
    let mut refused = |bad: Vec<RequestOp>| {
        let mut success = vec![put_op("b", "1")];
        success.extend(bad);
        store.txn(&then(success), &|lease| lease == 7).unwrap_err()
    };
    assert_eq!(refused(vec![range_op(3)]), Refusal::FutureRevision);
    assert_eq!(refused(vec![range_op(-2)]), Refusal::Compacted);
    assert_eq!(refused(vec![keeps(0)]), Refusal::KeyNotFound);
    assert_eq!(refused(vec![keeps(9)]), Refusal::KeyNotFound);
    assert_eq!(refused(vec![range_op(3), keeps(0)]), Refusal::KeyNotFound);
    assert_eq!(refused(vec![op(Request::RequestTxn(then(vec![range_op(3)])))]), Refusal::FutureRevision);
    assert_eq!((store.revision(), store.get(b"b")), (2, None));
}

#[test]
fn new_releases_check_operations_in_their_order_and_a_lease_before_its_key() {
    let mut store = Store::new(NEW);
    let keeps =
        |lease| op(Request::RequestPut(PutRequest { ignore_value: true, lease, ..request("new", "") }));
    let mut refused = |success| store.txn(&then(success), &|_| false).unwrap_err();
    assert_eq!(refused(vec![range_op(3), keeps(0)]), Refusal::FutureRevision);
    assert_eq!(refused(vec![keeps(9)]), Refusal::LeaseNotFound);
}
