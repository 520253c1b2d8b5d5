//! Ranges: what they cover, how they are sorted, cut and filtered, and from which revision they read.

use etcd_model::proto::{
    PutRequest, RangeRequest,
    range_request::{SortOrder, SortTarget},
};

use crate::case::{Case, Op, case, ops, request::*};

/// Five keys: revisions 2 to 8, versions 1 to 3, values that sort differently from keys.
fn five_keys() -> Vec<Op> {
    ops![
        put("a", "5"),
        put("b", "3"),
        put("b/1", "4"),
        put("c", "1"),
        put("d", "2"),
        put("b", "9"),
        put("b", "0"),
    ]
}

fn sorted(order: SortOrder, target: SortTarget) -> RangeRequest {
    RangeRequest { sort_order: order.into(), sort_target: target.into(), ..everything() }
}

pub fn cases() -> Vec<Case> {
    let mut cases = vec![
        case("an_empty_store_is_at_revision_1", ops![get("a"), everything()]),
        case("a_single_key", ops![five_keys(), get("b"), get("b/"), get("nothing")]),
        case(
            "from_one_key_to_another",
            ops![five_keys(), range("b", "c"), range("b", "b0"), range("b0", "z")],
        ),
        case("from_a_key_on", ops![five_keys(), range("b/1", "\0"), range("z", "\0"), everything()]),
        case("an_end_before_the_start_covers_nothing", ops![five_keys(), range("c", "a"), range("c", "c")]),
        case("a_key_with_a_zero_byte", ops![put("\0", "zero"), put("a\0b", "v"), get("\0"), everything()]),
        case(
            "an_empty_key_is_refused",
            ops![
                get(""),
                range("", "z"),
                range("", "\0"),
                RangeRequest { count_only: true, ..get("") },
                RangeRequest { revision: 99, ..get("") }
            ],
        ),
        case(
            "a_limit_cuts_and_tells_of_more",
            ops![
                five_keys(),
                RangeRequest { limit: 2, ..everything() },
                RangeRequest { limit: 5, ..everything() },
                RangeRequest { limit: 6, ..everything() },
                RangeRequest { limit: 1, ..get("a") },
                RangeRequest { limit: 1, ..get("nothing") }
            ],
        ),
        case(
            "a_negative_limit_is_none",
            ops![
                five_keys(),
                RangeRequest { limit: -1, ..everything() },
                RangeRequest { limit: i64::MIN, ..range("b", "c") }
            ],
        ),
        case(
            "count_only_gives_no_keys",
            ops![
                five_keys(),
                RangeRequest { count_only: true, ..everything() },
                RangeRequest { count_only: true, limit: 2, ..everything() },
                RangeRequest { count_only: true, ..get("nothing") },
                RangeRequest { count_only: true, min_mod_revision: 7, ..everything() },
                RangeRequest { count_only: true, keys_only: true, revision: 3, ..everything() }
            ],
        ),
        case(
            "keys_only_gives_no_values",
            ops![
                grant(7, 1000),
                PutRequest { lease: 7, ..put("l", "leased") },
                put("m", "v"),
                RangeRequest { keys_only: true, ..everything() },
                RangeRequest { keys_only: true, ..get("l") },
                RangeRequest { keys_only: true, ..sorted(SortOrder::Descend, SortTarget::Value) },
                RangeRequest { keys_only: true, ..sorted(SortOrder::Descend, SortTarget::Key) }
            ],
        ),
        case(
            "an_earlier_revision",
            ops![
                five_keys(),
                delete("a"),
                RangeRequest { revision: 1, ..everything() },
                RangeRequest { revision: 3, ..everything() },
                RangeRequest { revision: 7, ..get("b") },
                RangeRequest { revision: 8, ..get("a") },
                RangeRequest { revision: 9, ..get("a") }
            ],
        ),
        case(
            "a_revision_that_is_not_there_yet_is_refused",
            ops![
                put("a", "1"),
                RangeRequest { revision: 2, ..get("a") },
                RangeRequest { revision: 3, ..get("a") },
                RangeRequest { revision: i64::MAX, ..get("a") },
                RangeRequest { revision: 3, serializable: true, ..get("a") }
            ],
        ),
        case(
            "a_negative_revision_is_the_present",
            ops![
                put("a", "1"),
                put("a", "2"),
                RangeRequest { revision: -1, ..get("a") },
                RangeRequest { revision: -7, ..everything() }
            ],
        ),
        case(
            "a_compacted_revision_is_refused",
            ops![
                five_keys(),
                compact(6),
                RangeRequest { revision: 5, ..everything() },
                RangeRequest { revision: 6, ..everything() },
                RangeRequest { revision: 1, ..get("nothing") },
                RangeRequest { revision: 0, ..get("a") },
                RangeRequest { revision: -1, ..get("a") },
                RangeRequest { revision: 5, count_only: true, ..everything() },
                RangeRequest { revision: 9, ..everything() }
            ],
        ),
        case("serializable", ops![five_keys(), RangeRequest { serializable: true, ..range("b", "c") }]),
        case(
            "filters_by_mod_revision",
            ops![
                five_keys(),
                RangeRequest { min_mod_revision: 5, ..everything() },
                RangeRequest { max_mod_revision: 5, ..everything() },
                RangeRequest { min_mod_revision: 4, max_mod_revision: 5, ..everything() },
                RangeRequest { min_mod_revision: 99, ..everything() },
                RangeRequest { min_mod_revision: -3, max_mod_revision: 2, ..everything() },
                RangeRequest { max_mod_revision: -3, ..everything() }
            ],
        ),
        case(
            "filters_by_create_revision",
            ops![
                five_keys(),
                RangeRequest { min_create_revision: 4, ..everything() },
                RangeRequest { max_create_revision: 3, ..everything() },
                RangeRequest { min_create_revision: 3, max_create_revision: 3, ..everything() },
                RangeRequest { min_create_revision: 5, max_mod_revision: 5, ..everything() }
            ],
        ),
        case(
            "a_filter_with_a_limit",
            ops![
                five_keys(),
                RangeRequest { min_mod_revision: 4, limit: 1, ..everything() },
                RangeRequest { min_mod_revision: 4, limit: 4, ..everything() },
                RangeRequest { min_mod_revision: 8, limit: 1, ..everything() }
            ],
        ),
        case(
            "a_filter_at_an_earlier_revision",
            ops![five_keys(), RangeRequest { revision: 6, min_mod_revision: 4, ..everything() }],
        ),
        case(
            "the_oldest_first_as_the_queue_asks",
            ops![
                five_keys(),
                RangeRequest { limit: 1, ..sorted(SortOrder::Ascend, SortTarget::Mod) },
                RangeRequest { limit: 1, ..sorted(SortOrder::Descend, SortTarget::Mod) },
                RangeRequest { limit: 1, revision: 4, ..sorted(SortOrder::Descend, SortTarget::Create) }
            ],
        ),
        case(
            // A target that does not exist is not asked for: it brings a whole 3.5.16 down.
            "an_order_that_does_not_exist",
            ops![
                put("a", "2"),
                put("b", "1"),
                RangeRequest { sort_order: 3, ..everything() },
                RangeRequest { sort_order: 3, sort_target: 4, ..everything() },
                RangeRequest { sort_order: -1, ..everything() }
            ],
        ),
        case(
            "a_stream_of_ranges",
            ops![
                five_keys(),
                Op::RangeStream(everything()),
                Op::RangeStream(get("b")),
                Op::RangeStream(get("nothing")),
                Op::RangeStream(RangeRequest { limit: 2, ..everything() }),
                Op::RangeStream(RangeRequest { revision: 3, keys_only: true, ..everything() }),
                Op::RangeStream(RangeRequest { count_only: true, ..everything() }),
            ],
        ),
        case(
            "a_stream_of_ranges_refused",
            ops![
                five_keys(),
                compact(5),
                Op::RangeStream(get("")),
                Op::RangeStream(RangeRequest { revision: 99, ..everything() }),
                Op::RangeStream(RangeRequest { revision: 2, ..everything() }),
                Op::RangeStream(sorted(SortOrder::Descend, SortTarget::Mod)),
                Op::RangeStream(sorted(SortOrder::Ascend, SortTarget::Key)),
                Op::RangeStream(RangeRequest { min_mod_revision: 1, ..everything() }),
                Op::RangeStream(RangeRequest { sort_order: 9, ..everything() }),
            ],
        ),
    ];
    for (name, target) in [
        ("sorted_by_key", SortTarget::Key),
        ("sorted_by_version", SortTarget::Version),
        ("sorted_by_create_revision", SortTarget::Create),
        ("sorted_by_mod_revision", SortTarget::Mod),
        ("sorted_by_value", SortTarget::Value),
    ] {
        // Versions are made to differ: etcd's sort is not stable, so equals could come in any order.
        let versions =
            ops![put("a", "5"), put("a", "5"), put("a", "5"), put("a", "5"), delete_range("c", "z")];
        let limited = RangeRequest { limit: 2, ..sorted(SortOrder::Descend, target) };
        cases.push(case(
            name,
            ops![
                five_keys(),
                versions,
                sorted(SortOrder::Ascend, target),
                sorted(SortOrder::Descend, target),
                sorted(SortOrder::None, target),
                limited
            ],
        ));
    }
    cases
}
