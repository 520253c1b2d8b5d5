//! Puts: what they make of a key, what they return, and what they may keep.

use etcd_model::proto::PutRequest;

use crate::case::{Case, Op, case, ops, request::*};

/// A put that returns what was there before.
fn put_and_return(key: &str, value: &str) -> PutRequest {
    PutRequest { prev_kv: true, ..put(key, value) }
}

/// A put that keeps the value.
fn touch(key: &str) -> PutRequest {
    PutRequest { ignore_value: true, ..put(key, "") }
}

/// A put that keeps the lease.
fn put_under_its_lease(key: &str, value: &str) -> PutRequest {
    PutRequest { ignore_lease: true, ..put(key, value) }
}

/// A lease, and a key under it.
fn a_leased_key() -> Vec<Op> {
    ops![grant(7, 1000), PutRequest { lease: 7, ..put("a", "1") }]
}

pub fn cases() -> Vec<Case> {
    vec![
        case("a_new_key", ops![put("a", "1"), get("a")]),
        case("again_and_again", ops![put("a", "1"), put("a", "2"), put("a", "2"), get("a")]),
        case(
            "after_a_deletion_a_key_is_new",
            ops![put("a", "1"), put("a", "2"), delete("a"), put("a", "3"), get("a")],
        ),
        case("an_empty_value", ops![put("a", ""), get("a"), put("a", "1"), put("a", ""), get("a")]),
        case(
            "prev_kv_is_what_was_there",
            ops![put_and_return("a", "1"), put_and_return("a", "2"), delete("a"), put_and_return("a", "3")],
        ),
        case("ignore_value_keeps_the_value", ops![put("a", "1"), touch("a"), get("a")]),
        case(
            "ignore_value_and_prev_kv",
            ops![a_leased_key(), PutRequest { prev_kv: true, ..touch("a") }, get("a"), time_to_live(7)],
        ),
        case(
            "ignore_value_with_a_value_is_refused",
            ops![put("a", "1"), PutRequest { ignore_value: true, ..put("a", "2") }, get("a")],
        ),
        case(
            "ignore_value_without_the_key_is_refused",
            ops![touch("a"), put("a", "1"), delete("a"), touch("a"), get("a")],
        ),
        case(
            "ignore_lease_keeps_the_lease",
            ops![a_leased_key(), put_under_its_lease("a", "2"), get("a"), time_to_live(7)],
        ),
        case("ignore_lease_without_a_lease", ops![put("a", "1"), put_under_its_lease("a", "2"), get("a")]),
        case(
            "ignore_lease_with_a_lease_is_refused",
            ops![a_leased_key(), PutRequest { lease: 7, ..put_under_its_lease("a", "2") }, get("a")],
        ),
        case("ignore_lease_without_the_key_is_refused", ops![put_under_its_lease("a", "1"), get("a")]),
        case(
            "ignore_both",
            ops![
                a_leased_key(),
                PutRequest { ignore_lease: true, ..touch("a") },
                get("a"),
                PutRequest { ignore_lease: true, ..touch("b") }
            ],
        ),
        case(
            "without_ignore_lease_the_lease_is_left",
            ops![a_leased_key(), put("a", "2"), get("a"), time_to_live(7)],
        ),
        case(
            "from_one_lease_to_another",
            ops![
                a_leased_key(),
                grant(8, 1000),
                PutRequest { lease: 8, ..put("a", "2") },
                get("a"),
                time_to_live(7),
                time_to_live(8)
            ],
        ),
        case(
            "an_unknown_lease_is_refused",
            ops![
                PutRequest { lease: 9, ..put("a", "1") },
                PutRequest { lease: -1, ..put("a", "1") },
                PutRequest { lease: i64::MAX, ..put("a", "1") },
                get("a")
            ],
        ),
        case(
            "what_is_refused_first",
            ops![
                PutRequest { ignore_value: true, lease: 9, ..put("", "1") },
                PutRequest { ignore_value: true, ignore_lease: true, lease: 9, ..put("a", "1") },
                PutRequest { lease: 9, ..touch("a") },
                PutRequest { lease: 9, prev_kv: true, ..put("a", "1") }
            ],
        ),
        case(
            "the_queues_keys",
            ops![
                put("/test/1700000000000000000", "a"),
                put("/test/1700000000000000001", "b"),
                range("/test", "/tesu")
            ],
        ),
    ]
}
