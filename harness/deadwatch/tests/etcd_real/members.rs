//! etcds of several members: they agree, one is cut off and comes back, and all go without a trace.

use std::{future::Future, time::Duration};

use deadwatch::{
    etcd::{Address, Control, Etcd, Source},
    scenario::{Data, Ending, EtcdSpec, Restart, Version},
};
use libtest_mimic::Trial;
use tokio::time::{Instant, sleep, timeout};
use tonic::Status;

use super::{STORY, binary, start, talk::Line, traces::Traces, trial, wait, with_tokens, without_tokens};

/// Within this time members that can hear each other have elected a leader and found their way.
const AGREED: Duration = Duration::from_secs(20);

pub fn trials() -> Vec<Trial> {
    type Test = fn(Source, Version);
    let tests: [(&str, Test); 5] = [
        ("three_members_agree_and_leave_nothing", agree),
        ("a_leader_that_is_cut_off_neither_writes_nor_hears_and_comes_back", cut_off),
        ("its_members_are_restarted_and_frozen_together", together),
        ("three_members_know_their_users", with_users),
        ("one_member_is_paused_killed_and_cut_off_alone", one_alone),
    ];
    let releases = [STORY, Version::new(3, 7, 3)].into_iter().flat_map(|version| {
        tests.map(|(name, test)| {
            let name = format!("members::{version}::{name}");
            trial(&name, "process", binary(version), move |source| test(source, version))
        })
    });
    let story = |name: &str, test: Test| {
        trial(&format!("members::{name}"), "process", binary(STORY), move |source| test(source, STORY))
    };
    releases.chain([story("five_members_agree_too", five)]).collect()
}

fn of(members: usize, spec: EtcdSpec) -> EtcdSpec {
    EtcdSpec { members, ..spec }
}

async fn here(etcd: &dyn Etcd) -> Line {
    Line::to(&etcd.address()).await
}

async fn there(etcd: &dyn Etcd) -> Line {
    Line::to(&etcd.harness_address()).await
}

/// Tries until it succeeds: a cluster that has lost its leader takes a while to find another.
async fn at_last<T, F: Future<Output = Result<T, Status>>>(mut attempt: impl FnMut() -> F) -> T {
    let give_up = Instant::now() + AGREED;
    loop {
        match timeout(Duration::from_secs(1), attempt()).await {
            Ok(Ok(done)) => return done,
            other => assert!(Instant::now() < give_up, "{:?}", other.map(|answer| answer.map(|_| ()))),
        }
        sleep(Duration::from_millis(50)).await;
    }
}

fn agree(source: Source, version: Version) {
    wait(async {
        let etcd = start(&source, &of(3, without_tokens(version))).await.unwrap();
        let traces = Traces::of_all(&*etcd);
        assert_eq!(traces.len(), 3);
        let (Address::Tcp(leader), Address::Tcp(other)) = (etcd.address(), etcd.harness_address()) else {
            panic!("no ports")
        };
        assert_ne!(leader, other);
        here(&*etcd).await.put("k", "v", None).await.unwrap();
        assert_eq!(there(&*etcd).await.get("k", None).await.unwrap(), ["v"]);
        let mut client = super::client(&*etcd).await;
        let status = client.status().await.unwrap();
        assert_eq!(status.leader(), status.header().unwrap().member_id(), "clients talk to the leader");
        assert_eq!(client.member_list().await.unwrap().members().len(), 3);
        etcd.stop().await;
        traces.iter().for_each(Traces::assert_gone);
    });
}

fn cut_off(source: Source, version: Version) {
    wait(async {
        let etcd = start(&source, &of(3, without_tokens(version))).await.unwrap();
        let (here, there) = (here(&*etcd).await, there(&*etcd).await);
        here.put("before", "v", None).await.unwrap();
        for round in ["1", "2"] {
            etcd.isolate().await.unwrap();
            // The others elect a leader among them, and go on.
            at_last(|| there.put("k", round, None)).await;
            let lost = format!("lost-{round}");
            let written = timeout(Duration::from_secs(3), here.put(&lost, "v", None)).await;
            assert!(!matches!(written, Ok(Ok(()))), "it has written without the others");
            // What it has, it shows, if nobody minds that it is old.
            let old = if round == "1" { vec![] } else { vec!["1".to_owned()] };
            assert_eq!(here.get_serializable("k").await.unwrap(), old);
            assert_eq!(there.get("k", None).await.unwrap(), [round]);
            etcd.rejoin().await.unwrap();
            let seen = at_last(|| here.get("k", None)).await;
            assert_eq!(seen, [round], "it has caught up");
            at_last(|| here.put("k", round, None)).await;
        }
        etcd.stop().await;
    });
}

fn together(source: Source, version: Version) {
    wait(async {
        let etcd = start(&source, &of(3, without_tokens(version))).await.unwrap();
        here(&*etcd).await.put("k", "v", None).await.unwrap();
        for ending in [Ending::Kill, Ending::Graceful] {
            etcd.restart(Restart { ending, down: Duration::ZERO, data: Data::Kept }).await.unwrap();
            assert_eq!(there(&*etcd).await.get("k", None).await.unwrap(), ["v"]);
        }
        let (here, there) = (here(&*etcd).await, there(&*etcd).await);
        etcd.pause().await.unwrap();
        for line in [&here, &there] {
            assert!(timeout(Duration::from_millis(300), line.get_serializable("k")).await.is_err());
        }
        etcd.resume().await.unwrap();
        assert_eq!(at_last(|| here.get("k", None)).await, ["v"]);
        let traces = Traces::of_all(&*etcd);
        etcd.pause().await.unwrap();
        etcd.stop().await;
        traces.iter().for_each(Traces::assert_gone);
    });
}

/// What is done to the third member leaves the two others serving, and clients of the third without an answer.
fn one_alone(source: Source, version: Version) {
    wait(async {
        let etcd = start(&source, &of(3, without_tokens(version))).await.unwrap();
        let members = etcd.members();
        assert_eq!(members.len(), 3);
        let (first, third) = (Line::to(&members[0]).await, Line::to(&members[2]).await);
        first.put("k", "before", None).await.unwrap();
        at_last(|| third.get("k", None)).await;

        etcd.control(3, Control::Pause).await.unwrap();
        first.put("k", "paused", None).await.unwrap();
        assert!(timeout(Duration::from_millis(300), third.get_serializable("k")).await.is_err());
        etcd.control(3, Control::Resume).await.unwrap();
        assert_eq!(at_last(|| third.get("k", None)).await, ["paused"]);

        etcd.control(3, Control::Isolate).await.unwrap();
        first.put("k", "cut off", None).await.unwrap();
        assert_eq!(third.get_serializable("k").await.unwrap(), ["paused"]);
        etcd.control(3, Control::Rejoin).await.unwrap();
        assert_eq!(at_last(|| third.get("k", None)).await, ["cut off"]);

        let down = Duration::from_secs(1);
        let began = Instant::now();
        let (restarted, ()) = tokio::join!(
            etcd.control(3, Control::Restart(Restart { ending: Ending::Kill, down, data: Data::Kept })),
            async {
                sleep(down / 2).await;
                first.put("k", "down", None).await.unwrap();
                assert!(third.get_serializable("k").await.is_err(), "nobody is there");
            }
        );
        restarted.unwrap();
        assert!(began.elapsed() >= down);
        let third = Line::to(&etcd.members()[2]).await;
        assert_eq!(at_last(|| third.get("k", None)).await, ["down"]);
        assert!(
            etcd.control(4, Control::Pause).await.is_err() && etcd.control(0, Control::Pause).await.is_err()
        );
        etcd.stop().await;
    });
}

fn with_users(source: Source, version: Version) {
    wait(async {
        let etcd = start(&source, &of(3, with_tokens(version))).await.unwrap();
        let token = here(&*etcd).await.login("root", "root").await;
        here(&*etcd).await.put("k", "v", Some(&token)).await.unwrap();
        assert_eq!(there(&*etcd).await.get("k", Some(&token)).await.unwrap(), ["v"]);
        etcd.restart(Restart { ending: Ending::Kill, down: Duration::ZERO, data: Data::Kept }).await.unwrap();
        here(&*etcd).await.login("root", "root").await;
        etcd.stop().await;
    });
}

fn five(source: Source, version: Version) {
    wait(async {
        let etcd = start(&source, &of(5, without_tokens(version))).await.unwrap();
        let traces = Traces::of_all(&*etcd);
        assert_eq!(traces.len(), 5);
        let (here, there) = (here(&*etcd).await, there(&*etcd).await);
        etcd.isolate().await.unwrap();
        at_last(|| there.put("k", "v", None)).await;
        let written = timeout(Duration::from_secs(3), here.put("lost", "v", None)).await;
        assert!(!matches!(written, Ok(Ok(()))), "it has written without the others");
        etcd.stop().await;
        traces.iter().for_each(Traces::assert_gone);
    });
}
