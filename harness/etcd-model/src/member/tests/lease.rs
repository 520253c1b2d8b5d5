//! Calls about leases: what becomes of their keys, and who may make them.

use super::{Bench, bad, ms};
use crate::{
    auth::{Credential, TokenKind},
    member::KeepAlive,
    proto::{
        AuthRoleAddRequest, LeaseKeepAliveRequest, LeaseRevokeRequest, LeaseTimeToLiveRequest, PutRequest,
    },
    refusal::Refusal,
};

const NOBODY: Credential = Credential::None;

fn revoke(bench: &mut Bench, credential: &Credential, id: i64) -> Result<i64, Refusal> {
    let response = bench.member.lease_revoke(credential, &LeaseRevokeRequest { id }, bench.start)?;
    Ok(response.header.unwrap().revision)
}

fn time_to_live(bench: &mut Bench, credential: &Credential, keys: bool) -> Result<i64, Refusal> {
    let request = LeaseTimeToLiveRequest { id: 1, keys };
    bench.member.lease_time_to_live(credential, &request, bench.start).map(|response| response.ttl)
}

fn keep_alive(bench: &mut Bench, credential: &Credential, at_ms: u64) -> Result<KeepAlive, Refusal> {
    let now = bench.at(at_ms);
    bench.member.lease_keep_alive(credential, &LeaseKeepAliveRequest { id: 1 }, now)
}

#[test]
fn a_revoked_lease_takes_all_its_keys_in_one_revision() {
    let mut bench = Bench::of("3.5.5");
    bench.lease(&NOBODY, 1, 10).unwrap();
    for key in ["a", "b", "c"] {
        bench.put(&NOBODY, key, 1).unwrap();
    }
    // Another lease, or none, takes a key off.
    bench.lease(&NOBODY, 2, 10).unwrap();
    bench.put(&NOBODY, "b", 2).unwrap();
    bench.put(&NOBODY, "d", 1).unwrap();
    bench.put(&NOBODY, "d", 0).unwrap();
    let before = bench.member.header().revision;
    assert_eq!(revoke(&mut bench, &NOBODY, 1), Ok(before + 1));
    let left: Vec<_> = ["a", "b", "c", "d"]
        .into_iter()
        .filter(|key| bench.member.store.get(key.as_bytes()).is_some())
        .collect();
    assert_eq!(left, ["b", "d"]);
    assert_eq!(revoke(&mut bench, &NOBODY, 1), Err(Refusal::LeaseNotFound));
    assert_eq!(bench.put(&NOBODY, "a", 1), Err(Refusal::LeaseNotFound));
}

#[test]
fn a_lease_without_keys_ends_without_a_revision() {
    let mut bench = Bench::of("3.5.5");
    bench.lease(&NOBODY, 1, 10).unwrap();
    assert_eq!(revoke(&mut bench, &NOBODY, 1), Ok(1));
}

#[test]
fn a_lease_that_is_not_kept_alive_ends_with_its_keys_in_one_revision() {
    let mut bench = Bench::of("3.5.5");
    bench.lease(&NOBODY, 1, 2).unwrap();
    bench.put(&NOBODY, "a", 1).unwrap();
    bench.put(&NOBODY, "b", 1).unwrap();
    assert_eq!(bench.member.due(), Some(bench.at(2100)));
    bench.member.advance(bench.at(2099));
    assert!(bench.member.store.get(b"a").is_some());
    bench.member.advance(bench.at(2100));
    assert!(bench.member.store.get(b"a").is_none() && bench.member.store.get(b"b").is_none());
    assert_eq!(bench.member.header().revision, 4);
    assert_eq!(bench.member.due(), None);
}

#[test]
fn a_lease_that_is_not_there_lives_for_less_than_nothing_and_is_kept_for_nothing() {
    let mut bench = Bench::of("3.5.5");
    assert_eq!(time_to_live(&mut bench, &NOBODY, true), Ok(-1));
    let Ok(KeepAlive::Now(answer)) = keep_alive(&mut bench, &NOBODY, 0) else { panic!() };
    assert_eq!((answer.id, answer.ttl, answer.header.unwrap().revision), (1, 0, 1));
}

#[test]
fn a_lease_tells_how_long_it_lives_and_its_keys_if_asked() {
    let mut bench = Bench::of("3.5.5");
    bench.lease(&NOBODY, 1, 10).unwrap();
    bench.put(&NOBODY, "b", 1).unwrap();
    bench.put(&NOBODY, "a", 1).unwrap();
    let now = bench.at(4_001);
    let request = |keys| LeaseTimeToLiveRequest { id: 1, keys };
    let told = bench.member.lease_time_to_live(&NOBODY, &request(true), now).unwrap();
    // Whole seconds, the rest dropped.
    assert_eq!((told.ttl, told.granted_ttl), (5, 10));
    assert_eq!(told.keys, ["a", "b"]);
    assert!(bench.member.lease_time_to_live(&NOBODY, &request(false), now).unwrap().keys.is_empty());
}

#[test]
fn a_lease_whose_time_is_over_is_answered_when_it_ends() {
    let mut bench = Bench::of("3.5.5");
    bench.lease(&NOBODY, 1, 2).unwrap();
    let Ok(KeepAlive::Now(kept)) = keep_alive(&mut bench, &NOBODY, 1_000) else { panic!() };
    assert_eq!(kept.ttl, 2);
    // Over at 3000 ms, ended at 3100 ms.
    let Ok(KeepAlive::At(moment, ended)) = keep_alive(&mut bench, &NOBODY, 3_000) else { panic!() };
    assert_eq!((moment, ended.ttl), (bench.at(3_100), 0));
    bench.member.advance(moment);
    assert!(matches!(keep_alive(&mut bench, &NOBODY, 3_100), Ok(KeepAlive::Now(answer)) if answer.ttl == 0));
}

#[test]
fn leases_take_a_token_since_3_5_28() {
    for release in ["3.5.5", "3.5.27"] {
        let mut bench = Bench::on(release);
        assert_eq!(bench.lease(&NOBODY, 1, 10), Ok(10), "{release}");
        assert_eq!(bench.lease(&bad(), 2, 10), Err(Refusal::InvalidAuthToken), "{release}");
        assert_eq!(time_to_live(&mut bench, &bad(), false), Ok(10), "{release}");
        assert!(keep_alive(&mut bench, &bad(), 0).is_ok(), "{release}");
        assert!(bench.member.lease_leases(&bad(), bench.start).is_ok(), "{release}");
        assert_eq!(revoke(&mut bench, &NOBODY, 1), Ok(1), "{release}");
    }
    for release in ["3.5.28", "3.6.9", "3.7.3"] {
        let mut bench = Bench::on(release);
        let a = bench.log_in("a");
        assert_eq!(bench.lease(&NOBODY, 1, 10), Err(Refusal::UserEmpty), "{release}");
        assert_eq!(bench.lease(&bad(), 1, 10), Err(Refusal::InvalidAuthToken), "{release}");
        assert_eq!(bench.lease(&a, 1, 10), Ok(10), "{release}");
        assert_eq!(time_to_live(&mut bench, &NOBODY, false), Err(Refusal::UserEmpty), "{release}");
        assert_eq!(time_to_live(&mut bench, &a, false), Ok(10), "{release}");
        assert_eq!(keep_alive(&mut bench, &NOBODY, 0), Err(Refusal::UserEmpty), "{release}");
        assert!(keep_alive(&mut bench, &a, 0).is_ok(), "{release}");
        let listed = bench.member.lease_leases(&NOBODY, bench.start);
        assert_eq!(listed.unwrap_err(), Refusal::UserEmpty, "{release}");
        assert_eq!(revoke(&mut bench, &NOBODY, 1), Err(Refusal::UserEmpty), "{release}");
        assert_eq!(revoke(&mut bench, &a, 1), Ok(1), "{release}");
    }
}

#[test]
fn ending_a_lease_and_adding_to_it_take_leave_to_write_its_keys() {
    let mut bench = Bench::on("3.5.5");
    let (root, a) = (bench.log_in("root"), bench.log_in("a"));
    bench.lease(&root, 1, 10).unwrap();
    bench.put(&root, "w/1", 1).unwrap();
    assert!(bench.put(&a, "w/2", 1).is_ok());
    bench.put(&root, "r/1", 1).unwrap();
    assert_eq!(bench.put(&a, "w/3", 1), Err(Refusal::PermissionDenied));
    assert_eq!(revoke(&mut bench, &a, 1), Err(Refusal::PermissionDenied));
    assert_eq!(revoke(&mut bench, &NOBODY, 1), Err(Refusal::UserEmpty));
    assert!(revoke(&mut bench, &root, 1).is_ok());
}

#[test]
fn keeping_a_lease_takes_leave_to_write_its_keys_and_showing_them_to_read_them() {
    let mut bench = Bench::on("3.5.28");
    let (root, a) = (bench.log_in("root"), bench.log_in("a"));
    bench.lease(&root, 1, 10).unwrap();
    bench.put(&root, "w/1", 1).unwrap();
    assert!(keep_alive(&mut bench, &a, 0).is_ok());
    assert_eq!(time_to_live(&mut bench, &a, true), Err(Refusal::PermissionDenied));
    assert_eq!(time_to_live(&mut bench, &a, false), Ok(10));
    assert_eq!(bench.member.lease_leases(&a, bench.start), Err(Refusal::PermissionDenied));
    bench.put(&root, "w/1", 0).unwrap();
    bench.put(&root, "r/1", 1).unwrap();
    assert_eq!(keep_alive(&mut bench, &a, 0), Err(Refusal::PermissionDenied));
    assert_eq!(time_to_live(&mut bench, &a, true), Ok(10));
    assert_eq!(bench.member.lease_leases(&a, bench.start).unwrap().leases.len(), 1);
    assert!(keep_alive(&mut bench, &root, 0).is_ok());
}

#[test]
fn the_keys_of_a_lease_are_shown_to_anybody_before_3_5_9() {
    let shown = |release: &str| time_to_live(&mut Bench::on(release), &NOBODY, true);
    assert_eq!(shown("3.5.8"), Ok(-1));
    assert_eq!(shown("3.5.9"), Err(Refusal::UserEmpty));
}

#[test]
fn root_ends_a_lease_with_a_stale_token_since_3_5_10() {
    let put = |release: &str| {
        let mut bench = Bench::on_with(release, TokenKind::Signed);
        let root = bench.log_in("root");
        bench.lease(&root, 1, 10).unwrap();
        bench.put(&root, "k", 1).unwrap();
        bench.member.role_add(&root, &AuthRoleAddRequest { name: "new".to_owned() }, bench.start).unwrap();
        let request = PutRequest { key: "k".into(), ..PutRequest::default() };
        assert_eq!(bench.member.put(&root, &request, bench.start), Err(Refusal::AuthOldRevision));
        revoke(&mut bench, &root, 1).map(|_| ())
    };
    assert_eq!(put("3.5.9"), Err(Refusal::AuthOldRevision));
    assert_eq!(put("3.5.10"), Ok(()));
}

#[test]
fn a_restart_keeps_leases_and_gives_them_their_time_again() {
    let mut bench = Bench::of("3.5.5");
    bench.lease(&NOBODY, 1, 2).unwrap();
    bench.put(&NOBODY, "k", 1).unwrap();
    let now = bench.start + ms(60_000);
    bench.member.restart(crate::member::Ending::Killed, now);
    // 2 s, one second more, and the next round.
    assert_eq!(bench.member.due(), Some(bench.at(63_100)));
    bench.member.advance(bench.at(63_100));
    assert!(bench.member.store.get(b"k").is_none());
}
