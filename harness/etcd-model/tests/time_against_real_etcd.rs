//! What time does to tokens and leases, on real etcds and on the model: the same calls, in real time.
//!
//! Ignored unless asked for, since it needs real etcds and minutes: `just etcd 3.5.5`, then
//! `cargo test -p etcd-model --test time_against_real_etcd -- --ignored`.
#![allow(missing_docs, clippy::unwrap_used, clippy::expect_used)]

#[allow(dead_code)]
mod deed;
#[allow(dead_code)]
mod real;

use std::time::Duration;

use deed::{Answer, Deed, Login, Side};
use etcd_model::{auth::TokenKind, member::Settings, proto::*, server::Model};
use tokio::time::{Instant, sleep, sleep_until, timeout};
use tonic::transport::{Channel, Endpoint};

const SLOTS: [&str; 14] = ["a", "b", "c", "d", "e", "f", "g", "h", "i", "j", "k", "l", "m", "n"];

#[tokio::test]
#[ignore = "needs target/etcd/VERSION/etcd of 3.5.5 and 3.7.3"]
async fn a_simple_token_of_a_second_dies_one_to_two_seconds_after_its_use() {
    for version in ["3.5.5", "3.7.3"] {
        let etcd = real::RealEtcd::start_with(version, &["--auth-token-ttl", "1"]);
        let (_model, model) = model(version, TokenKind::Simple, 1).await;
        for (name, channel) in [("real", etcd.connect().await), ("model", model)] {
            let mut side = Side::new(channel);
            switch_on(&mut side).await;
            // One login each, used once: so many hundredths of a second after it.
            let mut seen = Vec::new();
            for (number, slot) in SLOTS.iter().enumerate() {
                let used_after = Duration::from_millis(850 + 100 * number as u64);
                log_in(&mut side, slot).await;
                let then = Instant::now() + used_after;
                sleep_until(then).await;
                seen.push((used_after.as_millis(), is_given(&mut side, slot).await));
            }
            println!("{version}, {name}: {seen:?}");
            for (used_after_ms, given) in seen {
                assert!(given || used_after_ms >= 1000, "{version}, {name}: dead after {used_after_ms} ms");
                assert!(!given || used_after_ms <= 2050, "{version}, {name}: alive after {used_after_ms} ms");
            }
        }
    }
}

#[tokio::test]
#[ignore = "needs target/etcd/VERSION/etcd of 3.5.5, 3.5.16 and 3.7.3"]
async fn a_signed_token_ends_with_a_whole_second_and_goes_stale_with_any_change() {
    let key = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(key.path(), "the key of this test, which nobody has to keep").unwrap();
    let flag = format!("jwt,sign-method=HS256,priv-key={},ttl=3s", key.path().display());
    for (version, least_ms, most_ms) in [("3.5.5", 3000, 4050), ("3.5.16", 2000, 3050), ("3.7.3", 2000, 3050)]
    {
        let etcd = real::RealEtcd::start_with(version, &["--auth-token", &flag]);
        let (_model, model) = model(version, TokenKind::Signed, 3).await;
        for (name, channel) in [("real", etcd.connect().await), ("model", model)] {
            let mut side = Side::new(channel);
            switch_on(&mut side).await;
            log_in(&mut side, "a").await;
            let start = Instant::now();
            while is_given(&mut side, "a").await {
                sleep(Duration::from_millis(20)).await;
            }
            let lived_ms = start.elapsed().as_millis();
            println!("{version}, {name}: lived {lived_ms} ms in spite of its use");
            assert!((least_ms - 50..most_ms).contains(&lived_ms), "{version}, {name}: {lived_ms} ms");

            log_in(&mut side, "a").await;
            let unrelated = Deed::UserAdd(AuthUserAddRequest { name: "u".to_owned(), ..Default::default() });
            assert!(matches!(side.make(&unrelated, &Login::Slot("a"), "").await, Answer::Given(_)));
            let stale =
                Answer::Refused("InvalidArgument: etcdserver: revision of auth store is old".to_owned());
            assert_eq!(side.make(&put("k"), &Login::Slot("a"), "").await, stale, "{version}, {name}");
            // Users and roles can still be changed with it.
            let other = Deed::RoleAdd(AuthRoleAddRequest { name: "r".to_owned() });
            let changed = side.make(&other, &Login::Slot("a"), "").await;
            assert!(matches!(changed, Answer::Given(_)), "{version}, {name}: {changed:?}");
        }
    }
}

#[tokio::test]
#[ignore = "needs target/etcd/VERSION/etcd of 3.5.5 and 3.7.3"]
async fn a_lease_of_two_seconds_ends_within_half_a_second_of_its_time() {
    for version in ["3.5.5", "3.7.3"] {
        let etcd = real::RealEtcd::start(version);
        let (_model, model) = model(version, TokenKind::Simple, 300).await;
        for (name, channel) in [("real", etcd.connect().await), ("model", model)] {
            let mut side = Side::new(channel);
            let grant = Deed::LeaseGrant(LeaseGrantRequest { id: 1, ttl: 1 });
            assert!(matches!(side.make(&grant, &Login::None, "").await, Answer::Given(_)));
            let start = Instant::now();
            for key in ["a", "b"] {
                let put = PutRequest { key: key.into(), lease: 1, ..PutRequest::default() };
                assert!(matches!(side.make(&Deed::Put(put), &Login::None, "").await, Answer::Given(_)));
            }
            // Kept alive in its last moment, if that has not come yet, it would live on.
            sleep_until(start + Duration::from_millis(2_005)).await;
            let kept = Deed::KeepAlive(LeaseKeepAliveRequest { id: 1 });
            let answer = side.make(&kept, &Login::None, "").await;
            let ended_ms = start.elapsed().as_millis();
            println!("{version}, {name}: answered after {ended_ms} ms");
            let Answer::Given(text) = answer else { panic!("{version}, {name}: {answer:?}") };
            assert!(text.contains("ttl: 0"), "{version}, {name}: {text}");
            assert!((2_000..2_600).contains(&ended_ms), "{version}, {name}: {ended_ms} ms");
            let range = RangeRequest { key: "a".into(), range_end: "c".into(), ..RangeRequest::default() };
            let Answer::Given(text) = side.make(&Deed::Range(range), &Login::None, "").await else {
                panic!()
            };
            // Two puts, and one revision for both deletions.
            assert!(text.contains("count: 0") && text.contains("revision: 4"), "{version}, {name}: {text}");
        }
    }
}

#[tokio::test]
#[ignore = "needs target/etcd/VERSION/etcd of 3.5.5 and 3.7.3"]
async fn a_token_of_a_proposal_to_come_is_not_answered_until_that_has_come() {
    for version in ["3.5.5", "3.7.3"] {
        let etcd = real::RealEtcd::start(version);
        let (_model, model) = model(version, TokenKind::Simple, 300).await;
        for (name, channel) in [("real", etcd.connect().await), ("model", model)] {
            let mut side = Side::new(channel.clone());
            switch_on(&mut side).await;
            log_in(&mut side, "a").await;
            let index: u64 = side.token("a").unwrap().split_once('.').unwrap().1.parse().unwrap();
            let future = Login::Text("token", format!("abcdefghijklmnop.{}", index + 2));
            let mut asking = Side::new(channel);
            let list = Deed::UserList(AuthUserListRequest {});
            let unanswered =
                timeout(Duration::from_millis(500), asking.make(&list, &future, "")).await.is_err();
            assert!(unanswered, "{version}, {name}");
            for _ in 0..2 {
                let answer = side.make(&put("k"), &Login::Slot("a"), "").await;
                assert!(matches!(answer, Answer::Given(_)), "{version}, {name}: {answer:?}");
            }
            let refused = Answer::Refused("Unauthenticated: etcdserver: invalid auth token".to_owned());
            let answer = timeout(Duration::from_millis(500), asking.make(&list, &future, "")).await;
            assert_eq!(answer, Ok(refused), "{version}, {name}");
            // Nobody's name is empty, and so is that of nobody.
            let nobody = Deed::UserGet(AuthUserGetRequest::default());
            let answer = side.make(&nobody, &Login::None, "").await;
            let refused = Answer::Refused("FailedPrecondition: etcdserver: user name not found".to_owned());
            assert_eq!(answer, refused, "{version}, {name}");
        }
    }
}

/// A model on a port, and a connection to it.
async fn model(version: &str, token_kind: TokenKind, ttl_s: u64) -> (Model, Channel) {
    let token_ttl = Duration::from_secs(ttl_s);
    let model = Model::start(Settings { token_kind, token_ttl, ..Settings::of(version.parse().unwrap()) });
    let address = model.listen("127.0.0.1:0".parse().unwrap()).await.unwrap();
    let channel = Endpoint::from_shared(format!("http://{address}")).unwrap().connect().await.unwrap();
    (model, channel)
}

/// Switches authentication on, with a user `root` whose password is empty.
async fn switch_on(side: &mut Side) {
    let root = || "root".to_owned();
    let deeds = [
        Deed::UserAdd(AuthUserAddRequest { name: root(), ..Default::default() }),
        Deed::GrantRole(AuthUserGrantRoleRequest { user: root(), role: root() }),
        Deed::Enable(AuthEnableRequest {}),
    ];
    for deed in deeds {
        assert!(matches!(side.make(&deed, &Login::None, "").await, Answer::Given(_)), "{deed:?}");
    }
}

async fn log_in(side: &mut Side, slot: &'static str) {
    let deed = Deed::Authenticate(AuthenticateRequest { name: "root".to_owned(), password: String::new() });
    assert!(matches!(side.make(&deed, &Login::None, slot).await, Answer::Given(_)));
}

/// Whether a read with the token of a slot is answered.
async fn is_given(side: &mut Side, slot: &'static str) -> bool {
    let range = Deed::Range(RangeRequest { key: "k".into(), ..RangeRequest::default() });
    match side.make(&range, &Login::Slot(slot), "").await {
        Answer::Given(_) => true,
        Answer::Refused(text) => {
            assert_eq!(text, "Unauthenticated: etcdserver: invalid auth token");
            false
        }
    }
}

fn put(key: &'static str) -> Deed {
    Deed::Put(PutRequest { key: key.into(), ..PutRequest::default() })
}
