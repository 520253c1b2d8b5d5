//! What is refused before the store is asked.

use super::*;
use crate::{
    mvcc::admission,
    proto::{Compare, RequestOp, TxnRequest, request_op::Request},
};

fn put_op(key: &str) -> RequestOp {
    RequestOp { request: Some(Request::RequestPut(request(key, "v"))) }
}

fn delete_op(key: &str, end: &str) -> RequestOp {
    RequestOp { request: Some(Request::RequestDeleteRange(deletion(key, end))) }
}

fn nested(success: Vec<RequestOp>, failure: Vec<RequestOp>) -> RequestOp {
    RequestOp { request: Some(Request::RequestTxn(TxnRequest { compare: Vec::new(), success, failure })) }
}

fn check(success: Vec<RequestOp>) -> Result<(), Refusal> {
    admission::txn(&TxnRequest { success, ..TxnRequest::default() }, 128, OLD)
}

fn many(number: usize) -> Vec<RequestOp> {
    (0..number).map(|number| put_op(&format!("k/{number}"))).collect()
}

#[test]
fn a_request_needs_a_key() {
    assert_eq!(admission::range(&from(""), OLD), Err(Refusal::EmptyKey));
    assert_eq!(admission::put(&request("", "v")), Err(Refusal::EmptyKey));
    assert_eq!(admission::delete_range(&deletion("", "b")), Err(Refusal::EmptyKey));
    assert_eq!(check(vec![put_op("")]), Err(Refusal::EmptyKey));
    let compare = vec![Compare::default()];
    assert_eq!(
        admission::txn(&TxnRequest { compare, ..TxnRequest::default() }, 128, OLD),
        Err(Refusal::EmptyKey)
    );
    assert_eq!(check(vec![RequestOp { request: None }]), Err(Refusal::KeyNotFound));
}

#[test]
fn a_put_cannot_both_keep_and_bring() {
    let keeps_value = PutRequest { ignore_value: true, ..request("a", "v") };
    assert_eq!(admission::put(&keeps_value), Err(Refusal::ValueProvided));
    let keeps_lease = PutRequest { ignore_lease: true, lease: 7, ..request("a", "v") };
    assert_eq!(admission::put(&keeps_lease), Err(Refusal::LeaseProvided));
    let keeps_both = PutRequest { ignore_value: true, ignore_lease: true, ..request("a", "") };
    assert_eq!(admission::put(&keeps_both), Ok(()));
}

#[test]
fn an_order_that_does_not_exist_is_refused_by_new_releases() {
    let odd = RangeRequest { sort_order: 7, ..from("a") };
    assert_eq!(admission::range(&odd, OLD), Ok(()));
    assert_eq!(admission::range(&odd, NEW), Err(Refusal::InvalidSortOption));
}

#[test]
fn a_level_has_128_operations_less_what_the_levels_above_it_have() {
    assert_eq!(check(many(128)), Ok(()));
    assert_eq!(check(many(129)), Err(Refusal::TooManyOperations));
    assert_eq!(check(vec![nested(many(127), Vec::new())]), Ok(()));
    assert_eq!(check(vec![nested(many(128), Vec::new())]), Err(Refusal::TooManyOperations));
    assert_eq!(check(vec![nested(many(100), many(128))]), Err(Refusal::TooManyOperations));
}

#[test]
fn a_branch_puts_a_key_once_and_does_not_delete_it() {
    let refused = Err(Refusal::DuplicateKey);
    assert_eq!(check(vec![put_op("a"), put_op("b")]), Ok(()));
    assert_eq!(check(vec![put_op("a"), put_op("a")]), refused);
    assert_eq!(check(vec![put_op("a"), delete_op("a", "")]), refused);
    assert_eq!(check(vec![delete_op("a", "c"), put_op("b")]), refused);
    assert_eq!(check(vec![delete_op("a", "c"), put_op("c")]), Ok(()));
    assert_eq!(check(vec![delete_op("a", "c"), delete_op("b", "d")]), Ok(()));
}

#[test]
fn the_two_branches_of_a_transaction_may_write_the_same() {
    let request = TxnRequest { compare: Vec::new(), success: vec![put_op("a")], failure: vec![put_op("a")] };
    assert_eq!(admission::txn(&request, 128, OLD), Ok(()));
    assert_eq!(check(vec![nested(vec![put_op("a")], vec![put_op("a")])]), Ok(()));
}

#[test]
fn what_is_nested_counts_with_what_surrounds_it() {
    let refused = Err(Refusal::DuplicateKey);
    assert_eq!(check(vec![put_op("a"), nested(vec![put_op("a")], vec![])]), refused);
    assert_eq!(check(vec![put_op("a"), nested(vec![], vec![put_op("a")])]), refused);
    assert_eq!(check(vec![delete_op("a", ""), nested(vec![], vec![put_op("a")])]), refused);
    assert_eq!(check(vec![nested(vec![put_op("a")], vec![]), nested(vec![put_op("a")], vec![])]), refused);
    assert_eq!(check(vec![nested(vec![delete_op("a", "")], vec![]), put_op("a")]), refused);
}

/// Ways around the check that etcd leaves open; a real one agrees to all of these.
#[test]
fn some_double_writes_are_let_through() {
    assert_eq!(check(vec![delete_op("a", "\0"), put_op("b")]), Ok(()));
    assert_eq!(
        check(vec![nested(vec![put_op("a")], vec![]), nested(vec![delete_op("a", "")], vec![])]),
        Ok(())
    );
}
