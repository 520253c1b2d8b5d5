//! What users may read and write, call by call.

use etcd_model::proto::{
    compare::{CompareResult::Equal, TargetUnion::Version},
    permission::Type::{self, Read, Readwrite, Write},
    *,
};

use crate::case::{Case, Op, case, ops, request::*};

/// Authentication is on, there is a key in each of `a` to `e`, and `u`, who has one permission, speaks.
fn as_one_with(perm: Type, key: &str, range_end: &str) -> Vec<Op> {
    ops![
        locked(),
        all_of(["a", "b", "c", "d", "e"].map(|key| op(put(key, key))).to_vec()),
        user_with("u", perm, key, range_end),
        by("u")
    ]
}

fn returning(put: PutRequest) -> PutRequest {
    PutRequest { prev_kv: true, ..put }
}

pub fn cases() -> Vec<Case> {
    let mut cases = ranges();
    cases.extend(transactions());
    cases.extend(leases());
    cases.extend(others());
    cases
}

fn ranges() -> Vec<Case> {
    let u_may = |perm, key, range_end| ops![by("root"), permit("u", perm, key, range_end), by("u")];
    vec![
        case(
            "to_read_a_key",
            ops![
                as_one_with(Read, "b", ""),
                get("b"),
                get("a"),
                get("b/"),
                range("b", "c"),
                range("b", "b\0"),
                put("b", "1"),
                delete("b"),
                get("missing")
            ],
        ),
        case(
            "to_write_a_key",
            ops![
                as_one_with(Write, "b", ""),
                get("b"),
                put("b", "1"),
                returning(put("b", "2")),
                delete("b"),
                DeleteRangeRequest { prev_kv: true, ..delete("b") },
                put("a", "1"),
                delete_range("b", "c")
            ],
        ),
        case(
            "to_read_and_write_a_key",
            ops![
                as_one_with(Readwrite, "b", ""),
                get("b"),
                returning(put("b", "2")),
                DeleteRangeRequest { prev_kv: true, ..delete("b") }
            ],
        ),
        case(
            "to_read_a_range",
            ops![
                as_one_with(Read, "b", "d"),
                range("b", "d"),
                range("b", "c"),
                get("c"),
                range("a", "d"),
                range("b", "d\0"),
                range("b", "e"),
                get("d"),
                range("b", "\0"),
                everything()
            ],
        ),
        case(
            "to_read_from_a_key_on",
            ops![
                as_one_with(Read, "c", "\0"),
                range("c", "\0"),
                range("d", "\0"),
                get("zzz"),
                range("c", "z"),
                range("b", "\0"),
                everything()
            ],
        ),
        case(
            "to_read_everything",
            ops![
                as_one_with(Read, "\0", "\0"),
                everything(),
                range("a", "\0"),
                get("a"),
                range("", "z"),
                put("a", "1")
            ],
        ),
        case(
            "adjacent_ranges_add_up",
            ops![
                as_one_with(Read, "a", "c"),
                range("a", "d"),
                u_may(Read, "c", "e"),
                range("a", "e"),
                range("b", "d"),
                range("a", "f"),
                u_may(Read, "e", ""),
                range("a", "e\0"),
                get("e"),
                range("a", "f")
            ],
        ),
        case(
            "ranges_with_a_gap_do_not",
            ops![
                as_one_with(Read, "a", "b"),
                u_may(Read, "c", "d"),
                range("a", "d"),
                range("a", "b"),
                range("c", "d")
            ],
        ),
        case(
            "reading_and_writing_do_not_add_up",
            ops![
                as_one_with(Read, "a", "c"),
                u_may(Write, "c", "e"),
                range("a", "e"),
                delete_range("a", "e"),
                delete_range("c", "e")
            ],
        ),
        case(
            "roles_add_up",
            ops![
                as_one_with(Read, "a", "c"),
                by("root"),
                role_add("more"),
                permit("more", Write, "a", ""),
                permit("more", Read, "c", ""),
                grant_role("u", "more"),
                by("u"),
                put("a", "1"),
                get("c"),
                range("a", "c\0"),
                by("root"),
                revoke_role("u", "more"),
                by("u"),
                put("a", "1"),
                get("c")
            ],
        ),
        case(
            "changes_count_at_once",
            ops![
                as_one_with(Read, "a", "c"),
                get("a"),
                by("root"),
                forbid("u", "a", "c"),
                by("u"),
                get("a"),
                u_may(Readwrite, "a", ""),
                put("a", "1"),
                by("root"),
                AuthRoleDeleteRequest { role: "u".into() },
                by("u"),
                get("a")
            ],
        ),
        case(
            "no_role_at_all",
            ops![
                locked(),
                user_add("u", "p"),
                login("u", "p"),
                by("u"),
                get("a"),
                put("a", "1"),
                everything(),
                all_of(vec![])
            ],
        ),
        case(
            "what_is_wrong_with_a_request_comes_first",
            ops![
                as_one_with(Read, "a", "c"),
                get(""),
                put("", "1"),
                RangeRequest { revision: 99, ..get("z") },
                RangeRequest { revision: 99, ..get("a") },
                PutRequest { lease: 99, ..put("z", "1") },
                all_of(vec![op(put("z", "1")), op(put("z", "2"))])
            ],
        ),
        case(
            "serializable_and_count_only",
            ops![
                as_one_with(Read, "a", "c"),
                RangeRequest { serializable: true, ..get("z") },
                RangeRequest { count_only: true, ..everything() },
                RangeRequest { serializable: true, ..get("a") }
            ],
        ),
        case(
            "a_stream_of_ranges",
            ops![
                as_one_with(Read, "a", "c"),
                Op::RangeStream(range("a", "c")),
                Op::RangeStream(everything()),
                by_nobody(),
                Op::RangeStream(get("a"))
            ],
        ),
    ]
}

fn transactions() -> Vec<Case> {
    let when = |key: &str| vec![compare(key, Equal, Version(0))];
    vec![
        case(
            "a_comparison_reads",
            ops![
                as_one_with(Write, "a", "c"),
                txn(when("a"), vec![op(put("a", "1"))], vec![]),
                all_of(vec![op(put("a", "1"))])
            ],
        ),
        case(
            "a_comparison_outside",
            ops![
                as_one_with(Readwrite, "a", "c"),
                txn(when("z"), vec![], vec![]),
                txn(when("a"), vec![], vec![])
            ],
        ),
        case(
            "a_comparison_of_a_range",
            ops![
                as_one_with(Read, "a", "c"),
                txn(
                    vec![Compare { range_end: bytes("c"), ..compare("a", Equal, Version(1)) }],
                    vec![],
                    vec![]
                ),
                txn(
                    vec![Compare { range_end: bytes("d"), ..compare("a", Equal, Version(1)) }],
                    vec![],
                    vec![]
                )
            ],
        ),
        case(
            "both_branches_are_checked",
            ops![
                as_one_with(Readwrite, "a", "c"),
                txn(when("a"), vec![op(put("a", "1"))], vec![op(put("z", "1"))]),
                txn(when("a"), vec![op(put("z", "1"))], vec![op(put("a", "1"))]),
                txn(when("a"), vec![op(put("a", "1"))], vec![op(get("b"))]),
            ],
        ),
        case(
            "reads_and_deletions",
            ops![
                as_one_with(Read, "a", "c"),
                all_of(vec![op(get("a"))]),
                all_of(vec![op(get("a")), op(get("z"))]),
                all_of(vec![op(delete("a"))]),
                all_of(vec![op(DeleteRangeRequest { prev_kv: true, ..delete("z") })])
            ],
        ),
        case(
            "writing_and_returning_what_was_there",
            ops![
                as_one_with(Write, "a", "c"),
                all_of(vec![op(returning(put("a", "1")))]),
                all_of(vec![op(DeleteRangeRequest { prev_kv: true, ..delete("a") })]),
                all_of(vec![op(delete("b"))])
            ],
        ),
        case(
            "what_is_nested",
            ops![
                as_one_with(Readwrite, "a", "c"),
                all_of(vec![op(all_of(vec![op(put("z", "1"))]))]),
                all_of(vec![op(all_of(vec![op(get("z"))]))]),
                all_of(vec![op(txn(when("z"), vec![], vec![]))]),
                all_of(vec![op(all_of(vec![op(put("a", "1"))]))]),
                by("root"),
                get("z")
            ],
        ),
        case(
            "an_empty_transaction",
            ops![as_one_with(Read, "a", "c"), all_of(vec![]), by_nobody(), all_of(vec![])],
        ),
    ]
}

fn leases() -> Vec<Case> {
    let under = |put: PutRequest| PutRequest { lease: 7, ..put };
    vec![
        case(
            "leases_without_a_token",
            ops![
                locked(),
                by_nobody(),
                grant(7, 1000),
                time_to_live(7),
                LeaseLeasesRequest {},
                keep_alive(&[7]),
                revoke(7)
            ],
        ),
        case(
            "leases_with_a_bad_token",
            ops![
                locked(),
                with_token("garbage"),
                grant(7, 1000),
                time_to_live(7),
                LeaseLeasesRequest {},
                keep_alive(&[7]),
                revoke(7)
            ],
        ),
        case(
            "a_lease_whose_keys_one_may_not_write",
            ops![
                as_one_with(Readwrite, "a", "c"),
                by("root"),
                grant(7, 1000),
                under(put("z", "1")),
                by("u"),
                time_to_live(7),
                LeaseTimeToLiveRequest { id: 7, keys: false },
                keep_alive(&[7]),
                under(put("a", "1")),
                all_of(vec![op(under(put("b", "1")))]),
                revoke(7),
                by("root"),
                time_to_live(7),
                revoke(7),
                everything()
            ],
        ),
        case(
            "a_lease_whose_keys_one_may_write",
            ops![
                as_one_with(Readwrite, "a", "c"),
                grant(7, 1000),
                under(put("a", "1")),
                time_to_live(7),
                LeaseLeasesRequest {},
                revoke(7),
                get("a")
            ],
        ),
        case(
            "a_lease_whose_keys_one_may_only_read",
            ops![
                as_one_with(Read, "a", "c"),
                by("root"),
                grant(7, 1000),
                under(put("a", "1")),
                by("u"),
                time_to_live(7),
                revoke(7)
            ],
        ),
    ]
}

fn others() -> Vec<Case> {
    let maintenance = || {
        ops![
            StatusRequest {},
            AlarmRequest::default(),
            MemberListRequest { linearizable: true },
            MemberListRequest { linearizable: false }
        ]
    };
    vec![
        case(
            "compaction_by_somebody_else",
            ops![
                as_one_with(Readwrite, "a", "z"),
                put("a", "1"),
                compact(2),
                compact(99),
                by("root"),
                compact(3),
                compact(3)
            ],
        ),
        case(
            "compaction_by_nobody",
            ops![locked(), put("a", "1"), by_nobody(), compact(2), with_token("garbage"), compact(2)],
        ),
        case("maintenance_by_somebody_else", ops![as_one_with(Readwrite, "a", "z"), maintenance()]),
        case("maintenance_by_nobody", ops![locked(), by_nobody(), maintenance()]),
        case("maintenance_with_a_bad_token", ops![locked(), with_token("garbage"), maintenance()]),
        case(
            "everything_by_nobody",
            ops![
                locked(),
                by_nobody(),
                get("a"),
                RangeRequest { serializable: true, ..get("a") },
                put("a", "1"),
                delete("a"),
                all_of(vec![op(get("a"))])
            ],
        ),
    ]
}
