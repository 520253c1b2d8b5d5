//! Leases: granting, keeping alive, asking, revoking, and their end.

use etcd_model::proto::{LeaseLeasesRequest, LeaseTimeToLiveRequest, PutRequest};

use crate::case::{Case, Op, case, ops, request::*};

fn put_under(lease: i64, key: &str, value: &str) -> PutRequest {
    PutRequest { lease, ..put(key, value) }
}

fn until_gone(key: &str) -> Op {
    Op::UntilGone(bytes(key))
}

pub fn cases() -> Vec<Case> {
    let mut cases = grants();
    cases.extend(keys());
    cases.extend(keep_alives());
    cases.extend(ends());
    cases
}

fn grants() -> Vec<Case> {
    vec![
        case("a_chosen_id", ops![grant(7, 1000), grant(8, 60), LeaseLeasesRequest {}]),
        case(
            "an_id_of_the_servers",
            ops![
                grant(0, 1000),
                time_to_live(CHOSEN),
                put_under(CHOSEN, "a", "1"),
                get("a"),
                grant(CHOSEN, 5),
                revoke(CHOSEN),
                get("a")
            ],
        ),
        case("twice_is_refused", ops![grant(7, 1000), grant(7, 60), time_to_live(7)]),
        case("again_after_its_end", ops![grant(7, 1000), revoke(7), grant(7, 60), time_to_live(7)]),
        case("the_least_time_is_two_seconds", ops![grant(1, 0), grant(2, 1), grant(3, 2), grant(4, 3)]),
        case("a_negative_time", ops![grant(1, -1), grant(2, i64::MIN), time_to_live(1)]),
        case(
            "the_longest_time",
            ops![
                grant(1, 9_000_000_000),
                grant(2, 9_000_000_001),
                grant(3, i64::MAX),
                time_to_live(1),
                time_to_live(2)
            ],
        ),
        case(
            "a_negative_id",
            ops![grant(-7, 1000), put_under(-7, "a", "1"), get("a"), time_to_live(-7), revoke(-7), get("a")],
        ),
        case(
            "leases_are_listed_by_their_end",
            ops![
                LeaseLeasesRequest {},
                grant(3, 3000),
                grant(1, 2000),
                grant(2, 1000),
                LeaseLeasesRequest {},
                revoke(1),
                LeaseLeasesRequest {}
            ],
        ),
        case(
            "what_is_unknown",
            ops![
                time_to_live(9),
                time_to_live(0),
                LeaseTimeToLiveRequest { id: 9, keys: false },
                revoke(9),
                revoke(0),
                keep_alive(&[9, 0])
            ],
        ),
    ]
}

fn keys() -> Vec<Case> {
    vec![
        case(
            "its_keys_are_told_when_asked_for",
            ops![
                grant(7, 1000),
                put_under(7, "b", "1"),
                put_under(7, "a", "2"),
                time_to_live(7),
                LeaseTimeToLiveRequest { id: 7, keys: false }
            ],
        ),
        case(
            "a_deleted_key_is_none_of_its_keys",
            ops![
                grant(7, 1000),
                put_under(7, "a", "1"),
                put_under(7, "b", "1"),
                delete("a"),
                time_to_live(7),
                delete_range("a", "z"),
                time_to_live(7)
            ],
        ),
        case(
            "a_key_moves_from_lease_to_lease",
            ops![
                grant(7, 1000),
                grant(8, 1000),
                put_under(7, "a", "1"),
                put_under(8, "a", "2"),
                time_to_live(7),
                time_to_live(8),
                revoke(7),
                get("a"),
                revoke(8),
                get("a")
            ],
        ),
        case(
            "a_key_put_without_its_lease_outlives_it",
            ops![grant(7, 1000), put_under(7, "a", "1"), put("a", "2"), revoke(7), get("a")],
        ),
        case(
            "keys_put_in_a_transaction",
            ops![
                grant(7, 1000),
                all_of(vec![op(put_under(7, "a", "1")), op(put("b", "2"))]),
                time_to_live(7),
                revoke(7),
                everything()
            ],
        ),
        case(
            "a_key_put_twice_is_one",
            ops![
                grant(7, 1000),
                put_under(7, "a", "1"),
                put_under(7, "a", "2"),
                time_to_live(7),
                revoke(7),
                everything()
            ],
        ),
        case(
            "a_key_attached_and_deleted_in_a_transaction",
            ops![
                grant(7, 1000),
                all_of(vec![op(all_of(vec![op(put_under(7, "a", "1"))])), op(all_of(vec![op(delete("a"))]))]),
                time_to_live(7),
                revoke(7)
            ],
        ),
    ]
}

fn keep_alives() -> Vec<Case> {
    vec![
        case("keep_alive_gives_all_its_time", ops![grant(7, 1000), keep_alive(&[7])]),
        case(
            "keep_alives_on_one_stream",
            ops![grant(7, 1000), grant(8, 60), keep_alive(&[7, 9, 8, 7]), keep_alive(&[])],
        ),
        case("keep_alive_of_a_revoked_lease", ops![grant(7, 1000), revoke(7), keep_alive(&[7])]),
        case(
            "keep_alive_keeps_its_keys",
            ops![
                grant(7, 2),
                put_under(7, "a", "1"),
                pass_ms(1300),
                keep_alive(&[7]),
                pass_ms(1300),
                get("a"),
                until_gone("a"),
                keep_alive(&[7])
            ],
        ),
    ]
}

fn ends() -> Vec<Case> {
    vec![
        case(
            "revoked",
            ops![
                grant(7, 1000),
                put_under(7, "a", "1"),
                put("b", "2"),
                revoke(7),
                everything(),
                time_to_live(7),
                revoke(7),
                LeaseLeasesRequest {}
            ],
        ),
        case("revoked_without_keys", ops![grant(7, 1000), revoke(7), get("a")]),
        case(
            "its_end_deletes_its_keys",
            ops![
                grant(7, 2),
                put_under(7, "a", "1"),
                put_under(7, "b", "2"),
                put("c", "3"),
                until_gone("a"),
                everything(),
                time_to_live(7),
                LeaseLeasesRequest {}
            ],
        ),
        case(
            "its_end_is_told_to_watches",
            ops![
                grant(7, 2),
                watch("s", create_range("a", "z")),
                put_under(7, "b", "1"),
                hear("s", 1),
                put_under(7, "a", "2"),
                hear("s", 2)
            ],
        ),
        case(
            "its_end_without_keys_moves_nothing",
            ops![
                grant(7, 2),
                grant(8, 3),
                put_under(8, "a", "1"),
                until_gone("a"),
                time_to_live(7),
                get("a")
            ],
        ),
        case(
            "a_put_under_it_after_its_end_is_refused",
            ops![
                grant(7, 2),
                put_under(7, "a", "1"),
                until_gone("a"),
                put_under(7, "a", "2"),
                grant(7, 1000),
                put_under(7, "a", "3")
            ],
        ),
        case(
            "keys_in_the_order_of_their_names",
            ops![
                grant(7, 1000),
                put_under(7, "c", "1"),
                put_under(7, "a", "2"),
                put_under(7, "b", "3"),
                watch("s", create_range("a", "z")),
                revoke(7),
                hear("s", 1)
            ],
        ),
    ]
}
