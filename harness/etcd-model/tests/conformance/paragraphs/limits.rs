//! Limits that a server is started with: operations of a transaction, bytes of a request.

use etcd_model::proto::{compare::CompareResult::Equal, compare::TargetUnion::Version, *};

use crate::case::{Case, Start, case_on, ops, request::*};

const FOUR_OPERATIONS: Start = Start::MaxTxnOps(4);

const FEW_BYTES: Start = Start::MaxRequestBytes(1_000);

fn puts(prefix: &str, number: usize) -> Vec<RequestOp> {
    (1..=number).map(|number| op(put(&format!("{prefix}{number}"), ""))).collect()
}

fn sized(bytes: usize) -> PutRequest {
    put("a", &"x".repeat(bytes))
}

pub fn cases() -> Vec<Case> {
    vec![
        case_on(
            FOUR_OPERATIONS,
            "operations",
            ops![
                all_of(puts("a", 4)),
                all_of(puts("a", 5)),
                txn(Vec::new(), puts("a", 4), puts("a", 5)),
                txn(vec![compare("a1", Equal, Version(1)); 5], Vec::new(), Vec::new())
            ],
        ),
        case_on(
            FOUR_OPERATIONS,
            "nested_operations_have_what_is_left",
            ops![
                all_of(vec![op(all_of(puts("a", 3)))]),
                all_of(vec![op(all_of(puts("a", 4)))]),
                all_of(vec![op(all_of(puts("a", 2))), op(all_of(puts("b", 2)))]),
                all_of(vec![op(all_of(puts("a", 3))), op(all_of(puts("b", 1)))]),
                all_of(vec![op(all_of(vec![op(all_of(puts("a", 2)))]))]),
                all_of(vec![op(all_of(vec![op(all_of(puts("a", 3)))]))])
            ],
        ),
        case_on(
            FEW_BYTES,
            "bytes",
            ops![
                sized(970),
                sized(1_000),
                all_of(vec![op(sized(900))]),
                all_of(vec![op(sized(1_000))]),
                // What is not proposed has no limit but that of gRPC.
                get(&"x".repeat(1_200)),
                sized(500_000),
                sized(600_000),
            ],
        ),
    ]
}
