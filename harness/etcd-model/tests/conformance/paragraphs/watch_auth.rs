//! Watches and who may have them: refusals, what they do to other watches, and what running watches outlive.

use etcd_model::proto::{
    permission::Type::{Read, Readwrite, Write},
    *,
};

use crate::case::{Case, Op, Speaker, case, case_with_token_ttl, ops, request::*};

/// Longer than a token lives whose time to live is one second.
const PAST_ONE_SECOND_MS: u64 = 2400;

/// Authentication is on, and `u`, who may read `a` up to `c`, watches `a` on stream `s`.
fn u_watches_a() -> Vec<Op> {
    ops![locked(), user_with("u", Read, "a", "c"), by("u"), watch("s", create("a"))]
}

/// Root puts `a`, and the stream `s` tells what it has to tell.
fn is_a_told() -> Vec<Op> {
    ops![by("root"), put("a", "told?"), listen("s")]
}

/// Something happens to `u` by root; then the old watch is tried, and new ones on the old stream and on another.
fn while_watching(happens: Vec<Op>) -> Vec<Op> {
    ops![
        u_watches_a(),
        by("root"),
        happens,
        is_a_told(),
        by("u"),
        watch("s", create("b")),
        watch("t", create("b")),
        is_a_told(),
    ]
}

fn with_id(watch_id: i64, key: &str) -> WatchCreateRequest {
    WatchCreateRequest { watch_id, ..create(key) }
}

pub fn cases() -> Vec<Case> {
    let mut cases = refusals();
    cases.extend(deaf());
    cases.extend(outlived());
    cases
}

fn refusals() -> Vec<Case> {
    vec![
        case(
            "without_a_token",
            ops![locked(), by_nobody(), watch("s", create("a")), watch("s", create("b"))],
        ),
        case("with_a_bad_token", ops![locked(), with_token("garbage"), watch("s", create("a"))]),
        case(
            "without_the_permission",
            ops![locked(), user_with("u", Write, "a", "c"), by("u"), watch("s", create("a"))],
        ),
        case(
            "a_range_that_is_not_all_permitted",
            ops![
                u_watches_a(),
                watch("s", create_range("a", "c")),
                watch("t", create_range("a", "d")),
                watch("t", create_range("a", "\0")),
                watch("t", create("c")),
                watch("t", create_range("\0", "\0"))
            ],
        ),
        case(
            "from_a_permitted_key_on",
            ops![
                locked(),
                user_with("u", Read, "b", "\0"),
                by("u"),
                watch("s", create_range("b", "\0")),
                watch("s", create_range("c", "\0")),
                watch("t", create_range("a", "\0"))
            ],
        ),
        case(
            "adjacent_permissions_add_up",
            ops![
                locked(),
                user_with("u", Read, "a", "b"),
                permit("u", Read, "b", "c"),
                by("u"),
                watch("s", create_range("a", "c"))
            ],
        ),
        case(
            "refused_before_anything_else_is_looked_at",
            ops![
                u_watches_a(),
                watch("t", create_range("z", "y")),
                watch("t", WatchCreateRequest { start_revision: -1, ..create("z") }),
                watch("u", create_range("b", "a")),
            ],
        ),
        case(
            "permissions_count_when_the_watch_is_created",
            ops![
                locked(),
                user_with("u", Read, "a", ""),
                by("u"),
                watch("s", create("b")),
                by("root"),
                permit("u", Read, "b", ""),
                by("u"),
                watch("s", create("b")),
                by("root"),
                put("b", "1"),
                listen("s")
            ],
        ),
        case("by_root", ops![locked(), watch("s", create_range("\0", "\0")), put("a", "1"), hear("s", 1)]),
        case(
            "the_streams_token_counts",
            ops![u_watches_a(), by("root"), watch("s", create("z")), watch("t", create("z"))],
        ),
    ]
}

fn deaf() -> Vec<Case> {
    vec![
        case_with_token_ttl(
            "the_story",
            1,
            ops![
                locked(),
                watch("s", create("a")),
                pass_ms(PAST_ONE_SECOND_MS),
                login("root", "r"),
                watch("s", create("b")),
                is_a_told(),
                is_a_told()
            ],
        ),
        case_with_token_ttl(
            "the_story_with_chosen_ids",
            1,
            ops![
                locked(),
                watch("s", with_id(101, "a")),
                pass_ms(PAST_ONE_SECOND_MS),
                login("root", "r"),
                watch("s", with_id(102, "b")),
                is_a_told(),
                watch("s", with_id(101, "b")),
                is_a_told()
            ],
        ),
        case_with_token_ttl(
            "the_story_on_a_stream_of_its_own",
            1,
            ops![
                locked(),
                watch("s", create("a")),
                pass_ms(PAST_ONE_SECOND_MS),
                watch("t", create("b")),
                login("root", "r"),
                watch("v", create("b")),
                is_a_told()
            ],
        ),
        case("a_refusal_and_watch_0", ops![u_watches_a(), watch("s", create("z")), is_a_told(), is_a_told()]),
        case(
            "a_refusal_and_watch_1",
            ops![
                u_watches_a(),
                watch("s", create("b")),
                watch("s", create("z")),
                by("root"),
                put("b", "1"),
                is_a_told()
            ],
        ),
        case(
            "a_refusal_takes_no_id",
            ops![
                u_watches_a(),
                watch("s", create("z")),
                watch("s", create("b")),
                by("root"),
                put("b", "1"),
                listen("s")
            ],
        ),
        case(
            "a_deaf_watch_can_be_cancelled",
            ops![u_watches_a(), watch("s", create("z")), cancel("s", 0), listen("s"), is_a_told()],
        ),
        case(
            "a_deaf_watch_0_and_a_chosen_id",
            ops![
                u_watches_a(),
                watch("s", create("z")),
                watch("s", with_id(5, "a")),
                is_a_told(),
                progress("s"),
                listen("s")
            ],
        ),
        case(
            "a_refusal_of_a_first_watch",
            ops![
                locked(),
                user_with("u", Read, "a", "c"),
                by("u"),
                watch("s", create("z")),
                watch("s", create("a")),
                is_a_told()
            ],
        ),
        case(
            "a_refused_watch_cancelled",
            ops![
                locked(),
                user_with("u", Read, "a", "c"),
                by("u"),
                watch("s", create("z")),
                cancel("s", 0),
                cancel("s", -1),
                listen("s")
            ],
        ),
        case(
            "a_refused_chosen_id_and_the_watch_of_that_id",
            ops![
                locked(),
                user_with("u", Read, "a", "c"),
                by("u"),
                watch("s", with_id(7, "a")),
                watch("s", with_id(7, "z")),
                is_a_told()
            ],
        ),
    ]
}

fn outlived() -> Vec<Case> {
    vec![
        case("a_revoked_role", while_watching(ops![revoke_role("u", "u")])),
        case("a_revoked_permission", while_watching(ops![forbid("u", "a", "c")])),
        case("a_deleted_role", while_watching(ops![AuthRoleDeleteRequest { role: "u".into() }])),
        case("a_changed_password", while_watching(ops![change_password("u", "new")])),
        case("a_deleted_user", while_watching(ops![AuthUserDeleteRequest { name: "u".into() }])),
        case("an_unrelated_change", while_watching(ops![user_add("v", "p"), role_add("w")])),
        case(
            "switched_off",
            ops![
                u_watches_a(),
                by("root"),
                AuthDisableRequest {},
                by_nobody(),
                put("a", "told?"),
                listen("s"),
                by("u"),
                watch("s", create("b")),
                watch("t", create("b")),
                by_nobody(),
                put("a", "told?"),
                listen("s"),
                watch("v", create("b"))
            ],
        ),
        case(
            "switched_on",
            ops![
                watch("s", create("a")),
                locked(),
                is_a_told(),
                watch("s", create("b")),
                by_nobody(),
                watch("t", create("b")),
                is_a_told()
            ],
        ),
        case(
            "a_cancel_by_who_may_no_longer_watch",
            ops![
                u_watches_a(),
                by("root"),
                AuthUserDeleteRequest { name: "u".into() },
                cancel("s", 0),
                hear("s", 1),
                progress("s"),
                listen("s")
            ],
        ),
        case(
            "switched_off_and_a_stream_of_nobody",
            ops![
                locked(),
                by_nobody(),
                watch("s", create("a")),
                by("root"),
                AuthDisableRequest {},
                watch("s", create("a")),
                put("a", "1"),
                listen("s")
            ],
        ),
        case(
            "permitted_to_write_too",
            ops![
                locked(),
                user_with("u", Readwrite, "a", ""),
                by("u"),
                watch("s", create("a")),
                put("a", "1"),
                hear("s", 1)
            ],
        ),
        case(
            "the_token_of_an_earlier_login",
            ops![
                locked(),
                login("root", "r"),
                Op::Speak(Speaker::Login("root", 1)),
                watch("s", create("a")),
                put("a", "1"),
                hear("s", 1)
            ],
        ),
    ]
}
