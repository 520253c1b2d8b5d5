//! The maintenance and cluster services against real etcds, and what the model says to what it does not have.
//!
//! The comparison is ignored unless asked for, since it needs real etcds: `just etcd 3.5.5`, then
//! `cargo test -p etcd-model --test upkeep_against_real_etcd -- --ignored`.
#![allow(missing_docs, clippy::unwrap_used, clippy::expect_used)]

#[allow(dead_code)]
mod pipe;
#[allow(dead_code)]
mod real;
#[allow(dead_code)]
mod script;

use etcd_model::{
    member::Settings,
    proto::{
        AlarmRequest, DefragmentRequest, HashRequest, MemberListRequest, MoveLeaderRequest, RangeRequest,
        StatusRequest, cluster_client::ClusterClient, kv_client::KvClient,
        maintenance_client::MaintenanceClient,
    },
};
use tonic::{Code, Request, Response, Status, transport::Channel};

#[tokio::test]
#[ignore = "needs target/etcd/3.5.5/etcd"]
async fn upkeep_is_answered_as_by_3_5_5() {
    compare("3.5.5").await;
}

#[tokio::test]
#[ignore = "needs target/etcd/3.5.16/etcd"]
async fn upkeep_is_answered_as_by_3_5_16() {
    compare("3.5.16").await;
}

#[tokio::test]
#[ignore = "needs target/etcd/3.7.3/etcd"]
async fn upkeep_is_answered_as_by_3_7_3() {
    compare("3.7.3").await;
}

#[tokio::test(start_paused = true)]
async fn what_the_model_does_not_have_is_named() {
    let channel = pipe::channel(&pipe::model("3.5.5"));
    let mut maintenance = MaintenanceClient::new(channel.clone());
    let refusal = maintenance.move_leader(MoveLeaderRequest::default()).await.unwrap_err();
    assert_eq!(
        (refusal.code(), refusal.message()),
        (Code::Unimplemented, "the model has no MoveLeader of etcdserverpb.Maintenance")
    );
    let refusal = maintenance.hash(HashRequest::default()).await.unwrap_err();
    assert_eq!(refusal.message(), "the model has no Hash of etcdserverpb.Maintenance");
    assert_eq!(
        unknown(&channel).await,
        [
            "Unimplemented: unknown method Nothing for service etcdserverpb.KV",
            "Unimplemented: unknown service etcdserverpb.Nothing",
        ]
    );
    // A call that this release has not, though the model knows it of others.
    let refusal = KvClient::new(channel).range_stream(RangeRequest::default()).await.unwrap_err();
    assert_eq!(refusal.message(), "unknown method RangeStream for service etcdserverpb.KV");
}

async fn compare(version: &str) {
    let etcd = real::RealEtcd::start(version);
    let real = etcd.connect().await;
    let (model, _running) = script::model(Settings::of(version.parse().unwrap())).await;
    assert_eq!(answers(&model).await, answers(&real).await, "{version}");
    script::switch_authentication_on(&real).await;
    script::switch_authentication_on(&model).await;
    assert_eq!(answers(&model).await, answers(&real).await, "{version} with authentication, without a login");
    assert_eq!(unknown(&model).await, unknown(&real).await, "{version}");
}

/// What is answered to each call. What depends on the machine is left out.
async fn answers(channel: &Channel) -> Vec<String> {
    let mut maintenance = MaintenanceClient::new(channel.clone());
    let mut cluster = ClusterClient::new(channel.clone());
    let status = maintenance.status(StatusRequest {}).await.map(|mut answer| {
        (answer.get_mut().db_size, answer.get_mut().db_size_in_use) = (0, 0);
        answer
    });
    let members = cluster.member_list(MemberListRequest { linearizable: true }).await.map(|mut answer| {
        answer.get_mut().members[0].client_ur_ls.clear();
        answer
    });
    vec![
        told(status),
        told(members),
        told(maintenance.alarm(AlarmRequest::default()).await),
        told(maintenance.defragment(DefragmentRequest {}).await),
    ]
}

/// What is answered to calls that nobody has.
async fn unknown(channel: &Channel) -> Vec<String> {
    let mut answers = Vec::new();
    for path in ["/etcdserverpb.KV/Nothing", "/etcdserverpb.Nothing/Nothing"] {
        let mut call = tonic::client::Grpc::new(channel.clone());
        call.ready().await.unwrap();
        let codec = tonic_prost::ProstCodec::<StatusRequest, StatusRequest>::default();
        answers.push(told(call.unary(Request::new(StatusRequest {}), path.parse().unwrap(), codec).await));
    }
    answers
}

fn told<T: std::fmt::Debug>(answer: Result<Response<T>, Status>) -> String {
    match answer {
        Ok(answer) => format!("{:?}", answer.into_inner()),
        Err(status) => format!("{:?}: {}", status.code(), status.message()),
    }
}
