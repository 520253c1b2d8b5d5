//! Calls about users and roles: who may make them, and what they leave alone.

use super::{Bench, bad};
use crate::{
    auth::Credential,
    proto::{
        AuthDisableRequest, AuthEnableRequest, AuthRoleGetRequest, AuthRoleListRequest, AuthStatusRequest,
        AuthUserAddRequest, AuthUserGetRequest, AuthUserListRequest, AuthenticateRequest,
    },
    refusal::Refusal,
};

#[test]
fn changes_of_users_and_roles_leave_the_revision_of_the_keys_alone() {
    let mut bench = Bench::of("3.5.5");
    let revision = bench.put(&Credential::None, "k", 0).unwrap();
    let request = AuthUserAddRequest { name: "a".to_owned(), ..AuthUserAddRequest::default() };
    let header = bench.member.user_add(&Credential::None, &request, bench.start).unwrap().header.unwrap();
    assert_eq!((header.revision, header.raft_term), (revision, 2));
    assert_eq!(bench.member.header().revision, revision);
}

#[test]
fn switching_on_twice_takes_root_the_second_time_and_changes_nothing() {
    let mut bench = Bench::on("3.5.5");
    let (root, a) = (bench.log_in("root"), bench.log_in("a"));
    let mut enable =
        |credential| bench.member.auth_enable(credential, &AuthEnableRequest {}, bench.start).map(|_| ());
    assert_eq!(enable(&Credential::None), Err(Refusal::UserEmpty));
    assert_eq!(enable(&a), Err(Refusal::PermissionDenied));
    assert_eq!(enable(&root), Ok(()));
    assert_eq!(enable(&root), Ok(()));
}

#[test]
fn a_caller_is_looked_at_before_the_request_and_a_password_before_the_caller() {
    let refusal = |release: &str, credential: &dyn Fn(&mut Bench) -> Credential, password: &str| {
        let mut bench = Bench::on(release);
        let credential = credential(&mut bench);
        let request = AuthUserAddRequest { password: password.to_owned(), ..AuthUserAddRequest::default() };
        bench.member.user_add(&credential, &request, bench.start).unwrap_err()
    };
    assert_eq!(refusal("3.5.16", &|_| bad(), "x"), Refusal::InvalidAuthToken);
    assert_eq!(refusal("3.5.16", &|_| Credential::None, "x"), Refusal::UserEmpty);
    assert_eq!(refusal("3.5.16", &|bench| bench.log_in("a"), "x"), Refusal::PermissionDenied);
    assert_eq!(refusal("3.5.16", &|bench| bench.log_in("root"), "x"), Refusal::UserEmpty);
    assert_eq!(refusal("3.5.16", &|_| bad(), &"x".repeat(73)), Refusal::PasswordTooLong);
    assert_eq!(refusal("3.5.5", &|_| bad(), &"x".repeat(73)), Refusal::InvalidAuthToken);
}

#[test]
fn users_may_ask_for_their_own_roles_and_what_those_allow_and_nothing_else() {
    let mut bench = Bench::on("3.5.5");
    let (root, a) = (bench.log_in("root"), bench.log_in("a"));
    let now = bench.start;
    let mut roles_of = |credential: &Credential, name: &str| {
        let request = AuthUserGetRequest { name: name.to_owned() };
        bench.member.user_get(credential, &request, now).map(|response| response.roles)
    };
    assert_eq!(roles_of(&a, "a").unwrap(), ["role"]);
    assert_eq!(roles_of(&a, "root"), Err(Refusal::PermissionDenied));
    assert_eq!(roles_of(&root, "a").unwrap(), ["role"]);
    assert_eq!(roles_of(&Credential::None, "a"), Err(Refusal::UserEmpty));
    // Nobody's name is empty, and so is that of nobody: seen on 3.5.5.
    assert_eq!(roles_of(&Credential::None, ""), Err(Refusal::UserNotFound));
    let mut permissions = |credential: &Credential, role: &str| {
        let request = AuthRoleGetRequest { role: role.to_owned() };
        bench.member.role_get(credential, &request, now).map(|response| response.perm.len())
    };
    assert_eq!(permissions(&a, "role"), Ok(2));
    assert_eq!(permissions(&a, "none"), Err(Refusal::PermissionDenied));
    assert_eq!(permissions(&root, "none"), Err(Refusal::RoleNotFound));
    assert_eq!(permissions(&Credential::None, "role"), Err(Refusal::UserEmpty));
}

#[test]
fn the_lists_of_users_and_roles_take_root() {
    let mut bench = Bench::on("3.5.5");
    let (root, a) = (bench.log_in("root"), bench.log_in("a"));
    let now = bench.start;
    let users = bench.member.user_list(&root, &AuthUserListRequest {}, now).unwrap().users;
    assert_eq!(users, ["a", "root"]);
    let roles = bench.member.role_list(&root, &AuthRoleListRequest {}, now).unwrap().roles;
    assert_eq!(roles, ["role"]);
    let refused = bench.member.user_list(&a, &AuthUserListRequest {}, now);
    assert_eq!(refused.unwrap_err(), Refusal::PermissionDenied);
    let refused = bench.member.role_list(&Credential::None, &AuthRoleListRequest {}, now);
    assert_eq!(refused.unwrap_err(), Refusal::UserEmpty);
}

#[test]
fn the_status_takes_root_before_3_7_and_nothing_after() {
    let status = |release: &str| {
        let mut bench = Bench::on(release);
        let now = bench.start;
        let status = bench.member.auth_status(&Credential::None, &AuthStatusRequest {}, now)?;
        Ok((status.enabled, status.auth_revision))
    };
    assert_eq!(status("3.6.14"), Err(Refusal::UserEmpty));
    // Two users, a role, two permissions and two grants.
    assert_eq!(status("3.7.0"), Ok((true, 8)));
}

#[test]
fn after_a_login_its_token_is_good_and_after_switching_off_no_login_is() {
    let mut bench = Bench::on("3.5.5");
    let root = bench.log_in("root");
    assert_eq!(bench.put(&bad(), "k", 0), Err(Refusal::InvalidAuthToken));
    assert_eq!(bench.put(&root, "k", 0), Ok(2));
    bench.member.auth_disable(&root, &AuthDisableRequest {}, bench.start).unwrap();
    // 3.5.5 looks at the token even now.
    assert_eq!(bench.put(&root, "k", 0), Err(Refusal::InvalidAuthToken));
    assert_eq!(bench.put(&Credential::None, "k", 0), Ok(3));
    let request = AuthenticateRequest { name: "root".to_owned(), password: "x".to_owned() };
    assert_eq!(bench.member.authenticate(&request, bench.start), Err(Refusal::AuthNotEnabled));
}

#[test]
fn a_token_is_swept_as_time_goes_on() {
    let mut bench = Bench::on("3.5.5");
    bench.log_in("root");
    let due = bench.member.due().unwrap();
    assert!(due > bench.at(300_000) && due <= bench.at(301_000), "{:?}", due - bench.start);
    bench.member.advance(due);
    assert_eq!(bench.member.due(), None);
}

#[test]
fn every_proposal_counts_and_reads_do_not() {
    let mut bench = Bench::of("3.5.5");
    let index = bench.member.raft_index;
    bench.put(&Credential::None, "k", 0).unwrap();
    bench.lease(&Credential::None, 1, 10).unwrap();
    assert_eq!(bench.member.raft_index, index + 2);
    let request = crate::proto::RangeRequest { key: "k".into(), ..Default::default() };
    bench.member.range(&Credential::None, &request, bench.start).unwrap();
    assert_eq!(bench.member.raft_index, index + 2);
    let mut bench = Bench::on("3.5.5");
    let index = bench.member.raft_index;
    let Credential::Token(token) = bench.log_in("root") else { panic!() };
    assert!(token.ends_with(&format!(".{}", index + 1)), "{token}");
}
