use super::{Bench, revisions};
use crate::{
    auth::Credential,
    proto::{
        AuthEnableRequest, AuthRoleAddRequest, AuthRoleGrantPermissionRequest, AuthUserAddRequest,
        AuthUserGrantRoleRequest, AuthenticateRequest, Permission, WatchCreateRequest,
    },
};

impl Bench {
    /// Switches authentication on, and gives the stream the login of a user who may read `a` alone.
    fn of_reader(release: &str) -> Self {
        let mut bench = Self::of(release);
        let (member, now, nobody) = (&mut bench.member, bench.now, &Credential::None);
        for name in ["root", "reader"].map(str::to_owned) {
            let user =
                AuthUserAddRequest { name: name.clone(), password: name.clone(), ..Default::default() };
            member.user_add(nobody, &user, now).unwrap();
            member.role_add(nobody, &AuthRoleAddRequest { name: name.clone() }, now).unwrap();
            let grant = AuthUserGrantRoleRequest { user: name.clone(), role: name };
            member.user_grant_role(nobody, &grant, now).unwrap();
        }
        let perm = Some(Permission { key: "a".into(), ..Permission::default() });
        let grant = AuthRoleGrantPermissionRequest { name: "reader".to_owned(), perm };
        member.role_grant_permission(nobody, &grant, now).unwrap();
        member.auth_enable(nobody, &AuthEnableRequest {}, now).unwrap();
        bench.credential = bench.log_in("reader");
        bench
    }

    fn log_in(&mut self, name: &str) -> Credential {
        let request = AuthenticateRequest { name: name.to_owned(), password: name.to_owned() };
        Credential::Token(self.member.authenticate(&request, self.now).unwrap().token)
    }

    fn put_as_root(&mut self, key: &'static str) {
        let root = self.log_in("root");
        let request = crate::proto::PutRequest { key: key.into(), ..Default::default() };
        self.member.put(&root, &request, self.now).unwrap();
    }
}

#[test]
fn an_old_release_deafens_the_watch_whose_id_a_refusal_echoes_and_keeps_what_it_was_owed() {
    let mut bench = Bench::of_reader("3.5.5");
    bench.create("a", 0);
    let refusal = bench.create("b", 0);
    assert_eq!((refusal[0].watch_id, refusal[0].created, refusal[0].canceled), (0, true, true));
    bench.put_as_root("a");
    assert!(bench.answers().is_empty());
    assert!(bench.cancel(0)[0].canceled, "it is there, only not heard of");
}

#[test]
fn what_was_kept_for_a_deaf_watch_is_told_to_the_next_of_its_id() {
    let mut bench = Bench::of_reader("3.5.5");
    let watch_of =
        |key: &'static str| WatchCreateRequest { key: key.into(), watch_id: 5, ..Default::default() };
    bench.ask(watch_of("a"));
    bench.ask(watch_of("b"));
    bench.put_as_root("a");
    bench.cancel(5);
    let answers = bench.ask(watch_of("a"));
    assert!(answers[0].created);
    assert_eq!(revisions(&answers[1]), [2]);
}

#[test]
fn a_refusal_consumes_no_id_and_leaves_the_stream_listening_since_3_4_8() {
    let heard = |release| {
        let mut bench = Bench::of_reader(release);
        bench.create("b", 0);
        bench.create("a", 0).iter().map(|answer| (answer.watch_id, answer.canceled)).collect::<Vec<_>>()
    };
    assert_eq!(heard("3.4.7"), []);
    assert_eq!(heard("3.4.8"), [(0, false)]);
    assert_eq!(heard("3.5.16"), [(0, false)]);
}

#[test]
fn a_watch_from_a_key_on_was_checked_for_that_key_alone_up_to_3_5_32() {
    let refused = |release| {
        let mut bench = Bench::of_reader(release);
        let create = WatchCreateRequest { key: "a".into(), range_end: "\0".into(), ..Default::default() };
        bench.ask(create)[0].canceled
    };
    assert_eq!(
        ["3.5.32", "3.5.33", "3.6.13", "3.6.14", "3.7.0", "3.7.1"].map(refused),
        [false, true, false, true, false, true]
    );
}

#[test]
fn a_watch_from_below_revision_0_is_refused_since_3_5_24() {
    let mut old = Bench::of("3.5.23");
    assert!(!old.create("a", -1)[0].canceled);
    let refusal = Bench::of("3.5.24").create("a", -1);
    assert_eq!(
        (refusal[0].watch_id, refusal[0].cancel_reason.as_str(), refusal[0].compact_revision),
        (-1, "etcdserver: mvcc: required revision has been compacted", 0)
    );
}

#[test]
fn a_watch_outlives_the_token_of_its_stream() {
    let mut bench = Bench::of_reader("3.5.16");
    bench.create("a", 0);
    while bench.member.due().is_some() {
        bench.wait();
    }
    assert!(bench.create("a", 0)[0].canceled, "the token is dead");
    bench.put_as_root("a");
    assert_eq!(revisions(&bench.answers()[0]), [2]);
}
