//! How long signed tokens are good. Second 0 of their clock began 300 ms before the start; they live for 5 s.

use super::Bench;
use crate::{
    auth::{Access, Caller, Credential, TokenKind},
    member::Ending,
    refusal::Refusal,
};

fn bench(release: &str) -> Bench {
    Bench::on(release, TokenKind::Signed)
}

#[test]
fn a_token_names_the_second_of_its_end_and_no_use_moves_that() {
    // Logged in in second 0, so it ends with second 5, which begins at 4700 ms.
    let mut old = bench("3.5.5");
    let token = old.log_in("root", 0);
    assert!(old.is_good(&token, 4699) && old.is_good(&token, 5699) && !old.is_good(&token, 5700));
    let mut new = bench("3.5.6");
    let token = new.log_in("root", 0);
    assert!(new.is_good(&token, 4699) && !new.is_good(&token, 4700));
    assert_eq!(new.authority.due(), None);
}

#[test]
fn any_change_of_users_and_roles_makes_a_token_stale_but_not_bad() {
    let mut bench = bench("3.5.5");
    let token = bench.log_in("root", 0);
    let revision = bench.authority.revision();
    bench.add("unrelated", "x");
    let caller = bench.authority.identify(&token, bench.start).unwrap();
    assert_eq!(caller, Some(Caller { user: "root".to_owned(), revision }));
    let permitted = bench.authority.permit(caller.as_ref(), b"k", b"", Access::Read);
    assert_eq!(permitted, Err(Refusal::AuthOldRevision));
    // Changes of users and roles do not ask for that: etcd v3.5.5 server/auth/store.go, `IsAdminPermitted`.
    assert_eq!(bench.authority.permit_administration(caller.as_ref()), Ok(()));
}

#[test]
fn old_releases_have_no_words_for_a_stale_token() {
    let mut bench = bench("3.5.1");
    let token = bench.log_in("root", 0);
    bench.add("unrelated", "x");
    let caller = bench.authority.identify(&token, bench.start).unwrap();
    let refusal = bench.authority.permit(caller.as_ref(), b"k", b"", Access::Read).unwrap_err();
    assert_eq!((refusal.code(), refusal.text()), (tonic::Code::Unknown, "auth: revision in header is old"));
}

#[test]
fn a_token_outlives_restarts_and_authentication_being_off() {
    let mut bench = bench("3.5.5");
    let token = bench.log_in("root", 0);
    bench.authority.restart(&bench.settings, Ending::Graceful, bench.at(100));
    bench.authority.switch_off();
    bench.authority.switch_on().unwrap();
    assert!(bench.is_good(&token, 200));
}

#[test]
fn a_token_that_was_tampered_with_is_not_good() {
    let mut bench = bench("3.5.5");
    bench.add("a", "x");
    let (Credential::Token(root), Credential::Token(a)) = (bench.log_in("root", 0), bench.log_in("a", 0))
    else {
        panic!()
    };
    let parts: Vec<_> = root.split('.').collect();
    let others: Vec<_> = a.split('.').collect();
    let forged = [parts[0], parts[1], others[2]].join(".");
    assert!(!bench.is_good(&Credential::Token(forged), 0));
    assert!(bench.is_good(&Credential::Token(root), 0));
    for text in ["", "model", "model.x", "model.x.y", "abcdefghijklmnop.7"] {
        assert!(!bench.is_good(&Credential::Token(text.to_owned()), 0), "{text}");
        assert_eq!(bench.authority.awaited_index(&Credential::Token(text.to_owned())), None);
    }
}
