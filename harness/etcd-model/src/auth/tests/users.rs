//! Users, logins, and the switch.

use super::{Bench, user};
use crate::{
    auth::{Authentication, TokenKind},
    proto::{AuthUserAddRequest, AuthUserChangePasswordRequest, UserAddOptions},
    refusal::Refusal,
};

fn bench() -> Bench {
    Bench::of("3.5.5", TokenKind::Simple)
}

fn change(name: &str, password: &str, hashed_password: &str) -> AuthUserChangePasswordRequest {
    AuthUserChangePasswordRequest {
        name: name.to_owned(),
        password: password.to_owned(),
        hashed_password: hashed_password.to_owned(),
    }
}

fn without_password(name: &str) -> AuthUserAddRequest {
    AuthUserAddRequest { options: Some(UserAddOptions { no_password: true }), ..user(name, "ignored") }
}

#[test]
fn authentication_takes_a_user_root_with_the_role_root() {
    let mut bench = bench();
    assert_eq!(bench.authority.switch_on(), Err(Refusal::RootUserNotExist));
    bench.add("root", "root");
    assert_eq!(bench.authority.switch_on(), Err(Refusal::RootRoleNotExist));
    bench.authority.grant_role("root", "root").unwrap();
    assert_eq!(bench.authority.switch_on(), Ok(()));
    assert_eq!(bench.authority.authentication(), Authentication::On);
}

#[test]
fn the_revision_counts_changes_and_switching_off() {
    let mut bench = bench();
    assert_eq!(bench.authority.revision(), 1);
    bench.add("root", "root");
    bench.authority.grant_role("root", "root").unwrap();
    assert_eq!(bench.authority.revision(), 3);
    bench.authority.grant_role("root", "root").unwrap();
    bench.authority.switch_on().unwrap();
    bench.authority.switch_on().unwrap();
    assert_eq!(bench.authority.revision(), 3);
    bench.authority.switch_off();
    bench.authority.switch_off();
    assert_eq!(bench.authority.revision(), 4);
    assert_eq!(bench.authority.add_user(&user("root", "again")), Err(Refusal::UserAlreadyExists));
    assert_eq!(bench.authority.revision(), 4);
}

#[test]
fn a_login_needs_authentication_a_user_and_its_password_in_that_order() {
    let mut bench = bench();
    bench.add("root", "root");
    assert_eq!(bench.authority.check_password("root", "root"), Err(Refusal::AuthNotEnabled));
    bench.authority.grant_role("root", "root").unwrap();
    bench.authority.add_user(&without_password("certified")).unwrap();
    bench.authority.switch_on().unwrap();
    assert_eq!(bench.authority.check_password("root", "root"), Ok(()));
    assert_eq!(bench.authority.check_password("root", "wrong"), Err(Refusal::AuthFailed));
    assert_eq!(bench.authority.check_password("nobody", ""), Err(Refusal::AuthFailed));
    assert_eq!(bench.authority.check_password("certified", "ignored"), Err(Refusal::NoPasswordUser));
}

#[test]
fn as_long_as_authentication_is_on_root_cannot_be_thrown_out() {
    let mut bench = Bench::on("3.5.5", TokenKind::Simple);
    let refused = Err(Refusal::InvalidAuthManagement);
    assert_eq!(bench.authority.delete_user("root"), refused);
    assert_eq!(bench.authority.revoke_role("root", "root"), refused);
    assert_eq!(bench.authority.revoke_role("root", "other"), Err(Refusal::RoleNotGranted));
    // Before anybody looks whether the role exists.
    assert_eq!(bench.authority.delete_role("root"), refused);
    bench.authority.switch_off();
    assert_eq!(bench.authority.delete_role("root"), Err(Refusal::RoleNotFound));
    assert_eq!(bench.authority.revoke_role("root", "root"), Ok(()));
    assert_eq!(bench.authority.delete_user("root"), Ok(()));
}

#[test]
fn names_must_be_given_be_new_and_be_known() {
    let mut bench = bench();
    let authority = &mut bench.authority;
    assert_eq!(authority.add_user(&user("", "x")), Err(Refusal::UserEmpty));
    assert_eq!(authority.add_role(""), Err(Refusal::RoleEmpty));
    assert_eq!(authority.add_role("r"), Ok(()));
    assert_eq!(authority.add_role("r"), Err(Refusal::RoleAlreadyExists));
    assert_eq!(authority.delete_user("a"), Err(Refusal::UserNotFound));
    assert_eq!(authority.roles_of("a"), Err(Refusal::UserNotFound));
    assert_eq!(authority.permissions_of("s"), Err(Refusal::RoleNotFound));
    assert_eq!(authority.change_password(&change("a", "x", "")), Err(Refusal::UserNotFound));
    assert_eq!(authority.grant_role("a", "s"), Err(Refusal::UserNotFound));
    authority.add_user(&user("a", "x")).unwrap();
    assert_eq!(authority.grant_role("a", "s"), Err(Refusal::RoleNotFound));
    assert_eq!(authority.revoke_role("a", "r"), Err(Refusal::RoleNotGranted));
    assert_eq!(authority.grant_role("a", "r"), Ok(()));
    assert!(authority.has_role("a", "r") && !authority.has_role("b", "r"));
}

#[test]
fn names_are_listed_in_order() {
    let mut bench = bench();
    for name in ["b", "root", "a"] {
        bench.add(name, "x");
        bench.authority.add_role(name).unwrap();
        bench.authority.grant_role("b", name).unwrap();
    }
    assert_eq!(bench.authority.user_names(), ["a", "b", "root"]);
    assert_eq!(bench.authority.role_names(), ["a", "b", "root"]);
    assert_eq!(bench.authority.roles_of("b").unwrap(), ["a", "b", "root"]);
}

#[test]
fn an_empty_new_password_locks_a_user_out_since_3_5() {
    let logs_in = |release: &str| {
        let mut bench = Bench::on(release, TokenKind::Simple);
        bench.add("a", "");
        assert_eq!(bench.authority.check_password("a", ""), Ok(()));
        bench.authority.change_password(&change("a", "", "")).unwrap();
        bench.authority.check_password("a", "")
    };
    assert_eq!(logs_in("3.4.23"), Ok(()));
    assert_eq!(logs_in("3.5.5"), Err(Refusal::AuthFailed));
}

#[test]
fn a_hash_counts_only_without_a_password_and_must_be_base64() {
    let mut bench = Bench::on("3.5.5", TokenKind::Simple);
    bench.add("a", "x");
    assert_eq!(bench.authority.change_password(&change("a", "y", "not base64")), Ok(()));
    assert_eq!(bench.authority.check_password("a", "y"), Ok(()));
    assert_eq!(bench.authority.change_password(&change("a", "", "not base64")), Err(Refusal::NoPasswordUser));
    assert_eq!(bench.authority.check_password("a", "y"), Ok(()));
    assert_eq!(bench.authority.change_password(&change("a", "", "aGFzaA==")), Ok(()));
    assert_eq!(bench.authority.check_password("a", "y"), Err(Refusal::AuthFailed));
}

#[test]
fn a_user_without_a_password_stays_so() {
    let mut bench = Bench::on("3.5.5", TokenKind::Simple);
    bench.authority.add_user(&without_password("certified")).unwrap();
    bench.authority.change_password(&change("certified", "x", "")).unwrap();
    assert_eq!(bench.authority.check_password("certified", "x"), Err(Refusal::NoPasswordUser));
}

#[test]
fn a_password_of_73_bytes_is_refused_since_3_5_10() {
    // Seen on 3.5.16: `bcrypt: password length exceeds 72 bytes`; 3.5.5 takes it.
    let taken =
        |release: &str| Bench::of(release, TokenKind::Simple).authority.check_new_password(&"x".repeat(73));
    assert_eq!(taken("3.5.5"), Ok(()));
    assert_eq!(taken("3.5.16"), Err(Refusal::PasswordTooLong));
    let fits = Bench::of("3.5.16", TokenKind::Simple).authority.check_new_password(&"x".repeat(72));
    assert_eq!(fits, Ok(()));
}
