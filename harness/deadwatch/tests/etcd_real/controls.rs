//! An etcd that is ended, frozen and started again: real ones as child processes, and the embedded one, which must not
//! be told apart.

use std::time::Duration;

use deadwatch::{
    etcd::{Etcd, Source},
    scenario::{Data, Ending, EtcdSpec, Restart, Version},
};
use etcd_client::PutOptions;
use libtest_mimic::Trial;
use tokio::time::{Instant, sleep, timeout};
use tonic::Code;

use super::{
    Arm, STORY, arms, binary, client, start, talk::Line, traces::Traces, trial, wait, without_tokens,
};

/// Longer than an etcd takes to flush what was written, which it does every 100 ms.
const FLUSHED: Duration = Duration::from_secs(1);

/// What a test does to an etcd of a release.
type Test = fn(Source, Version);

const TESTS: [(&str, Test); 11] = [
    ("a_graceful_restart_keeps_the_data_and_loses_the_tokens", graceful),
    ("a_killed_etcd_keeps_what_it_answered_and_loses_tokens_older_than_its_last_write", killed),
    ("a_killed_etcd_remembers_a_login_after_its_last_write", killed_after_a_login),
    ("it_stays_down_for_as_long_as_asked", down),
    ("it_is_ready_again_whatever_became_of_roots_password", password_changed),
    ("it_is_ready_again_with_authentication_switched_off", switched_off),
    ("a_restart_gives_a_lease_its_whole_time_again", lease_over_a_restart),
    ("while_paused_nothing_is_answered_and_no_connection_is_lost", paused),
    ("a_pause_longer_than_a_token_lives_ends_it", token_over_a_pause),
    ("a_pause_longer_than_a_lease_lives_ends_it", lease_over_a_pause),
    ("a_paused_etcd_can_be_restarted", restart_of_a_paused_one),
];

/// What is done to its data, which nobody can reach in a container.
const TESTS_OF_DATA: [(&str, Test); 3] = [
    ("a_wiped_etcd_comes_back_empty", wiped),
    ("a_saved_etcd_comes_back_with_what_it_had_answered_by_then_and_no_more", saved),
    ("it_cannot_come_back_on_what_was_not_saved", never_saved),
];

pub fn trials() -> Vec<Trial> {
    let story =
        |name: &str, test: fn(Source)| trial(&format!("process::{name}"), "process", binary(STORY), test);
    let traces = [
        story("a_paused_server_that_is_stopped_leaves_nothing", stop_of_a_paused_one),
        story("a_server_that_is_stopped_amid_its_restart_leaves_nothing", stop_amid_a_restart),
        story("a_server_that_has_ended_by_itself_can_be_neither_paused_nor_restarted", ended_by_itself),
    ];
    arms()
        .into_iter()
        .flat_map(|Arm { version, name: arm, backend, needed }| {
            let data = TESTS_OF_DATA.into_iter().filter(move |_| backend != "docker");
            TESTS.into_iter().chain(data).map(move |(name, test)| {
                trial(&format!("{arm}::{name}"), backend, needed.clone(), move |source| test(source, version))
            })
        })
        .chain(traces)
        .collect()
}

fn restart(ending: Ending) -> Restart {
    Restart { ending, down: Duration::ZERO, data: Data::Kept }
}

fn with_tokens(version: Version) -> EtcdSpec {
    EtcdSpec::of(version).with_tokens(Duration::from_secs(2))
}

fn kill_and(data: Data) -> Restart {
    Restart { ending: Ending::Kill, down: Duration::ZERO, data }
}

fn wiped(source: Source, version: Version) {
    wait(async {
        let etcd = start(&source, &without_tokens(version)).await.unwrap();
        let mut before = client(&*etcd).await;
        let lease = before.lease_grant(60, None).await.unwrap().id();
        before.put("k", "v", Some(PutOptions::new().with_lease(lease))).await.unwrap();
        etcd.restart(kill_and(Data::Wiped)).await.unwrap();
        let mut after = client(&*etcd).await;
        let answer = after.get("k", None).await.unwrap();
        assert_eq!((answer.count(), answer.header().unwrap().revision()), (0, 1));
        assert_eq!(after.lease_time_to_live(lease, None).await.unwrap().ttl(), -1);
        etcd.stop().await;
    });
}

/// Somebody counts all the while: the copy has a number that was answered before, or was just under way.
fn saved(source: Source, version: Version) {
    wait(async {
        let etcd = start(&source, &without_tokens(version)).await.unwrap();
        let (told, mut number) = tokio::sync::watch::channel(0_i64);
        let mut counter = client(&*etcd).await;
        let counting = tokio::spawn(async move {
            for next in 1.. {
                if counter.put("k", next.to_string(), None).await.is_err() {
                    break;
                }
                told.send_replace(next);
            }
        });
        let before = *number.wait_for(|number| *number >= 20).await.unwrap();
        etcd.save().await.unwrap();
        let after = *number.borrow() + 1;
        number.wait_for(|number| *number >= after + 20).await.unwrap();
        let mut found = Vec::new();
        for _ in 0..2 {
            etcd.restart(kill_and(Data::Saved)).await.unwrap();
            let answer = client(&*etcd).await.get("k", None).await.unwrap();
            found.push(answer.kvs()[0].value_str().unwrap().parse::<i64>().unwrap());
        }
        counting.abort();
        assert!((before..=after).contains(&found[0]), "{before} ..= {after}: {found:?}");
        assert_eq!(found[0], found[1], "a copy can be taken again");
        etcd.stop().await;
    });
}

fn never_saved(source: Source, version: Version) {
    wait(async {
        let etcd = start(&source, &without_tokens(version)).await.unwrap();
        etcd.restart(kill_and(Data::Saved)).await.unwrap_err();
        etcd.stop().await;
    });
}

async fn line(etcd: &dyn Etcd) -> Line {
    Line::to(&etcd.address()).await
}

pub fn graceful(source: Source, version: Version) {
    wait(async {
        let etcd = start(&source, &with_tokens(version)).await.unwrap();
        let token = line(&*etcd).await.login("root", "root").await;
        line(&*etcd).await.put("k", "v", Some(&token)).await.unwrap();
        let began = Instant::now();
        etcd.restart(restart(Ending::Graceful)).await.unwrap();
        assert!(began.elapsed() < Duration::from_secs(5), "{:?}", began.elapsed());
        let line = line(&*etcd).await;
        assert_eq!(line.get("k", Some(&token)).await.unwrap_err().code(), Code::Unauthenticated);
        let token = line.login("root", "root").await;
        assert_eq!(line.get("k", Some(&token)).await.unwrap(), ["v"]);
        etcd.stop().await;
    });
}

fn killed(source: Source, version: Version) {
    wait(async {
        let etcd = start(&source, &with_tokens(version)).await.unwrap();
        let token = line(&*etcd).await.login("root", "root").await;
        line(&*etcd).await.put("k", "v", Some(&token)).await.unwrap();
        sleep(FLUSHED).await;
        etcd.restart(restart(Ending::Kill)).await.unwrap();
        let line = line(&*etcd).await;
        let refusal = line.get("k", Some(&token)).await.unwrap_err();
        assert_eq!(
            (refusal.code(), refusal.message()),
            (Code::Unauthenticated, "etcdserver: invalid auth token")
        );
        let token = line.login("root", "root").await;
        assert_eq!(line.get("k", Some(&token)).await.unwrap(), ["v"]);
        etcd.stop().await;
    });
}

fn killed_after_a_login(source: Source, version: Version) {
    wait(async {
        // A token's life begins anew with the start, and a container may take longer than a short one to be ready.
        let spec = EtcdSpec::of(version).with_tokens(Duration::from_secs(60));
        let etcd = start(&source, &spec).await.unwrap();
        let line_before = line(&*etcd).await;
        let token = line_before.login("root", "root").await;
        line_before.put("k", "v", Some(&token)).await.unwrap();
        sleep(FLUSHED).await;
        let token = line_before.login("root", "root").await;
        etcd.restart(restart(Ending::Kill)).await.unwrap();
        assert_eq!(line(&*etcd).await.get("k", Some(&token)).await.unwrap(), ["v"]);
        etcd.stop().await;
    });
}

fn down(source: Source, version: Version) {
    wait(async {
        let etcd = start(&source, &without_tokens(version)).await.unwrap();
        let before = line(&*etcd).await;
        let began = Instant::now();
        // Longer than it takes to start again.
        let down = Duration::from_secs(3);
        let restarted = etcd.restart(Restart { ending: Ending::Kill, down, data: Data::Kept });
        let looked = async {
            sleep(down * 5 / 6).await;
            let refusal =
                timeout(down / 12, before.get("k", None)).await.expect("an answer, if only that it is gone");
            assert_eq!(refusal.unwrap_err().code(), Code::Unavailable);
        };
        let (restarted, ()) = tokio::join!(restarted, looked);
        restarted.unwrap();
        assert!((down..down + Duration::from_secs(5)).contains(&began.elapsed()), "{:?}", began.elapsed());
        line(&*etcd).await.get("k", None).await.unwrap();
        etcd.stop().await;
    });
}

fn password_changed(source: Source, version: Version) {
    wait(async {
        let etcd = start(&source, &with_tokens(version)).await.unwrap();
        client(&*etcd).await.user_change_password("root", "new").await.unwrap();
        for ending in [Ending::Graceful, Ending::Kill] {
            etcd.restart(restart(ending)).await.unwrap();
            let line = line(&*etcd).await;
            let token = line.login("root", "new").await;
            line.get("k", Some(&token)).await.unwrap();
        }
        etcd.stop().await;
    });
}

fn switched_off(source: Source, version: Version) {
    wait(async {
        let etcd = start(&source, &with_tokens(version)).await.unwrap();
        client(&*etcd).await.auth_disable().await.unwrap();
        etcd.restart(restart(Ending::Graceful)).await.unwrap();
        line(&*etcd).await.get("k", None).await.unwrap();
        etcd.stop().await;
    });
}

fn lease_over_a_restart(source: Source, version: Version) {
    wait(async {
        let etcd = start(&source, &without_tokens(version)).await.unwrap();
        let mut before = client(&*etcd).await;
        let lease = before.lease_grant(3, None).await.unwrap().id();
        before.put("k", "v", Some(PutOptions::new().with_lease(lease))).await.unwrap();
        // Longer than the lease lives, so that an etcd that went on counting would have ended it.
        etcd.restart(Restart { ending: Ending::Kill, down: Duration::from_secs(4), data: Data::Kept })
            .await
            .unwrap();
        let left = client(&*etcd).await.lease_time_to_live(lease, None).await.unwrap().ttl();
        assert!((2..=4).contains(&left), "{left} s are left");
        etcd.stop().await;
    });
}

fn paused(source: Source, version: Version) {
    wait(async {
        let etcd = start(&source, &without_tokens(version)).await.unwrap();
        let before = line(&*etcd).await;
        before.put("k", "v", None).await.unwrap();
        etcd.pause().await.unwrap();
        let asked = before.get("k", None);
        tokio::pin!(asked);
        assert!(timeout(Duration::from_millis(500), &mut asked).await.is_err(), "a paused etcd has answered");
        // The system lets a new one in all the same.
        let meanwhile = Line::lazily_to(&etcd.address());
        let asked_meanwhile = meanwhile.get("k", None);
        tokio::pin!(asked_meanwhile);
        assert!(timeout(Duration::from_millis(300), &mut asked_meanwhile).await.is_err());
        etcd.resume().await.unwrap();
        assert_eq!(asked.await.unwrap(), ["v"]);
        assert_eq!(asked_meanwhile.await.unwrap(), ["v"]);
        etcd.stop().await;
    });
}

fn token_over_a_pause(source: Source, version: Version) {
    wait(async {
        let etcd = start(&source, &with_tokens(version)).await.unwrap();
        let line = line(&*etcd).await;
        let token = line.login("root", "root").await;
        line.get("k", Some(&token)).await.unwrap();
        etcd.pause().await.unwrap();
        // Nobody uses the token meanwhile: a request that waits in the connection may be read before the sweep.
        sleep(Duration::from_millis(3500)).await;
        etcd.resume().await.unwrap();
        // It takes much longer than the sweep, which is due at once.
        line.login("root", "root").await;
        assert_eq!(
            line.get("k", Some(&token)).await.unwrap_err().message(),
            "etcdserver: invalid auth token"
        );
        etcd.stop().await;
    });
}

fn lease_over_a_pause(source: Source, version: Version) {
    wait(async {
        let etcd = start(&source, &without_tokens(version)).await.unwrap();
        let mut client = client(&*etcd).await;
        let lease = client.lease_grant(5, None).await.unwrap().id();
        client.put("k", "v", Some(PutOptions::new().with_lease(lease))).await.unwrap();
        let mut watch = client.watch("k", None).await.unwrap();
        assert!(watch.message().await.unwrap().unwrap().created());
        etcd.pause().await.unwrap();
        assert!(
            timeout(Duration::from_secs(6), watch.message()).await.is_err(),
            "a paused etcd has ended a lease"
        );
        etcd.resume().await.unwrap();
        let resumed = Instant::now();
        let gone = timeout(Duration::from_secs(60), watch.message()).await;
        let gone = gone.expect("a lease outlives a pause for ever").unwrap().unwrap();
        assert_eq!(gone.events()[0].event_type(), etcd_client::EventType::Delete);
        // A lease whose time had stood still would have almost all of its 5 s left. A real etcd may hold an election
        // after it was frozen, and a new term gives every lease its time again (etcd v3.5.5 server/lease/lessor.go,
        // Promote), so that only the model can be held to a bound.
        if source == Source::Embedded {
            assert!(resumed.elapsed() < Duration::from_secs(4), "{:?}", resumed.elapsed());
        }
        etcd.stop().await;
    });
}

fn restart_of_a_paused_one(source: Source, version: Version) {
    wait(async {
        let etcd = start(&source, &without_tokens(version)).await.unwrap();
        for ending in [Ending::Graceful, Ending::Kill] {
            etcd.pause().await.unwrap();
            etcd.restart(restart(ending)).await.unwrap();
            line(&*etcd).await.get("k", None).await.unwrap();
        }
        // A pause that nobody ends is no hindrance.
        etcd.pause().await.unwrap();
        etcd.stop().await;
    });
}

fn stop_of_a_paused_one(source: Source) {
    wait(async {
        let etcd = start(&source, &with_tokens(STORY)).await.unwrap();
        let traces = Traces::of(&*etcd);
        etcd.pause().await.unwrap();
        etcd.stop().await;
        traces.assert_gone();
    });
}

/// At any moment: while it ends, while it is down, while it starts again.
fn stop_amid_a_restart(source: Source) {
    wait(async {
        for given_up_ms in [0, 1, 3, 10, 100, 250, 310, 340, 400] {
            let etcd = start(&source, &with_tokens(STORY)).await.unwrap();
            let traces = Traces::of(&*etcd);
            let restart =
                Restart { ending: Ending::Graceful, down: Duration::from_millis(300), data: Data::Kept };
            // Most often it is not done by then.
            let _ = timeout(Duration::from_millis(given_up_ms), etcd.restart(restart)).await;
            etcd.stop().await;
            traces.assert_gone();
        }
    });
}

fn ended_by_itself(source: Source) {
    wait(async {
        let etcd = start(&source, &without_tokens(STORY)).await.unwrap();
        let traces = Traces::of(&*etcd);
        traces.kill();
        let error = etcd.pause().await.unwrap_err().to_string();
        assert!(
            error.starts_with("pause etcd 3.5.5") && error.contains("it has ended (signal: 9"),
            "{error}"
        );
        let error = etcd.restart(restart(Ending::Kill)).await.unwrap_err().to_string();
        assert!(error.contains("it has ended already (signal: 9"), "{error}");
        etcd.stop().await;
        traces.assert_gone();
    });
}
