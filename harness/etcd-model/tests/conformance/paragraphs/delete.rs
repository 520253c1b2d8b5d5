//! Deletions: of keys that are there and that are not, and what they return.

use etcd_model::proto::{DeleteRangeRequest, PutRequest, RangeRequest};

use crate::case::{Case, Op, case, ops, request::*};

fn three_keys() -> Vec<Op> {
    ops![put("a", "1"), put("b", "2"), put("c", "3"), put("b", "4")]
}

pub fn cases() -> Vec<Case> {
    vec![
        case("a_single_key", ops![three_keys(), delete("b"), everything()]),
        case(
            "nothing_there_costs_no_revision",
            ops![delete("a"), three_keys(), delete("b/"), delete_range("x", "z"), everything()],
        ),
        case("twice", ops![three_keys(), delete("b"), delete("b"), everything()]),
        case("a_range_is_one_revision", ops![three_keys(), delete_range("a", "c"), everything()]),
        case(
            "from_a_key_on",
            ops![three_keys(), delete_range("b", "\0"), everything(), delete_range("\0", "\0"), everything()],
        ),
        case(
            "an_end_before_the_start_covers_nothing",
            ops![three_keys(), delete_range("c", "a"), delete_range("b", "b"), everything()],
        ),
        case(
            "prev_kv_is_what_was_there",
            ops![
                three_keys(),
                DeleteRangeRequest { prev_kv: true, ..delete_range("a", "c") },
                DeleteRangeRequest { prev_kv: true, ..delete_range("a", "c") },
                DeleteRangeRequest { prev_kv: true, ..delete("c") }
            ],
        ),
        case(
            "an_empty_key_is_refused",
            ops![three_keys(), delete(""), delete_range("", "z"), delete_range("", "\0"), everything()],
        ),
        case(
            "a_deleted_key_leaves_its_lease",
            ops![
                grant(7, 1000),
                PutRequest { lease: 7, ..put("a", "1") },
                delete("a"),
                time_to_live(7),
                put("a", "2"),
                get("a"),
                revoke(7),
                get("a")
            ],
        ),
        case(
            "what_was_there_before_can_still_be_read",
            ops![
                three_keys(),
                delete_range("a", "z"),
                RangeRequest { revision: 5, ..everything() },
                RangeRequest { revision: 6, ..everything() }
            ],
        ),
    ]
}
