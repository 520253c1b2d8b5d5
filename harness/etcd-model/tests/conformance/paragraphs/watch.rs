//! Watches: which events they are told, and in which responses.

use etcd_model::proto::{
    DeleteRangeRequest, PutRequest, WatchCreateRequest, WatchRequest, watch_create_request::FilterType,
};

use crate::case::{Case, Op, case, ops, request::*};

/// A watch of everything from a revision on.
fn all_from(start_revision: i64) -> WatchCreateRequest {
    WatchCreateRequest { start_revision, ..create_range("\0", "\0") }
}

/// A watch of everything from a revision on that drops some events.
fn filtered(filters: &[FilterType], start_revision: i64) -> WatchCreateRequest {
    WatchCreateRequest {
        filters: filters.iter().map(|&filter| filter.into()).collect(),
        ..all_from(start_revision)
    }
}

/// Revisions 2 to 6: two keys, one overwritten, one deleted.
fn a_past() -> Vec<Op> {
    ops![put("a", "1"), put("b", "2"), put("a", "3"), delete("b"), put("c", "4")]
}

pub fn cases() -> Vec<Case> {
    let mut cases = live();
    cases.extend(past());
    cases.extend(what_an_event_holds());
    cases.extend(filters());
    cases.extend(sizes());
    cases
}

fn live() -> Vec<Case> {
    vec![
        case(
            "created_then_told",
            ops![watch("s", create("a")), put("a", "1"), hear("s", 1), put("a", "2"), hear("s", 1)],
        ),
        case(
            "from_the_present_on",
            ops![put("a", "1"), watch("s", create("a")), put("a", "2"), hear("s", 1), listen("s")],
        ),
        case(
            "another_key_is_not_told",
            ops![watch("s", create("a")), put("b", "1"), put("a/", "1"), delete("b"), listen("s")],
        ),
        case(
            "a_range",
            ops![
                watch("s", create_range("b", "d")),
                put("a", "1"),
                put("b", "2"),
                put("c/1", "3"),
                put("d", "4"),
                hear("s", 2),
                listen("s")
            ],
        ),
        case(
            "from_a_key_on",
            ops![
                watch("s", create_range("b", "\0")),
                put("a", "1"),
                put("z", "2"),
                hear("s", 1),
                listen("s")
            ],
        ),
        case(
            "everything",
            ops![watch("s", create_range("", "\0")), put("a", "1"), put("\0", "2"), hear("s", 2)],
        ),
        case(
            "an_empty_key_is_the_first_there_can_be",
            ops![watch("s", create("")), put("a", "1"), put("\0", "2"), hear("s", 1), listen("s")],
        ),
        case(
            "from_the_next_revision_on",
            ops![put("a", "1"), watch("s", all_from(3)), put("a", "2"), hear("s", 1), listen("s")],
        ),
        case(
            "from_a_revision_to_come",
            ops![
                watch("s", all_from(4)),
                put("a", "2"),
                put("a", "3"),
                put("a", "4"),
                put("a", "5"),
                hear("s", 2),
                listen("s")
            ],
        ),
        case(
            "two_of_the_same_key",
            ops![watch("s", create("a")), watch("s", create_range("a", "b")), put("a", "1"), hear("s", 2)],
        ),
        case(
            "two_streams_count_their_own_watches",
            ops![
                watch("one", create("a")),
                watch("two", create("a")),
                watch("two", create("b")),
                put("a", "1"),
                hear("one", 1),
                hear("two", 1)
            ],
        ),
        case(
            "a_transaction_is_one_response",
            ops![
                watch("s", create_range("a", "c")),
                all_of(vec![op(put("c", "0")), op(put("b", "1")), op(put("a", "2")), op(get("a"))]),
                hear("s", 1),
                all_of(vec![op(delete("b")), op(put("a", "3"))]),
                hear("s", 1),
                listen("s")
            ],
        ),
        case(
            "a_nested_transaction_is_one_response",
            ops![
                watch("s", create_range("a", "z")),
                all_of(vec![
                    op(put("c", "0")),
                    op(all_of(vec![op(put("b", "1")), op(all_of(vec![op(put("a", "2"))]))]))
                ]),
                hear("s", 1)
            ],
        ),
        case(
            "a_key_changed_twice_in_a_transaction",
            ops![
                put("a", "0"),
                watch("s", WatchCreateRequest { prev_kv: true, ..create_range("a", "z") }),
                all_of(vec![op(all_of(vec![op(put("a", "1"))])), op(all_of(vec![op(delete("a"))]))]),
                hear("s", 1),
                listen("s")
            ],
        ),
        case(
            "a_deletion_of_a_range_is_one_response",
            ops![
                put("a", "1"),
                put("b", "2"),
                put("c", "3"),
                watch("s", create_range("a", "c")),
                delete_range("a", "z"),
                hear("s", 1),
                delete_range("a", "z"),
                listen("s")
            ],
        ),
        case(
            "an_ended_lease_is_one_response",
            ops![
                grant(7, 1000),
                PutRequest { lease: 7, ..put("b", "1") },
                PutRequest { lease: 7, ..put("a", "2") },
                watch("s", create_range("a", "z")),
                revoke(7),
                hear("s", 1)
            ],
        ),
        case(
            "what_changes_nothing_is_not_told",
            ops![
                watch("s", create_range("\0", "\0")),
                delete("a"),
                get("a"),
                put("", "1"),
                all_of(vec![]),
                listen("s")
            ],
        ),
        case(
            "a_compaction_does_not_end_it",
            ops![
                put("a", "1"),
                put("a", "2"),
                watch("s", create("a")),
                compact(3),
                put("a", "3"),
                hear("s", 1),
                listen("s")
            ],
        ),
    ]
}

fn past() -> Vec<Case> {
    vec![
        case("the_past_is_one_response", ops![a_past(), watch("s", all_from(2)), hear("s", 1), listen("s")]),
        case("the_past_from_the_middle", ops![a_past(), watch("s", all_from(4)), hear("s", 1), listen("s")]),
        case(
            "the_past_from_the_present_revision",
            ops![a_past(), watch("s", all_from(6)), hear("s", 1), listen("s")],
        ),
        case(
            "the_past_from_before_anything_was_there",
            ops![a_past(), watch("s", all_from(1)), hear("s", 1), listen("s")],
        ),
        case(
            "the_past_of_one_key",
            ops![
                a_past(),
                watch("s", WatchCreateRequest { start_revision: 2, ..create("b") }),
                hear("s", 1),
                listen("s")
            ],
        ),
        case(
            "a_past_without_events",
            ops![
                a_past(),
                watch("s", WatchCreateRequest { start_revision: 2, ..create("x") }),
                listen("s"),
                put("x", "1"),
                hear("s", 1)
            ],
        ),
        case(
            "the_past_and_then_what_comes",
            ops![
                a_past(),
                watch("s", all_from(5)),
                hear("s", 1),
                put("a", "5"),
                hear("s", 1),
                delete("a"),
                hear("s", 1),
                listen("s")
            ],
        ),
        case(
            "the_past_of_a_transaction",
            ops![
                put("a", "0"),
                all_of(vec![op(put("c", "0")), op(put("b", "1")), op(delete("a"))]),
                watch("s", all_from(3)),
                hear("s", 1),
                watch("s", WatchCreateRequest { start_revision: 2, ..create_range("a", "c") }),
                hear("s", 1)
            ],
        ),
        case(
            "a_negative_revision",
            ops![put("a", "1"), put("a", "2"), watch("s", all_from(-1)), listen("s")],
        ),
        case(
            "a_negative_revision_of_an_empty_store",
            ops![watch("s", all_from(-5)), listen("s"), put("a", "1"), listen("s")],
        ),
        case(
            "a_negative_revision_when_compacted",
            ops![put("a", "1"), put("a", "2"), compact(3), watch("s", all_from(-1)), listen("s")],
        ),
    ]
}

fn what_an_event_holds() -> Vec<Case> {
    let with_prev_kv = |start_revision| WatchCreateRequest { prev_kv: true, ..all_from(start_revision) };
    vec![
        case(
            "a_put",
            ops![
                grant(7, 1000),
                watch("s", create("a")),
                PutRequest { lease: 7, ..put("a", "1") },
                hear("s", 1),
                put("a", ""),
                hear("s", 1)
            ],
        ),
        case(
            "a_deletion_has_only_key_and_revision",
            ops![
                grant(7, 1000),
                PutRequest { lease: 7, ..put("a", "1") },
                watch("s", create("a")),
                delete("a"),
                hear("s", 1)
            ],
        ),
        case(
            "prev_kv",
            ops![
                watch("s", with_prev_kv(0)),
                put("a", "1"),
                hear("s", 1),
                put("a", "2"),
                hear("s", 1),
                delete("a"),
                hear("s", 1),
                put("a", "3"),
                hear("s", 1)
            ],
        ),
        case("prev_kv_of_the_past", ops![a_past(), watch("s", with_prev_kv(2)), hear("s", 1)]),
        case(
            "prev_kv_that_is_compacted",
            ops![
                a_past(),
                compact(4),
                watch("s", with_prev_kv(4)),
                hear("s", 1),
                compact(5),
                watch("s", with_prev_kv(5)),
                hear("s", 1)
            ],
        ),
        case(
            "one_watch_with_prev_kv_and_one_without",
            ops![
                put("a", "1"),
                watch("s", create("a")),
                watch("s", with_prev_kv(0)),
                put("a", "2"),
                hear("s", 2)
            ],
        ),
        case(
            "a_deletion_asked_to_return_what_it_deletes",
            ops![
                put("a", "1"),
                watch("s", create("a")),
                DeleteRangeRequest { prev_kv: true, ..delete("a") },
                hear("s", 1)
            ],
        ),
    ]
}

fn filters() -> Vec<Case> {
    use FilterType::{Nodelete, Noput};
    vec![
        case(
            "no_puts",
            ops![watch("s", filtered(&[Noput], 0)), put("a", "1"), delete("a"), hear("s", 1), listen("s")],
        ),
        case(
            "no_deletions",
            ops![
                watch("s", filtered(&[Nodelete], 0)),
                put("a", "1"),
                delete("a"),
                put("a", "2"),
                hear("s", 2),
                listen("s")
            ],
        ),
        case(
            "neither",
            ops![
                watch("s", filtered(&[Noput, Nodelete], 0)),
                put("a", "1"),
                delete("a"),
                listen("s"),
                cancel("s", 0),
                hear("s", 1)
            ],
        ),
        case(
            "no_puts_in_a_transaction",
            ops![
                put("a", "1"),
                watch("s", filtered(&[Noput], 0)),
                all_of(vec![op(put("b", "1")), op(delete("a"))]),
                hear("s", 1),
                all_of(vec![op(put("b", "2"))]),
                listen("s")
            ],
        ),
        case(
            "no_puts_of_the_past",
            ops![a_past(), watch("s", filtered(&[Noput], 2)), hear("s", 1), listen("s")],
        ),
        case("nothing_of_the_past", ops![a_past(), watch("s", filtered(&[Noput, Nodelete], 2)), listen("s")]),
        case(
            "a_filter_that_does_not_exist",
            ops![
                watch("s", WatchCreateRequest { filters: vec![9], ..create("a") }),
                put("a", "1"),
                hear("s", 1)
            ],
        ),
    ]
}

fn sizes() -> Vec<Case> {
    let large = || "x".repeat(900_000);
    let three_large = || ops![put("a", &large()), put("b", &large()), put("c", &large())];
    let fragments = |start_revision| WatchCreateRequest { fragment: true, ..all_from(start_revision) };
    vec![
        case(
            "a_large_past_in_one_message",
            ops![three_large(), watch("s", all_from(2)), hear("s", 1), listen("s")],
        ),
        case(
            "a_large_past_in_fragments",
            ops![three_large(), watch("s", fragments(2)), hear("s", 2), listen("s")],
        ),
        case(
            "a_small_past_is_not_fragmented",
            ops![a_past(), watch("s", fragments(2)), hear("s", 1), listen("s")],
        ),
        case(
            "a_single_large_event_is_not_fragmented",
            ops![watch("s", fragments(0)), put("a", &"x".repeat(1_500_000)), hear("s", 1), listen("s")],
        ),
        case(
            "large_events_with_what_was_there_in_fragments",
            ops![
                put("a", &"x".repeat(1_500_000)),
                watch("s", WatchCreateRequest { prev_kv: true, ..fragments(0) }),
                all_of(vec![op(put("a", &"y".repeat(1_400_000))), op(put("b", "small"))]),
                hear("s", 2),
                listen("s")
            ],
        ),
        case(
            "more_than_1000_revisions_of_the_past",
            ops![Op::Fill("a", 1100), watch("s", all_from(2)), hear("s", 2), listen("s")],
        ),
        case(
            "exactly_1000_revisions_of_the_past",
            ops![Op::Fill("a", 1000), watch("s", all_from(2)), hear("s", 1), listen("s")],
        ),
        case(
            "a_request_that_asks_for_nothing",
            ops![
                Op::Ask("s", WatchRequest { request_union: None }),
                watch("s", create("a")),
                put("a", "1"),
                hear("s", 1)
            ],
        ),
    ]
}
