//! Logins and the life of tokens.

use etcd_model::proto::{
    permission::Type::{Read, Readwrite},
    *,
};

use crate::case::{Case, Op, Speaker, case, case_with_signed_tokens, case_with_token_ttl, ops, request::*};

/// Longer than any token lives whose time to live is one second: it dies at the first whole second after its end.
const PAST_ONE_SECOND_MS: u64 = 2400;

fn logins_token(user: &'static str, login: usize) -> Op {
    Op::Speak(Speaker::Login(user, login))
}

pub fn cases() -> Vec<Case> {
    let mut cases = logins();
    cases.extend(invalid());
    cases.extend(lives());
    cases.extend(signed());
    cases
}

fn logins() -> Vec<Case> {
    vec![
        case(
            "a_login_when_off_is_refused",
            ops![login("root", "r"), user_add("u", "p"), login("u", "p"), login("", "")],
        ),
        case("a_login", ops![locked(), get("a")]),
        case(
            "a_wrong_password",
            ops![locked(), login("root", "x"), login("root", ""), login("root", "R"), get("a")],
        ),
        case(
            "an_unknown_user",
            ops![locked(), login("x", "r"), login("", "r"), login("", ""), login("ROOT", "r")],
        ),
        case(
            "a_second_login_leaves_the_first",
            ops![
                locked(),
                login("root", "r"),
                logins_token("root", 1),
                get("a"),
                logins_token("root", 2),
                get("a")
            ],
        ),
        case(
            "a_login_with_a_bad_token",
            ops![locked(), with_token("garbage"), login("root", "r"), by("root"), get("a")],
        ),
        case(
            "a_login_with_somebody_elses_token",
            ops![locked(), user_with("u", Read, "a", ""), by("u"), login("root", "r"), get("a"), get("b")],
        ),
    ]
}

fn invalid() -> Vec<Case> {
    vec![
        case("no_token", ops![locked(), by_nobody(), get("a"), put("a", "1")]),
        case(
            "garbage",
            ops![
                locked(),
                with_token("garbage"),
                get("a"),
                put("a", "1"),
                all_of(vec![]),
                AuthUserListRequest {},
                with_token(""),
                get("a"),
                with_token("a.b"),
                get("a"),
                with_token("abcdefghijklmnop."),
                get("a")
            ],
        ),
        case(
            "a_well_formed_token_of_the_past",
            ops![
                locked(),
                with_token("abcdefghijklmnop.1"),
                get("a"),
                with_token("abcdefghijklmnop.0"),
                get("a"),
                with_token("short.1"),
                get("a")
            ],
        ),
        case(
            "a_token_of_an_index_to_come_gets_no_answer",
            ops![locked(), with_token("abcdefghijklmnop.1000000"), get("a")],
        ),
        case(
            "garbage_when_off",
            ops![
                with_token("garbage"),
                get("a"),
                put("a", "1"),
                watch("s", create("a")),
                AuthUserListRequest {},
                grant(7, 1000),
                compact(1)
            ],
        ),
        case(
            "a_deleted_users_token",
            ops![
                locked(),
                user_with("u", Readwrite, "a", "b"),
                by("u"),
                get("a"),
                by("root"),
                AuthUserDeleteRequest { name: "u".into() },
                by("u"),
                get("a"),
                put("a", "1")
            ],
        ),
        case(
            "a_token_from_before_a_change_of_password",
            ops![
                locked(),
                user_with("u", Readwrite, "a", "b"),
                by("root"),
                change_password("u", "new"),
                by("u"),
                get("a"),
                login("u", "new"),
                get("a"),
                logins_token("u", 1),
                get("a"),
                by("root"),
                get("a")
            ],
        ),
        case(
            "a_token_outlives_changes_of_roles",
            ops![
                locked(),
                user_with("u", Readwrite, "a", "b"),
                user_add("other", "p"),
                forbid("u", "a", "b"),
                by("u"),
                get("a"),
                by("root"),
                permit("u", Read, "a", "b"),
                by("u"),
                get("a"),
                by("root"),
                revoke_role("u", "u"),
                by("u"),
                get("a"),
                by("root"),
                grant_role("u", "u"),
                by("u"),
                get("a")
            ],
        ),
        case(
            "switched_off_and_on_again",
            ops![
                locked(),
                AuthDisableRequest {},
                get("a"),
                by_nobody(),
                get("a"),
                AuthEnableRequest {},
                by("root"),
                get("a"),
                login("root", "r"),
                get("a"),
                logins_token("root", 1),
                get("a")
            ],
        ),
        case(
            "a_user_added_again_is_another",
            ops![
                locked(),
                user_with("u", Readwrite, "a", "b"),
                AuthUserDeleteRequest { name: "u".into() },
                user_add("u", "pw"),
                grant_role("u", "u"),
                by("u"),
                get("a"),
                login("u", "pw"),
                get("a")
            ],
        ),
    ]
}

fn lives() -> Vec<Case> {
    let from_1 = || WatchCreateRequest { start_revision: 2, ..create("a") };
    vec![
        case_with_token_ttl(
            "unused_it_dies",
            1,
            ops![locked(), get("a"), pass_ms(PAST_ONE_SECOND_MS), get("a"), login("root", "r"), get("a")],
        ),
        case_with_token_ttl(
            "used_it_lives_on",
            2,
            ops![locked(), pass_ms(1200), get("a"), pass_ms(1200), get("a"), pass_ms(1200), get("a")],
        ),
        case_with_token_ttl(
            "a_refused_use_is_a_use_too",
            2,
            ops![
                locked(),
                user_with("u", Read, "a", ""),
                by("u"),
                pass_ms(1200),
                get("z"),
                pass_ms(1200),
                get("z"),
                pass_ms(1200),
                get("z")
            ],
        ),
        case_with_token_ttl(
            "another_login_does_not_keep_it_alive",
            2,
            ops![
                locked(),
                pass_ms(1200),
                login("root", "r"),
                pass_ms(1200),
                get("a"),
                pass_ms(1200),
                get("a"),
                pass_ms(1200),
                get("a"),
                logins_token("root", 1),
                get("a")
            ],
        ),
        case_with_token_ttl(
            "watches_created_keep_it_alive",
            2,
            ops![
                locked(),
                watch("s", create("a")),
                pass_ms(1200),
                watch("s", create("b")),
                pass_ms(1200),
                watch("s", create("c")),
                pass_ms(1200),
                get("a")
            ],
        ),
        case_with_token_ttl(
            "events_do_not_keep_it_alive",
            2,
            ops![
                locked(),
                watch("s", create("a")),
                login("root", "r"),
                put("a", "1"),
                hear("s", 1),
                pass_ms(1500),
                put("a", "2"),
                hear("s", 1),
                pass_ms(1500),
                put("a", "3"),
                hear("s", 1),
                pass_ms(1500),
                put("a", "4"),
                hear("s", 1),
                logins_token("root", 1),
                get("a")
            ],
        ),
        case_with_token_ttl(
            "a_leases_keep_alive_asks_for_none",
            1,
            ops![
                locked(),
                grant(7, 1000),
                pass_ms(PAST_ONE_SECOND_MS),
                keep_alive(&[7]),
                LeaseLeasesRequest {},
                time_to_live(7),
                get("a")
            ],
        ),
        case_with_token_ttl(
            "the_past_can_be_watched_with_a_fresh_login_on_a_fresh_stream",
            1,
            ops![
                locked(),
                put("a", "1"),
                watch("old", from_1()),
                hear("old", 1),
                pass_ms(PAST_ONE_SECOND_MS),
                login("root", "r"),
                watch("old", from_1()),
                watch("new", from_1()),
                hear("new", 1)
            ],
        ),
    ]
}

/// A signed token ends with a whole second: up to one second earlier than it should, and on 3.5.5 later.
fn signed() -> Vec<Case> {
    let u_watches_a =
        || ops![locked(), user_with("u", Readwrite, "a", "c"), by("u"), watch("s", create("a"))];
    vec![
        case_with_signed_tokens("signed", 300, ops![locked(), put("a", "1"), get("a"), login("root", "x")]),
        case_with_signed_tokens(
            "signed_by_nobody",
            300,
            ops![
                locked(),
                with_token("garbage"),
                get("a"),
                with_token("eyJhbGciOiJIUzI1NiJ9.e30.AAAA"),
                get("a")
            ],
        ),
        case_with_signed_tokens(
            "signed_before_a_change_of_users",
            300,
            ops![
                u_watches_a(),
                put("a", "1"),
                by("root"),
                user_add("somebody", "else"),
                login("root", "r"),
                by("root"),
                user_add("somebody", "else"),
                login("root", "r"),
                get("a"),
                by("u"),
                get("a"),
                put("a", "2"),
                listen("s"),
                watch("s", create("b")),
                watch("t", create("b")),
                by("root"),
                put("a", "3"),
                listen("s"),
                login("u", "pw"),
                by("u"),
                get("a"),
                watch("v", create("b"))
            ],
        ),
        case_with_signed_tokens(
            "signed_and_over",
            2,
            ops![
                locked(),
                get("a"),
                watch("s", create("a")),
                pass_ms(3400),
                get("a"),
                watch("s", create("b")),
                login("root", "r"),
                put("a", "1"),
                listen("s")
            ],
        ),
        case_with_signed_tokens(
            "signed_and_used",
            3,
            ops![locked(), get("a"), pass_ms(1600), get("a"), pass_ms(2800), get("a")],
        ),
        case_with_signed_tokens(
            "signed_and_switched_off",
            300,
            ops![
                locked(),
                AuthDisableRequest {},
                get("a"),
                by_nobody(),
                AuthEnableRequest {},
                by("root"),
                get("a"),
                login("root", "r"),
                get("a")
            ],
        ),
    ]
}
