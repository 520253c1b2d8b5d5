//! The users and the tokens that an etcd has from its start, on every backend alike.

use std::time::Duration;

use deadwatch::{
    etcd::{Etcd, Source},
    scenario::{EtcdSpec, TokenKind, User, Version},
};
use etcd_client::Client;
use libtest_mimic::Trial;
use tokio::time::sleep;
use tonic::Code;

use super::{Arm, arms, client, start, talk::Line, trial, wait, without_tokens};

type Test = fn(Source, Version);

const TESTS: [(&str, Test); 3] = [
    ("its_users_may_read_and_write_their_prefixes_and_nothing_else", users_at_the_start),
    ("its_users_are_there_before_authentication_is", users_without_authentication),
    ("a_signed_token_ends_by_its_time_and_by_any_change_of_users", signed_tokens),
];

pub fn trials() -> Vec<Trial> {
    arms()
        .into_iter()
        .flat_map(|Arm { version, name: arm, backend, needed }| {
            TESTS.map(|(name, test)| {
                trial(&format!("{arm}::{name}"), backend, needed.clone(), move |source| test(source, version))
            })
        })
        .collect()
}

fn user(name: &str, prefixes: &[&str]) -> User {
    let prefixes = prefixes.iter().map(|&prefix| prefix.to_owned()).collect();
    User { name: name.to_owned(), password: format!("{name}'s"), prefixes }
}

fn users() -> Vec<User> {
    vec![user("worker", &["/test", "/other/"]), user("idle", &[])]
}

pub fn users_at_the_start(source: Source, version: Version) {
    wait(async {
        let spec = EtcdSpec { users: users(), ..EtcdSpec::of(version).with_tokens(Duration::from_secs(5)) };
        let etcd = start(&source, &spec).await.unwrap();
        assert_permissions(&*etcd).await;
        assert_roles(&mut client(&*etcd).await).await;
        etcd.stop().await;
    });
}

fn users_without_authentication(source: Source, version: Version) {
    wait(async {
        let spec = EtcdSpec { users: users(), ..without_tokens(version) };
        let etcd = start(&source, &spec).await.unwrap();
        let mut nobody = client(&*etcd).await;
        nobody.put("/test/a", "anybody's", None).await.unwrap();
        assert_roles(&mut nobody).await;
        nobody.user_add("root", "root", None).await.unwrap();
        nobody.user_grant_role("root", "root").await.unwrap();
        nobody.auth_enable().await.unwrap();
        assert_permissions(&*etcd).await;
        etcd.stop().await;
    });
}

async fn assert_roles(client: &mut Client) {
    for (name, prefixes) in [("worker", vec![("/other/", "/other0"), ("/test", "/tesu")]), ("idle", vec![])] {
        assert_eq!(client.user_get(name).await.unwrap().roles(), [name]);
        let permissions = client.role_get(name).await.unwrap().permissions();
        let ranges: Vec<_> = permissions
            .iter()
            .map(|one| {
                (std::str::from_utf8(one.key()).unwrap(), std::str::from_utf8(one.range_end()).unwrap())
            })
            .collect();
        assert_eq!(ranges, prefixes, "{name}");
    }
}

async fn assert_permissions(etcd: &dyn Etcd) {
    let line = Line::to(&etcd.address()).await;
    let worker = line.login("worker", "worker's").await;
    for key in ["/test", "/test/a", "/tests", "/other/"] {
        line.put(key, "v", Some(&worker)).await.unwrap();
        assert_eq!(line.get(key, Some(&worker)).await.unwrap(), ["v"]);
    }
    for key in ["/tes", "/tesu", "/other", "x"] {
        let refused = line.put(key, "v", Some(&worker)).await.unwrap_err();
        assert_eq!(refused.code(), Code::PermissionDenied, "{key}");
    }
    let idle = line.login("idle", "idle's").await;
    assert_eq!(line.get("/test", Some(&idle)).await.unwrap_err().code(), Code::PermissionDenied);
}

fn signed_tokens(source: Source, version: Version) {
    wait(async {
        let signed = EtcdSpec { token_kind: TokenKind::Jwt, users: users(), ..EtcdSpec::of(version) };
        let etcd = start(&source, &signed.with_tokens(Duration::from_secs(2))).await.unwrap();
        let line = Line::to(&etcd.address()).await;
        let token = line.login("worker", "worker's").await;
        assert_eq!(token.split('.').count(), 3, "{token}");
        line.put("/test/a", "v", Some(&token)).await.unwrap();
        // Its time is in whole seconds, and no use prolongs it.
        for _ in 0..7 {
            sleep(Duration::from_millis(500)).await;
            let _ = line.get("/test/a", Some(&token)).await;
        }
        let ended = line.get("/test/a", Some(&token)).await.unwrap_err();
        assert_eq!(ended.message(), "etcdserver: invalid auth token");
        let token = line.login("worker", "worker's").await;
        line.get("/test/a", Some(&token)).await.unwrap();
        client(&*etcd).await.user_add("somebody", "else", None).await.unwrap();
        let stale = line.get("/test/a", Some(&token)).await.unwrap_err();
        assert_eq!(stale.message(), "etcdserver: revision of auth store is old");
        etcd.stop().await;
    });
}
