//! The life of watches and their streams: ids, refusals, cancels, compaction, progress, ends.

use etcd_model::proto::WatchCreateRequest;

use crate::case::{Case, Op, case, ops, request::*};

fn with_id(watch_id: i64, key: &str) -> WatchCreateRequest {
    WatchCreateRequest { watch_id, ..create(key) }
}

fn from(start_revision: i64, key: &str) -> WatchCreateRequest {
    WatchCreateRequest { start_revision, ..create(key) }
}

/// Revisions 2 to 5 of `a`.
fn four_revisions() -> Vec<Op> {
    ops![put("a", "1"), put("a", "2"), put("a", "3"), put("a", "4")]
}

pub fn cases() -> Vec<Case> {
    let mut cases = ids();
    cases.extend(ends());
    cases.extend(compactions());
    cases.extend(progresses());
    cases
}

fn ids() -> Vec<Case> {
    vec![
        case(
            "ids_count_from_0",
            ops![watch("s", create("a")), watch("s", create("b")), watch("s", create("c"))],
        ),
        case(
            "created_at_once",
            ops![ask("s", create("a")), ask("s", create("b")), hear("s", 2), put("b", "1"), hear("s", 1)],
        ),
        case(
            "a_chosen_id",
            ops![
                watch("s", with_id(7, "a")),
                put("a", "1"),
                hear("s", 1),
                watch("s", create("b")),
                cancel("s", 7),
                hear("s", 1)
            ],
        ),
        case(
            "a_chosen_id_is_counted_past",
            ops![
                watch("s", with_id(1, "a")),
                watch("s", create("b")),
                watch("s", create("c")),
                watch("s", create("d"))
            ],
        ),
        case(
            "a_chosen_id_twice_is_refused",
            ops![
                watch("s", with_id(7, "a")),
                watch("s", with_id(7, "b")),
                put("b", "1"),
                put("a", "2"),
                hear("s", 1),
                watch("s", create("c"))
            ],
        ),
        case(
            "a_counted_id_chosen_is_refused",
            ops![
                watch("s", create("a")),
                watch("s", create("b")),
                watch("s", with_id(1, "c")),
                put("b", "1"),
                hear("s", 1)
            ],
        ),
        case(
            "a_chosen_id_can_be_chosen_again_after_its_end",
            ops![
                watch("s", with_id(7, "a")),
                cancel("s", 7),
                hear("s", 1),
                watch("s", with_id(7, "b")),
                put("a", "1"),
                put("b", "2"),
                hear("s", 1)
            ],
        ),
        case(
            "a_negative_id",
            ops![watch("s", with_id(-5, "a")), put("a", "1"), listen("s"), cancel("s", -5), listen("s")],
        ),
        case("the_largest_id", ops![watch("s", with_id(i64::MAX, "a")), put("a", "1"), hear("s", 1)]),
        case(
            "ids_are_not_used_again",
            ops![
                watch("s", create("a")),
                cancel("s", 0),
                hear("s", 1),
                watch("s", create("a")),
                put("a", "1"),
                hear("s", 1)
            ],
        ),
        case(
            "an_end_before_the_start_is_refused",
            ops![
                watch("s", create_range("b", "a")),
                watch("s", create_range("b", "b")),
                watch("s", WatchCreateRequest { watch_id: 4, ..create_range("b", "a") }),
                watch("s", create("a"))
            ],
        ),
    ]
}

fn ends() -> Vec<Case> {
    vec![
        case(
            "a_cancel",
            ops![
                watch("s", create("a")),
                put("a", "1"),
                hear("s", 1),
                cancel("s", 0),
                hear("s", 1),
                put("a", "2"),
                listen("s")
            ],
        ),
        case(
            "a_cancel_of_nothing",
            ops![
                watch("s", create("a")),
                cancel("s", 5),
                cancel("s", -1),
                listen("s"),
                put("a", "1"),
                hear("s", 1)
            ],
        ),
        case(
            "a_cancel_twice",
            ops![watch("s", create("a")), cancel("s", 0), hear("s", 1), cancel("s", 0), listen("s")],
        ),
        case(
            "a_cancel_of_one_of_two",
            ops![
                watch("s", create("a")),
                watch("s", create("a")),
                cancel("s", 0),
                hear("s", 1),
                put("a", "1"),
                hear("s", 1),
                listen("s")
            ],
        ),
        case(
            "a_cancel_sent_with_the_creation",
            ops![ask("s", create("a")), cancel("s", 0), hear("s", 2), put("a", "1"), listen("s")],
        ),
        case(
            "a_cancel_of_the_past",
            ops![
                four_revisions(),
                watch("s", from(2, "a")),
                hear("s", 1),
                cancel("s", 0),
                hear("s", 1),
                put("a", "5"),
                listen("s")
            ],
        ),
        case(
            "its_watches_go_on_when_there_are_no_more_requests",
            ops![watch("s", create("a")), Op::Finish("s"), put("a", "1"), hear("s", 1), listen("s")],
        ),
        case(
            "a_stream_without_watches_stays_open",
            ops![
                watch("s", create("a")),
                cancel("s", 0),
                hear("s", 1),
                listen("s"),
                watch("s", create_range("b", "a")),
                listen("s"),
                Op::Finish("s"),
                listen("s")
            ],
        ),
        case(
            "another_stream_goes_on",
            ops![
                watch("one", create("a")),
                watch("two", create("a")),
                cancel("one", 0),
                hear("one", 1),
                Op::Finish("one"),
                put("a", "1"),
                hear("two", 1),
                listen("one")
            ],
        ),
    ]
}

fn compactions() -> Vec<Case> {
    vec![
        case(
            "a_compacted_revision_ends_it_after_its_creation",
            ops![four_revisions(), compact(4), watch("s", from(3, "a")), hear("s", 1), listen("s")],
        ),
        case(
            "a_compacted_revision_of_a_key_that_never_was",
            ops![four_revisions(), compact(4), watch("s", from(2, "x")), hear("s", 1), listen("s")],
        ),
        case(
            "the_revision_that_was_compacted_is_there",
            ops![four_revisions(), compact(4), watch("s", from(4, "a")), hear("s", 1), listen("s")],
        ),
        case(
            "the_present_compacted",
            ops![
                four_revisions(),
                compact(5),
                watch("s", from(5, "a")),
                hear("s", 1),
                watch("s", from(4, "a")),
                hear("s", 1),
                listen("s")
            ],
        ),
        case(
            "a_deletion_at_the_compacted_revision",
            ops![
                put("a", "1"),
                delete("a"),
                put("b", "2"),
                compact(3),
                watch("s", WatchCreateRequest { start_revision: 3, ..create_range("a", "z") }),
                hear("s", 1),
                listen("s")
            ],
        ),
        case(
            "what_a_compaction_ended_can_still_be_cancelled",
            ops![
                four_revisions(),
                compact(4),
                watch("s", from(2, "a")),
                hear("s", 1),
                cancel("s", 0),
                listen("s"),
                cancel("s", 0),
                listen("s")
            ],
        ),
        case(
            "what_a_compaction_ended_keeps_its_id",
            ops![
                four_revisions(),
                compact(4),
                watch("s", WatchCreateRequest { watch_id: 7, ..from(2, "a") }),
                hear("s", 1),
                watch("s", with_id(7, "b")),
                listen("s"),
                watch("s", create("c"))
            ],
        ),
        case(
            "others_on_the_stream_go_on",
            ops![
                four_revisions(),
                compact(4),
                watch("s", create("a")),
                watch("s", from(2, "a")),
                hear("s", 1),
                put("a", "5"),
                hear("s", 1),
                listen("s")
            ],
        ),
        case(
            "a_future_revision_is_not_compacted",
            ops![
                four_revisions(),
                watch("s", from(8, "a")),
                compact(5),
                put("a", "6"),
                put("a", "7"),
                put("a", "8"),
                hear("s", 1),
                listen("s")
            ],
        ),
        case(
            "a_future_revision_that_is_compacted_when_it_has_come",
            ops![
                watch("s", from(3, "x")),
                four_revisions(),
                compact(5),
                put("x", "1"),
                hear("s", 1),
                listen("s")
            ],
        ),
    ]
}

fn progresses() -> Vec<Case> {
    vec![
        case(
            "progress_of_a_stream",
            ops![
                put("a", "1"),
                watch("s", create("a")),
                progress("s"),
                hear("s", 1),
                put("b", "2"),
                progress("s"),
                hear("s", 1)
            ],
        ),
        case(
            "progress_after_events",
            ops![
                watch("s", create("a")),
                put("a", "1"),
                hear("s", 1),
                progress("s"),
                hear("s", 1),
                listen("s")
            ],
        ),
        case(
            "progress_of_two_watches_is_told_once",
            ops![watch("s", create("a")), watch("s", create("b")), progress("s"), hear("s", 1), listen("s")],
        ),
        case(
            "progress_without_a_watch",
            ops![progress("s"), listen("s"), watch("s", create("a")), listen("s")],
        ),
        case(
            "progress_after_the_last_cancel",
            ops![watch("s", create("a")), cancel("s", 0), hear("s", 1), progress("s"), listen("s")],
        ),
        case(
            "progress_when_the_past_has_been_told",
            ops![four_revisions(), watch("s", from(2, "a")), hear("s", 1), progress("s"), listen("s")],
        ),
        // So much of a past that telling it takes longer than the request does.
        case(
            "progress_while_the_past_is_still_to_be_told",
            ops![
                Op::Fill("a", 1100),
                ask("s", from(2, "a")),
                progress("s"),
                hear("s", 3),
                listen("s"),
                progress("s"),
                hear("s", 1)
            ],
        ),
        case(
            "progress_of_a_watch_of_the_future",
            ops![put("a", "1"), watch("s", from(9, "a")), progress("s"), listen("s")],
        ),
        case(
            "progress_after_a_compaction_ended_the_watch",
            ops![
                four_revisions(),
                compact(4),
                watch("s", from(2, "a")),
                hear("s", 1),
                progress("s"),
                listen("s")
            ],
        ),
        case(
            "progress_notify_is_not_told_at_once",
            ops![
                watch("s", WatchCreateRequest { progress_notify: true, ..create("a") }),
                put("b", "1"),
                listen("s"),
                put("a", "1"),
                hear("s", 1)
            ],
        ),
    ]
}
