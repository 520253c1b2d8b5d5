//! Who may do what to keys, and to users and roles.

use super::Bench;
use crate::{
    auth::{Access, Caller, Credential, TokenKind},
    proto::{Permission, permission::Type},
    refusal::Refusal,
};

fn bench() -> Bench {
    let mut bench = Bench::on("3.5.5", TokenKind::Simple);
    bench.add("a", "x");
    bench.allow("a", "reads", Type::Read, "k/", "k0");
    bench.allow("a", "writes", Type::Write, "k/1", "");
    bench
}

fn permitted(bench: &Bench, user: &str, key: &str, range_end: &str, access: Access) -> Result<(), Refusal> {
    bench.authority.permit(Some(&bench.caller(user)), key.as_bytes(), range_end.as_bytes(), access)
}

#[test]
fn a_user_may_do_what_its_roles_allow_together() {
    let bench = bench();
    assert_eq!(permitted(&bench, "a", "k/", "k0", Access::Read), Ok(()));
    assert_eq!(permitted(&bench, "a", "k/1", "", Access::Write), Ok(()));
    assert_eq!(permitted(&bench, "a", "k/2", "", Access::Write), Err(Refusal::PermissionDenied));
    assert_eq!(permitted(&bench, "a", "k", "k0", Access::Read), Err(Refusal::PermissionDenied));
}

#[test]
fn the_role_root_allows_everything_and_needs_not_exist() {
    let mut bench = bench();
    assert!(bench.authority.role_names().iter().all(|role| role != "root"));
    assert_eq!(permitted(&bench, "root", "\0", "\0", Access::Write), Ok(()));
    bench.authority.grant_role("a", "root").unwrap();
    assert_eq!(permitted(&bench, "a", "\0", "\0", Access::Write), Ok(()));
}

#[test]
fn a_role_that_was_taken_back_or_deleted_allows_nothing() {
    let mut bench = bench();
    bench.authority.revoke_role("a", "reads").unwrap();
    assert_eq!(permitted(&bench, "a", "k/1", "", Access::Read), Err(Refusal::PermissionDenied));
    bench.authority.delete_role("writes").unwrap();
    assert_eq!(permitted(&bench, "a", "k/1", "", Access::Write), Err(Refusal::PermissionDenied));
    // A new role of that name is another.
    bench.authority.add_role("writes").unwrap();
    assert_eq!(bench.authority.roles_of("a"), Ok(Vec::new()));
}

#[test]
fn with_authentication_off_anybody_may_do_everything() {
    let mut bench = bench();
    bench.authority.switch_off();
    assert_eq!(bench.authority.permit(None, b"k", b"", Access::Write), Ok(()));
    assert_eq!(bench.authority.permit_administration(None), Ok(()));
    assert_eq!(bench.authority.permit_known(&Credential::None, bench.start), Ok(()));
}

#[test]
fn with_authentication_on_it_takes_a_caller_who_exists() {
    let mut bench = bench();
    let gone = Caller { user: "gone".to_owned(), ..bench.caller("gone") };
    assert_eq!(bench.authority.permit(None, b"k", b"", Access::Read), Err(Refusal::UserEmpty));
    assert_eq!(bench.authority.permit(Some(&gone), b"k", b"", Access::Read), Err(Refusal::PermissionDenied));
    assert_eq!(bench.authority.permit_administration(None), Err(Refusal::UserEmpty));
    assert_eq!(bench.authority.permit_administration(Some(&gone)), Err(Refusal::UserNotFound));
    let now = bench.start;
    assert_eq!(bench.authority.permit_known(&Credential::None, now), Err(Refusal::UserEmpty));
    let bad = Credential::Token("bad".to_owned());
    assert_eq!(bench.authority.permit_known(&bad, now), Err(Refusal::InvalidAuthToken));
}

#[test]
fn administration_takes_the_role_root_and_not_the_name() {
    let mut bench = bench();
    assert_eq!(
        bench.authority.permit_administration(Some(&bench.caller("a"))),
        Err(Refusal::PermissionDenied)
    );
    bench.authority.grant_role("a", "root").unwrap();
    assert_eq!(bench.authority.permit_administration(Some(&bench.caller("a"))), Ok(()));
    let any = bench.log_in("a", 0);
    assert_eq!(bench.authority.permit_known(&any, bench.start), Ok(()));
}

#[test]
fn a_permission_on_the_same_range_changes_its_kind() {
    let mut bench = bench();
    bench.allow("a", "reads", Type::Readwrite, "k/", "k0");
    bench.allow("a", "reads", Type::Write, "a", "");
    let held: Vec<_> = bench
        .authority
        .permissions_of("reads")
        .unwrap()
        .into_iter()
        .map(|permission| (permission.key.clone(), permission.perm_type()))
        .collect();
    assert_eq!(held, [("a".into(), Type::Write), ("k/".into(), Type::Readwrite)]);
}

#[test]
fn a_permission_is_taken_from_exactly_its_range() {
    let mut bench = bench();
    let revoked =
        |bench: &mut Bench, end: &str| bench.authority.revoke_permission("reads", b"k/", end.as_bytes());
    assert_eq!(revoked(&mut bench, ""), Err(Refusal::PermissionNotGranted));
    assert_eq!(revoked(&mut bench, "k0"), Ok(()));
    assert_eq!(revoked(&mut bench, "k0"), Err(Refusal::PermissionNotGranted));
    assert_eq!(bench.authority.revoke_permission("none", b"k", b""), Err(Refusal::RoleNotFound));
}

#[test]
fn a_permission_on_a_range_that_holds_nothing_is_refused_since_3_5_8() {
    let granted = |release: &str| {
        let mut bench = Bench::of(release, TokenKind::Simple);
        bench.authority.add_role("r").unwrap();
        let permission = Permission { key: "b".into(), range_end: "a".into(), ..Permission::default() };
        bench.authority.grant_permission("r", Some(&permission))
    };
    assert_eq!(granted("3.5.5"), Ok(()));
    assert_eq!(granted("3.5.8"), Err(Refusal::InvalidAuthManagement));
}

#[test]
fn a_grant_needs_a_permission_before_it_needs_a_role() {
    let mut bench = bench();
    assert_eq!(bench.authority.grant_permission("none", None), Err(Refusal::PermissionNotGiven));
    let permission = Permission { key: "k".into(), ..Permission::default() };
    assert_eq!(bench.authority.grant_permission("none", Some(&permission)), Err(Refusal::RoleNotFound));
}

#[test]
fn the_role_root_shows_a_permission_on_everything_since_3_6() {
    let shown = |release: &str| {
        let mut bench = Bench::of(release, TokenKind::Simple);
        bench.authority.add_role("root").unwrap();
        bench.authority.permissions_of("root").unwrap().len()
    };
    assert_eq!((shown("3.5.16"), shown("3.7.3")), (0, 1));
}
