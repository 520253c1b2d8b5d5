//! Users, roles and the switch: who may be added, removed and switched on.

use etcd_model::proto::{
    permission::Type::{Read, Readwrite, Write},
    *,
};

use crate::case::{Case, Op, Speaker, case, ops, request::*};

fn user_get(name: &str) -> AuthUserGetRequest {
    AuthUserGetRequest { name: name.into() }
}

fn user_delete(name: &str) -> AuthUserDeleteRequest {
    AuthUserDeleteRequest { name: name.into() }
}

fn role_get(role: &str) -> AuthRoleGetRequest {
    AuthRoleGetRequest { role: role.into() }
}

fn role_delete(role: &str) -> AuthRoleDeleteRequest {
    AuthRoleDeleteRequest { role: role.into() }
}

fn users() -> AuthUserListRequest {
    AuthUserListRequest {}
}

fn roles() -> AuthRoleListRequest {
    AuthRoleListRequest {}
}

fn status() -> AuthStatusRequest {
    AuthStatusRequest {}
}

fn without_password(name: &str) -> AuthUserAddRequest {
    AuthUserAddRequest { options: Some(UserAddOptions { no_password: true }), ..user_add(name, "") }
}

pub fn cases() -> Vec<Case> {
    let mut cases = the_switch();
    cases.extend(of_users());
    cases.extend(of_roles());
    cases.extend(of_permissions());
    cases
}

fn the_switch() -> Vec<Case> {
    vec![
        case("off_at_first", ops![status(), users(), roles(), get("a")]),
        case(
            "on_needs_a_root_with_its_role",
            ops![
                AuthEnableRequest {},
                user_add("root", "r"),
                AuthEnableRequest {},
                role_add("other"),
                grant_role("root", "other"),
                AuthEnableRequest {},
                grant_role("root", "root"),
                AuthEnableRequest {},
                status()
            ],
        ),
        case(
            "on_twice",
            ops![
                locked(),
                AuthEnableRequest {},
                status(),
                by_nobody(),
                AuthEnableRequest {},
                with_token("garbage"),
                AuthEnableRequest {}
            ],
        ),
        case(
            "on_twice_by_somebody_else",
            ops![locked(), user_with("u", Readwrite, "a", "z"), by("u"), AuthEnableRequest {}],
        ),
        case("off_when_off", ops![AuthDisableRequest {}, status()]),
        case(
            "off",
            ops![
                locked(),
                AuthDisableRequest {},
                status(),
                by_nobody(),
                get("a"),
                status(),
                AuthDisableRequest {}
            ],
        ),
        case(
            "off_by_somebody_else",
            ops![
                locked(),
                user_with("u", Readwrite, "a", "z"),
                by("u"),
                AuthDisableRequest {},
                by_nobody(),
                AuthDisableRequest {},
                by("root"),
                status()
            ],
        ),
        case(
            "on_again",
            ops![
                locked(),
                AuthDisableRequest {},
                by_nobody(),
                AuthEnableRequest {},
                status(),
                by("root"),
                get("a"),
                login("root", "r"),
                get("a"),
                status()
            ],
        ),
        case(
            "each_change_is_one_revision_of_its_own",
            ops![
                status(),
                user_add("u", "p"),
                status(),
                role_add("r"),
                status(),
                permit("r", Read, "a", ""),
                status(),
                permit("r", Read, "a", ""),
                status(),
                grant_role("u", "r"),
                status(),
                change_password("u", "q"),
                status(),
                forbid("r", "a", ""),
                status(),
                revoke_role("u", "r"),
                status(),
                user_delete("u"),
                role_delete("r"),
                status(),
                locked(),
                status(),
                AuthDisableRequest {},
                status()
            ],
        ),
    ]
}

fn of_users() -> Vec<Case> {
    vec![
        case(
            "a_user",
            ops![user_add("u", "p"), user_get("u"), users(), user_delete("u"), users(), user_get("u")],
        ),
        case(
            "users_are_listed_by_name",
            ops![user_add("b", "p"), user_add("a", "p"), user_add("B", "p"), user_add("a/1", "p"), users()],
        ),
        case(
            "a_user_twice_is_refused",
            ops![user_add("u", "p"), user_add("u", "q"), user_add("U", "p"), users()],
        ),
        case("a_user_without_a_name_is_refused", ops![user_add("", "p"), without_password(""), users()]),
        case(
            "a_user_with_an_empty_password",
            ops![locked(), user_add("u", ""), login("u", ""), login("u", "x"), user_get("u")],
        ),
        case(
            "a_user_without_a_password",
            ops![
                locked(),
                without_password("u"),
                login("u", ""),
                login("u", "x"),
                change_password("u", "now"),
                login("u", "now")
            ],
        ),
        case(
            "a_user_without_a_password_but_with_one",
            ops![
                locked(),
                AuthUserAddRequest {
                    options: Some(UserAddOptions { no_password: true }),
                    ..user_add("u", "p")
                },
                login("u", "p"),
                AuthUserAddRequest {
                    options: Some(UserAddOptions { no_password: false }),
                    ..user_add("v", "p")
                },
                login("v", "p")
            ],
        ),
        case(
            "a_user_that_is_not_there",
            ops![
                user_get("x"),
                user_delete("x"),
                change_password("x", "p"),
                grant_role("x", "root"),
                revoke_role("x", "root"),
                user_get(""),
                user_delete("")
            ],
        ),
        case(
            "a_password_changed",
            ops![
                locked(),
                user_add("u", "old"),
                login("u", "old"),
                change_password("u", "new"),
                login("u", "old"),
                login("u", "new"),
                change_password("u", ""),
                login("u", "")
            ],
        ),
        case(
            "roles_of_a_user",
            ops![
                user_add("u", "p"),
                role_add("b"),
                role_add("a"),
                grant_role("u", "b"),
                grant_role("u", "a"),
                grant_role("u", "root"),
                user_get("u"),
                grant_role("u", "a"),
                grant_role("u", "missing"),
                user_get("u"),
                revoke_role("u", "a"),
                revoke_role("u", "a"),
                revoke_role("u", "missing"),
                user_get("u")
            ],
        ),
        case(
            "root_cannot_be_taken_away_while_on",
            ops![
                locked(),
                user_delete("root"),
                revoke_role("root", "root"),
                role_delete("root"),
                AuthDisableRequest {},
                by_nobody(),
                revoke_role("root", "root"),
                user_delete("root"),
                users()
            ],
        ),
    ]
}

fn of_roles() -> Vec<Case> {
    vec![
        case("a_role", ops![role_add("r"), role_get("r"), roles(), role_delete("r"), roles(), role_get("r")]),
        case(
            "roles_are_listed_by_name",
            ops![role_add("b"), role_add("a"), role_add("root"), role_add("B"), roles()],
        ),
        case("a_role_twice_is_refused", ops![role_add("r"), role_add("r"), role_add("R"), roles()]),
        case("a_role_without_a_name_is_refused", ops![role_add(""), roles()]),
        case(
            "a_role_that_is_not_there",
            ops![
                role_get("x"),
                role_delete("x"),
                permit("x", Read, "a", ""),
                forbid("x", "a", ""),
                role_get("")
            ],
        ),
        case(
            "root_is_a_role_that_need_not_be_added",
            ops![user_add("u", "p"), grant_role("u", "root"), user_get("u"), role_get("root"), roles()],
        ),
        case(
            "a_deleted_role_is_taken_from_its_users",
            ops![
                user_add("u", "p"),
                role_add("r"),
                role_add("s"),
                grant_role("u", "r"),
                grant_role("u", "s"),
                role_delete("r"),
                user_get("u"),
                role_add("r"),
                user_get("u")
            ],
        ),
    ]
}

fn of_permissions() -> Vec<Case> {
    vec![
        case(
            "permissions_are_listed_by_key",
            ops![
                role_add("r"),
                permit("r", Write, "c", ""),
                permit("r", Read, "a", "b"),
                permit("r", Readwrite, "b", "\0"),
                permit("r", Read, "a", ""),
                role_get("r")
            ],
        ),
        case(
            "a_permission_again_replaces_its_kind",
            ops![
                role_add("r"),
                permit("r", Read, "a", "b"),
                permit("r", Write, "a", "b"),
                role_get("r"),
                permit("r", Readwrite, "a", ""),
                role_get("r")
            ],
        ),
        case(
            "a_grant_without_a_permission_is_refused",
            ops![
                role_add("r"),
                AuthRoleGrantPermissionRequest { name: "r".into(), perm: None },
                role_get("r")
            ],
        ),
        case(
            "a_permission_of_an_odd_range",
            ops![
                role_add("r"),
                permit("r", Read, "b", "a"),
                permit("r", Read, "a", "a"),
                permit("r", Read, "", ""),
                permit("r", Read, "\0", "\0"),
                permit("r", Read, "", "\0"),
                role_get("r")
            ],
        ),
        case(
            "a_permission_taken",
            ops![
                role_add("r"),
                permit("r", Read, "a", "c"),
                permit("r", Read, "d", ""),
                forbid("r", "a", ""),
                forbid("r", "a", "b"),
                forbid("r", "a", "c"),
                forbid("r", "a", "c"),
                role_get("r"),
                forbid("r", "d", ""),
                role_get("r")
            ],
        ),
        case(
            "a_kind_that_does_not_exist",
            ops![
                role_add("r"),
                AuthRoleGrantPermissionRequest {
                    name: "r".into(),
                    perm: Some(Permission { perm_type: 7, key: bytes("a"), range_end: bytes("") })
                },
                role_get("r")
            ],
        ),
        case(
            "permissions_for_root_add_nothing",
            ops![role_add("root"), permit("root", Read, "a", ""), role_get("root")],
        ),
        case(
            "who_speaks_of_users_and_roles",
            ops![
                locked(),
                user_with("u", Readwrite, "a", "z"),
                user_add("v", "p"),
                role_add("s"),
                by("u"),
                users(),
                roles(),
                user_get("u"),
                user_get("v"),
                user_get("missing"),
                role_get("u"),
                role_get("s"),
                role_get("missing"),
                user_add("w", "p"),
                user_delete("v"),
                change_password("u", "q"),
                grant_role("u", "root"),
                revoke_role("u", "u"),
                role_add("t"),
                role_delete("s"),
                permit("u", Read, "z", ""),
                forbid("u", "a", "z"),
                status()
            ],
        ),
        case(
            "nobody_speaks_of_users_and_roles",
            ops![
                locked(),
                by_nobody(),
                users(),
                roles(),
                user_get("root"),
                role_get("root"),
                user_add("w", "p"),
                user_delete("root"),
                change_password("root", "q"),
                grant_role("root", "x"),
                revoke_role("root", "root"),
                role_add("t"),
                role_delete("s"),
                permit("u", Read, "z", ""),
                forbid("u", "a", "z"),
                status()
            ],
        ),
        case(
            "another_with_the_role_root",
            ops![
                locked(),
                user_add("admin", "p"),
                grant_role("admin", "root"),
                login("admin", "p"),
                Op::Speak(Speaker::User("admin")),
                put("a", "1"),
                everything(),
                users(),
                user_delete("admin"),
                put("a", "2"),
                user_delete("root"),
                AuthDisableRequest {}
            ],
        ),
    ]
}
