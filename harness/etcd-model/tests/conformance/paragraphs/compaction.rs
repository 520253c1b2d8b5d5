//! Compaction: what may be compacted, and what can no longer be read after it.

use etcd_model::proto::{CompactionRequest, RangeRequest};

use crate::case::{Case, Op, case, ops, request::*};

/// Revisions 2 to 5.
fn four_revisions() -> Vec<Op> {
    ops![put("a", "1"), put("a", "2"), put("b", "3"), delete("b")]
}

fn at(revision: i64) -> RangeRequest {
    RangeRequest { revision, ..everything() }
}

pub fn cases() -> Vec<Case> {
    vec![
        case("the_present_can_be_compacted", ops![four_revisions(), compact(5), at(4), at(5), everything()]),
        case(
            "the_past_can_be_compacted",
            ops![four_revisions(), compact(3), at(2), at(3), at(4), everything()],
        ),
        case(
            "twice_is_refused",
            ops![four_revisions(), compact(3), compact(3), compact(2), compact(4), at(3)],
        ),
        case(
            "the_future_is_refused",
            ops![compact(2), four_revisions(), compact(6), compact(i64::MAX), at(2)],
        ),
        case("nothing_yet_to_compact", ops![compact(0), compact(1), compact(1), compact(-1)]),
        case(
            "zero_and_less",
            ops![
                four_revisions(),
                compact(0),
                compact(-1),
                compact(i64::MIN),
                compact(2),
                compact(0),
                compact(-1)
            ],
        ),
        case("one_is_the_empty_store", ops![four_revisions(), compact(1), compact(1), at(1), at(2)]),
        case(
            "not_waited_for",
            ops![
                four_revisions(),
                CompactionRequest { revision: 4, physical: false },
                at(3),
                at(4),
                everything()
            ],
        ),
        case(
            "a_deletion_at_its_revision",
            ops![
                put("a", "1"),
                delete("a"),
                compact(3),
                at(3),
                everything(),
                put("a", "2"),
                everything(),
                at(4)
            ],
        ),
        case(
            "a_key_keeps_its_beginnings",
            ops![put("a", "1"), put("a", "2"), put("a", "3"), compact(4), get("a"), put("a", "4"), get("a")],
        ),
        case(
            "a_read_in_a_transaction_of_what_is_compacted",
            ops![
                four_revisions(),
                compact(4),
                all_of(vec![op(at(3))]),
                all_of(vec![op(at(4))]),
                all_of(vec![op(put("c", "1")), op(at(3))]),
                all_of(vec![op(put("c", "1")), op(at(9))]),
                everything()
            ],
        ),
    ]
}
