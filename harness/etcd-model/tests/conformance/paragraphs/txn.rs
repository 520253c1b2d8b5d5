//! Transactions: branches, comparisons, nesting, limits, and keys that are written twice.

use etcd_model::proto::{
    Compare, DeleteRangeRequest, PutRequest, RangeRequest, RequestOp,
    compare::{
        CompareResult::{self, Equal, Greater, Less, NotEqual},
        TargetUnion::{self, CreateRevision, Lease, ModRevision, Value, Version},
    },
};

use crate::case::{Case, Op, case, ops, request::*};

/// Whether a comparison holds: a transaction that does nothing else.
fn holds(key: &str, result: CompareResult, union: TargetUnion) -> Op {
    Op::Call(txn(vec![compare(key, result, union)], vec![], vec![]).into())
}

/// All four ways to compare with one number.
fn all_ways(key: &str, union: TargetUnion) -> Vec<Op> {
    [Equal, NotEqual, Less, Greater].map(|result| holds(key, result, union.clone())).to_vec()
}

/// A key at revision 3, created at 2, version 2, under lease 7.
fn one_key() -> Vec<Op> {
    ops![grant(7, 1000), put("k", "old"), PutRequest { lease: 7, ..put("k", "m") }]
}

fn puts(number: usize) -> Vec<RequestOp> {
    (0..number).map(|number| op(put(&format!("n{number:03}"), ""))).collect()
}

fn compares(number: usize) -> Vec<Compare> {
    (0..number).map(|number| compare(&format!("n{number:03}"), Equal, Version(0))).collect()
}

pub fn cases() -> Vec<Case> {
    let mut cases = branches();
    cases.extend(comparisons());
    cases.extend(limits());
    cases.extend(duplicates());
    cases
}

fn branches() -> Vec<Case> {
    let unless_there = |key: &str| vec![compare(key, Equal, CreateRevision(0))];
    vec![
        case("empty", ops![all_of(vec![]), put("a", "1"), all_of(vec![])]),
        case(
            "then_and_else",
            ops![
                txn(unless_there("a"), vec![op(put("a", "1"))], vec![op(get("a"))]),
                txn(unless_there("a"), vec![op(put("a", "2"))], vec![op(get("a")), op(put("b", "else"))]),
                everything()
            ],
        ),
        case(
            "a_failed_comparison_with_nothing_else_to_do",
            ops![put("a", "1"), txn(unless_there("a"), vec![op(put("a", "2"))], vec![])],
        ),
        case(
            "comparisons_are_all_to_hold",
            ops![
                put("a", "1"),
                txn(
                    vec![compare("a", Equal, Version(1)), compare("b", Equal, Version(1))],
                    vec![op(put("c", "all"))],
                    vec![op(put("c", "not all"))]
                ),
                get("c")
            ],
        ),
        case(
            "reads_see_the_writes_before_them",
            ops![
                put("a", "1"),
                all_of(vec![
                    op(get("a")),
                    op(put("a", "2")),
                    op(get("a")),
                    op(put("b", "3")),
                    op(everything())
                ]),
                all_of(vec![op(delete("a")), op(get("a")), op(everything())]),
            ],
        ),
        case(
            "writes_return_what_was_there",
            ops![
                put("a", "1"),
                all_of(vec![
                    op(PutRequest { prev_kv: true, ..put("a", "2") }),
                    op(PutRequest { prev_kv: true, ..put("b", "2") }),
                    op(DeleteRangeRequest { prev_kv: true, ..delete_range("c", "z") }),
                ]),
                all_of(vec![op(DeleteRangeRequest { prev_kv: true, ..delete_range("a", "z") })]),
            ],
        ),
        case(
            "a_read_of_an_earlier_revision",
            ops![
                put("a", "1"),
                put("a", "2"),
                all_of(vec![
                    op(RangeRequest { revision: 2, ..get("a") }),
                    op(put("a", "3")),
                    op(RangeRequest { revision: 3, ..get("a") })
                ]),
                all_of(vec![op(put("a", "4")), op(RangeRequest { revision: 5, ..get("a") })]),
                all_of(vec![op(RangeRequest { revision: 9, ..get("a") })]),
                everything()
            ],
        ),
        case(
            "nested",
            ops![
                all_of(vec![
                    op(put("a", "1")),
                    op(all_of(vec![op(put("b", "2")), op(all_of(vec![op(get("a")), op(put("c", "3"))]))])),
                    op(everything())
                ]),
                txn(
                    vec![compare("a", Equal, Value(bytes("1")))],
                    vec![op(txn(
                        vec![compare("b", Equal, Value(bytes("x")))],
                        vec![op(put("d", "inner then"))],
                        vec![op(put("d", "inner else"))]
                    ))],
                    vec![op(put("d", "outer else"))]
                ),
                everything()
            ],
        ),
        case(
            "a_nested_comparison_sees_the_store_before_the_transaction",
            ops![
                put("a", "1"),
                all_of(vec![
                    op(put("a", "2")),
                    op(txn(
                        vec![compare("a", Equal, Value(bytes("1")))],
                        vec![op(put("saw", "before"))],
                        vec![op(put("saw", "after"))]
                    )),
                ]),
                get("saw")
            ],
        ),
        case(
            "a_lease_that_is_not_there",
            ops![
                all_of(vec![op(put("a", "1")), op(PutRequest { lease: 9, ..put("b", "2") })]),
                everything(),
                txn(
                    unless_there("a"),
                    vec![op(put("a", "1"))],
                    vec![op(PutRequest { lease: 9, ..put("b", "2") })]
                ),
                everything()
            ],
        ),
        case(
            "ignore_value_and_ignore_lease",
            ops![
                all_of(vec![op(PutRequest { ignore_value: true, ..put("a", "") })]),
                all_of(vec![op(PutRequest { ignore_lease: true, ..put("a", "v") })]),
                all_of(vec![op(PutRequest { ignore_value: true, ..put("a", "v") })]),
                all_of(vec![op(PutRequest { ignore_lease: true, lease: 3, ..put("a", "v") })]),
                one_key(),
                all_of(vec![op(PutRequest { ignore_value: true, ..put("k", "") })]),
                get("k")
            ],
        ),
        case(
            "an_empty_operation_is_refused",
            ops![
                all_of(vec![RequestOp { request: None }]),
                txn(unless_there("a"), vec![op(put("a", "1"))], vec![RequestOp { request: None }]),
                everything()
            ],
        ),
        case(
            "empty_keys_are_refused",
            ops![
                all_of(vec![op(get(""))]),
                all_of(vec![op(put("", "1"))]),
                all_of(vec![op(delete(""))]),
                txn(vec![compare("", Equal, Version(0))], vec![], vec![]),
                all_of(vec![op(all_of(vec![op(put("", "1"))]))]),
                txn(vec![], vec![], vec![op(get(""))])
            ],
        ),
        case(
            "the_queue_enqueues_and_claims",
            ops![
                txn(vec![compare("/q/1", Equal, Version(0))], vec![op(put("/q/1", "x"))], vec![]),
                txn(vec![compare("/q/1", Equal, Version(0))], vec![op(put("/q/1", "y"))], vec![]),
                txn(vec![compare("/q/1", Equal, ModRevision(2))], vec![op(delete("/q/1"))], vec![]),
                txn(vec![compare("/q/1", Equal, ModRevision(2))], vec![op(delete("/q/1"))], vec![]),
                everything()
            ],
        ),
    ]
}

fn comparisons() -> Vec<Case> {
    let of_range = |range_end: &str, key: &str, result, union| Compare {
        range_end: bytes(range_end),
        ..compare(key, result, union)
    };
    let holds_for = |compare| txn(vec![compare], vec![], vec![]);
    vec![
        case(
            "compare_version",
            ops![one_key(), all_ways("k", Version(1)), all_ways("k", Version(2)), all_ways("k", Version(3))],
        ),
        case(
            "compare_create_revision",
            ops![one_key(), all_ways("k", CreateRevision(2)), all_ways("k", CreateRevision(3))],
        ),
        case(
            "compare_mod_revision",
            ops![
                one_key(),
                all_ways("k", ModRevision(2)),
                all_ways("k", ModRevision(3)),
                all_ways("k", ModRevision(4))
            ],
        ),
        case(
            "compare_value",
            ops![
                one_key(),
                all_ways("k", Value(bytes("m"))),
                all_ways("k", Value(bytes("a"))),
                all_ways("k", Value(bytes("mm"))),
                all_ways("k", Value(bytes("")))
            ],
        ),
        case(
            "compare_lease",
            ops![
                one_key(),
                put("n", "1"),
                all_ways("k", Lease(7)),
                all_ways("k", Lease(8)),
                all_ways("n", Lease(0))
            ],
        ),
        case(
            "compare_what_is_not_there",
            ops![
                one_key(),
                all_ways("x", Version(0)),
                all_ways("x", CreateRevision(0)),
                all_ways("x", ModRevision(1)),
                all_ways("x", Lease(0)),
                all_ways("x", Value(bytes(""))),
                all_ways("x", Value(bytes("v")))
            ],
        ),
        case(
            "compare_a_range",
            ops![
                put("a", "1"),
                put("b", "1"),
                put("c", "2"),
                holds_for(of_range("c", "a", Equal, Value(bytes("1")))),
                holds_for(of_range("d", "a", Equal, Value(bytes("1")))),
                holds_for(of_range("\0", "a", Equal, Version(1))),
                holds_for(of_range("\0", "\0", Less, ModRevision(5))),
                holds_for(of_range("z", "x", Equal, Version(0))),
                holds_for(of_range("z", "x", Equal, Version(1))),
                holds_for(of_range("z", "x", NotEqual, Value(bytes("1")))),
                holds_for(of_range("a", "c", Equal, Version(7)))
            ],
        ),
        case(
            "compare_without_a_number",
            ops![
                put("a", "1"),
                holds_for(Compare { key: bytes("a"), ..Compare::default() }),
                holds_for(Compare { key: bytes("x"), ..Compare::default() }),
                holds_for(Compare { key: bytes("a"), target: 3, ..Compare::default() }),
                holds_for(Compare { key: bytes("a"), target: 2, result: 1, ..Compare::default() })
            ],
        ),
        case(
            "compare_with_the_number_of_another_target",
            ops![
                put("a", "1"),
                holds_for(Compare {
                    key: bytes("a"),
                    target: 2,
                    target_union: Some(Version(2)),
                    ..Compare::default()
                }),
                holds_for(Compare {
                    key: bytes("a"),
                    target: 3,
                    target_union: Some(Version(1)),
                    ..Compare::default()
                }),
                holds_for(Compare {
                    key: bytes("a"),
                    target: 0,
                    target_union: Some(Value(bytes("1"))),
                    ..Compare::default()
                })
            ],
        ),
        case(
            "compare_by_a_target_or_result_that_does_not_exist",
            ops![
                put("a", "1"),
                holds_for(Compare {
                    key: bytes("a"),
                    target: 9,
                    target_union: Some(Version(1)),
                    ..Compare::default()
                }),
                holds_for(Compare {
                    key: bytes("a"),
                    result: 9,
                    target_union: Some(Version(1)),
                    ..Compare::default()
                }),
                holds_for(Compare {
                    key: bytes("a"),
                    result: 9,
                    target_union: Some(Version(2)),
                    ..Compare::default()
                })
            ],
        ),
    ]
}

fn limits() -> Vec<Case> {
    let nested = |inner: Vec<RequestOp>| vec![op(all_of(inner))];
    let count = || RangeRequest { count_only: true, ..everything() };
    vec![
        case("128_operations_are_taken", ops![all_of(puts(128)), count()]),
        case("129_operations_are_refused", ops![all_of(puts(129)), txn(vec![], vec![], puts(129)), count()]),
        case("128_on_each_list_are_taken", ops![txn(compares(128), puts(128), puts(128)), count()]),
        case(
            "129_comparisons_are_refused",
            ops![txn(compares(128), vec![], vec![]), txn(compares(129), vec![], vec![])],
        ),
        case(
            "nested_operations_count_with_those_around_them",
            ops![
                all_of(nested(puts(127))),
                all_of(nested(puts(128))),
                all_of(nested(nested(puts(126)))),
                all_of(nested(nested(puts(127)))),
                count()
            ],
        ),
        case(
            "too_many_and_an_empty_key",
            ops![
                all_of((0..129).map(|_| op(put("", ""))).collect()),
                all_of(nested((0..129).map(|_| op(put("", ""))).collect()))
            ],
        ),
    ]
}

fn duplicates() -> Vec<Case> {
    let nested = |inner: Vec<RequestOp>| op(all_of(inner));
    let either = |then: Vec<RequestOp>, otherwise: Vec<RequestOp>| {
        op(txn(vec![compare("c", Equal, Version(0))], then, otherwise))
    };
    vec![
        case(
            "a_key_put_twice_is_refused",
            ops![
                all_of(vec![op(put("a", "1")), op(put("a", "2"))]),
                txn(vec![], vec![], vec![op(put("a", "1")), op(put("a", "1"))]),
                everything()
            ],
        ),
        case(
            "a_key_put_and_deleted_is_refused",
            ops![
                all_of(vec![op(put("a", "1")), op(delete("a"))]),
                all_of(vec![op(delete("a")), op(put("a", "1"))]),
                all_of(vec![op(delete_range("a", "c")), op(put("b", "1"))]),
                everything()
            ],
        ),
        case(
            "a_key_just_outside_of_what_is_deleted",
            ops![
                all_of(vec![op(delete_range("a", "c")), op(put("c", "1")), op(put("A", "1"))]),
                all_of(vec![op(delete("a")), op(put("a\0", "1"))]),
                everything()
            ],
        ),
        case(
            "a_key_deleted_twice",
            ops![put("a", "1"), all_of(vec![op(delete("a")), op(delete("a")), op(delete_range("a", "z"))])],
        ),
        case(
            "a_key_deleted_from_a_key_on_and_put",
            ops![put("a", "1"), all_of(vec![op(delete_range("a", "\0")), op(put("b", "1"))]), everything()],
        ),
        case(
            "the_same_key_in_both_branches",
            ops![
                txn(vec![compare("a", Equal, Version(0))], vec![op(put("a", "1"))], vec![op(put("a", "2"))]),
                everything()
            ],
        ),
        case(
            "a_key_put_again_within",
            ops![
                all_of(vec![op(put("a", "1")), nested(vec![op(put("a", "2"))])]),
                all_of(vec![nested(vec![op(put("a", "1"))]), nested(vec![op(put("a", "2"))])]),
                all_of(vec![nested(vec![op(put("a", "1"))]), nested(vec![op(put("b", "2"))])]),
                everything()
            ],
        ),
        case(
            "a_key_put_in_both_branches_within",
            ops![
                all_of(vec![either(vec![op(put("a", "1"))], vec![op(put("a", "2"))])]),
                all_of(vec![either(vec![op(put("a", "1"))], vec![op(put("a", "2"))]), op(put("a", "3"))]),
                all_of(vec![either(vec![op(put("a", "1"))], vec![op(delete("a"))])]),
                everything()
            ],
        ),
        case(
            "a_key_deleted_within",
            ops![
                all_of(vec![nested(vec![op(delete("a"))]), op(put("a", "1"))]),
                all_of(vec![op(delete("a")), nested(vec![op(put("a", "1"))])]),
                all_of(vec![nested(vec![op(put("a", "1"))]), nested(vec![op(delete("a"))])]),
                all_of(vec![nested(vec![op(delete("a"))]), nested(vec![op(put("a", "1"))])]),
                everything()
            ],
        ),
        case(
            "reads_are_no_duplicates",
            ops![all_of(vec![op(get("a")), op(put("a", "1")), op(get("a")), op(everything())])],
        ),
    ]
}
