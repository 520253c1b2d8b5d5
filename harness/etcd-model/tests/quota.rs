//! A backend that runs full: the answer that comes too late, what can still be done, and that real etcds do so too.
//!
//! The tests on real etcds are ignored unless asked for: `just etcd 3.5.5`, `3.5.16` and `3.7.3`, then
//! `cargo test -p etcd-model --test quota -- --ignored`.
#![allow(missing_docs, clippy::unwrap_used, clippy::expect_used)]

#[allow(dead_code)]
mod pipe;
#[allow(dead_code)]
mod real;

use std::{collections::BTreeSet, time::Duration};

use etcd_client::{Client, GetOptions};
use etcd_model::{
    member::Settings,
    proto::{
        PutRequest, RangeRequest, StatusRequest, kv_client::KvClient, maintenance_client::MaintenanceClient,
    },
    server::Model,
};
use futures::{StreamExt, stream};
use tokio::time::sleep;
use tonic::{Code, transport::Channel};

const QUOTA_BYTES: u64 = 4 * 1024 * 1024;

const RELEASES: [&str; 3] = ["3.5.5", "3.5.16", "3.7.3"];

/// Puts at once, as many as `at_once`, until the store is twice as large as it may be: the numbers of those that were
/// refused, and of those that are stored.
async fn fill(channel: Channel, at_once: usize) -> (BTreeSet<u64>, BTreeSet<u64>) {
    let number = 2 * QUOTA_BYTES / 8_192;
    let refused: BTreeSet<u64> = stream::iter(0..number)
        .map(|number| {
            let mut kv = KvClient::new(channel.clone());
            async move {
                let key = format!("{number:05}");
                let put =
                    PutRequest { key: key.into(), value: vec![b'x'; 8_192].into(), ..Default::default() };
                match kv.put(put).await {
                    Ok(_) => None,
                    Err(status) => {
                        let told = (status.code(), status.message());
                        assert_eq!(
                            told,
                            (Code::ResourceExhausted, "etcdserver: mvcc: database space exceeded")
                        );
                        Some(number)
                    }
                }
            }
        })
        .buffer_unordered(at_once)
        .filter_map(std::future::ready)
        .collect()
        .await;
    let all = RangeRequest {
        key: vec![0].into(),
        range_end: vec![0].into(),
        keys_only: true,
        ..Default::default()
    };
    let answer = KvClient::new(channel).range(all).await.unwrap().into_inner();
    let stored = answer.kvs.iter().map(|kv| std::str::from_utf8(&kv.key).unwrap().parse().unwrap()).collect();
    (refused, stored)
}

#[tokio::test(start_paused = true)]
async fn the_put_that_crosses_the_quota_is_carried_out_and_answered_as_refused() {
    for release in RELEASES {
        let model = Model::start(Settings { quota_bytes: Some(QUOTA_BYTES), ..pipe::settings(release) });
        let (refused, stored) = fill(pipe::channel(&model), 1).await;
        let late: Vec<_> = refused.intersection(&stored).collect();
        assert_eq!(late, [refused.first().unwrap()], "{release}");
        assert_eq!(stored.last(), refused.first(), "{release}: what came after it did nothing");
    }
}

#[tokio::test(start_paused = true)]
async fn a_quota_that_is_crossed_after_a_while_of_silence_refuses_without_doing_anything() {
    let model = Model::start(Settings { quota_bytes: Some(QUOTA_BYTES), ..pipe::settings("3.5.16") });
    let mut client = pipe::client(&model).await;
    for number in 0..3 {
        client.put(format!("{number}"), "x".repeat(1_200_000), None).await.unwrap();
        sleep(Duration::from_millis(101)).await;
    }
    let before = client.get("0", None).await.unwrap().header().unwrap().revision();
    let refusal = client.put("3", "x".repeat(1_200_000), None).await.unwrap_err();
    assert!(refusal.to_string().contains("database space exceeded"), "{refusal}");
    assert_eq!(client.get("3", None).await.unwrap().header().unwrap().revision(), before);
}

#[tokio::test(start_paused = true)]
async fn a_full_backend_has_room_again_after_compaction_defragmentation_and_disarming() {
    let model = Model::start(Settings { quota_bytes: Some(QUOTA_BYTES), ..pipe::settings("3.5.16") });
    fill(pipe::channel(&model), 1).await;
    let mut client = pipe::client(&model).await;
    client.delete("", Some(etcd_client::DeleteOptions::new().with_all_keys())).await.unwrap();
    let revision = client.get("a", None).await.unwrap().header().unwrap().revision();
    client.compact(revision, None).await.unwrap();
    let size = async |client: &mut Client| client.status().await.unwrap().db_size();
    assert!(size(&mut client).await > 4 * 1024 * 1024, "freed pages stay in the file");
    disarm(&mut client).await;
    assert!(client.put("a", "1", None).await.is_err(), "and so the alarm comes back");
    client.defragment().await.unwrap();
    assert!(size(&mut client).await < 100_000);
    disarm(&mut client).await;
    client.put("a", "1", None).await.unwrap();
    assert_eq!(client.get("", Some(GetOptions::new().with_all_keys())).await.unwrap().count(), 1);
}

async fn disarm(client: &mut Client) {
    let (raised, cleared) = (etcd_client::AlarmAction::Get, etcd_client::AlarmAction::Deactivate);
    let nospace = etcd_client::AlarmType::Nospace;
    let alarms = client.alarm(raised, nospace, None).await.unwrap();
    assert_eq!(alarms.alarms().len(), 1);
    let member = alarms.alarms()[0].member_id();
    let mut options = etcd_client::AlarmOptions::new();
    options.with_member(member);
    client.alarm(cleared, nospace, Some(options)).await.unwrap();
}

#[tokio::test]
#[ignore = "needs target/etcd/VERSION/etcd of 3.5.5, 3.5.16 and 3.7.3"]
async fn real_etcds_answer_late_too() {
    for release in RELEASES {
        let etcd = real::RealEtcd::start_with(release, &[&format!("--quota-backend-bytes={QUOTA_BYTES}")]);
        let (refused, stored) = fill(etcd.connect().await, 64).await;
        let late = refused.intersection(&stored).count();
        println!("{release}: {} refused, {late} of them stored", refused.len());
        assert!(late > 0, "{release}");
    }
}

/// The size that a model tells is within half of a real one's.
#[tokio::test]
#[ignore = "needs target/etcd/VERSION/etcd of 3.5.5, 3.5.16 and 3.7.3"]
async fn the_model_grows_about_as_a_real_etcd_does() {
    for release in RELEASES {
        for (number, bytes) in [(20_000, 40), (5_000, 1_000), (500, 10_000), (200, 100_000)] {
            let etcd = real::RealEtcd::start_with(release, &["--unsafe-no-fsync"]);
            let real = size_after(etcd.connect().await, number, bytes).await;
            let model = size_after(real::model(release).await, number, bytes).await;
            println!("{release}, {number} of {bytes} bytes: real {real}, model {model}");
            assert!(model * 2 > real && real * 2 > model, "{release}, {number} of {bytes} bytes");
        }
    }
}

async fn size_after(channel: Channel, number: usize, bytes: usize) -> i64 {
    stream::iter(0..number)
        .for_each_concurrent(64, |number| {
            let mut kv = KvClient::new(channel.clone());
            let key = format!("/test/{number:08}");
            let put = PutRequest { key: key.into(), value: vec![b'x'; bytes].into(), ..Default::default() };
            async move {
                kv.put(put).await.unwrap();
            }
        })
        .await;
    // A commit falls each 100 ms, and nothing tells.
    sleep(Duration::from_millis(300)).await;
    MaintenanceClient::new(channel).status(StatusRequest {}).await.unwrap().into_inner().db_size
}
