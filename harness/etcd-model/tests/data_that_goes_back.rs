//! A member that starts again on nothing, or on what it had at an earlier moment.
#![allow(missing_docs, clippy::unwrap_used, clippy::expect_used)]

#[allow(dead_code)]
mod pipe;

use std::time::Duration;

use etcd_client::{Client, EventType, PutOptions, WatchOptions};
use etcd_model::{
    member::{Data, Ending},
    server::Model,
};
use tokio::time::{sleep, timeout};

#[tokio::test(start_paused = true)]
async fn a_wiped_member_knows_nothing_and_counts_from_1() {
    let model = pipe::model("3.5.16");
    let mut client = pipe::client(&model).await;
    let lease = client.lease_grant(60, None).await.unwrap().id();
    client.put("a", "1", Some(PutOptions::new().with_lease(lease))).await.unwrap();
    client.put("a", "2", None).await.unwrap();
    restart(&model, Data::Wiped).await;
    let answer = client.get("a", None).await.unwrap();
    assert_eq!((answer.header().unwrap().revision(), answer.header().unwrap().raft_term()), (1, 2));
    assert_eq!(answer.count(), 0);
    assert_eq!(client.lease_time_to_live(lease, None).await.unwrap().ttl(), -1);
    assert_eq!(client.put("b", "1", None).await.unwrap().header().unwrap().revision(), 2);
}

#[tokio::test(start_paused = true)]
async fn a_wiped_member_has_no_users_and_no_token_of_before_is_good_again() {
    let model = pipe::model("3.5.16");
    pipe::switch_authentication_on(&model).await;
    let mut root = pipe::root(pipe::channel(&model)).await;
    root.put("a", "1", None).await.unwrap();
    let token = |model: &Model| {
        let mut client = etcd_model::proto::auth_client::AuthClient::new(pipe::channel(model));
        async move {
            let login =
                etcd_model::proto::AuthenticateRequest { name: "root".into(), password: "root".into() };
            client.authenticate(login).await.map(|answer| answer.into_inner().token)
        }
    };
    let before = token(&model).await.unwrap();
    restart(&model, Data::Wiped).await;
    let refusal = token(&model).await.unwrap_err();
    assert_eq!(refusal.message(), "etcdserver: authentication is not enabled");
    assert_eq!(pipe::client(&model).await.get("a", None).await.unwrap().count(), 0);
    // The same steps again lead to the same numbers, and to other letters.
    pipe::switch_authentication_on(&model).await;
    assert_ne!(token(&model).await.unwrap(), before);
}

#[tokio::test(start_paused = true)]
async fn a_restored_member_has_what_it_had_and_counts_on_from_there() {
    let model = pipe::model("3.5.16");
    let mut client = pipe::client(&model).await;
    let lease = client.lease_grant(5, None).await.unwrap().id();
    client.put("kept", "1", Some(PutOptions::new().with_lease(lease))).await.unwrap();
    client.put("a", "1", None).await.unwrap();
    let saved = model.saved();
    client.put("a", "2", None).await.unwrap();
    client.put("b", "1", None).await.unwrap();
    client.lease_revoke(lease).await.unwrap();
    restart(&model, Data::Saved(Box::new(saved))).await;
    let answer = client.get("", Some(etcd_client::GetOptions::new().with_all_keys())).await.unwrap();
    assert_eq!((answer.header().unwrap().revision(), answer.header().unwrap().raft_term()), (3, 3));
    let held: Vec<_> =
        answer.kvs().iter().map(|kv| (kv.key_str().unwrap(), kv.value_str().unwrap())).collect();
    assert_eq!(held, [("a", "1"), ("kept", "1")]);
    // Its leases are back with their whole time, and end.
    assert_eq!(client.lease_time_to_live(lease, None).await.unwrap().ttl(), 5);
    sleep(Duration::from_secs(7)).await;
    let answer = client.get("kept", None).await.unwrap();
    assert_eq!((answer.count(), answer.header().unwrap().revision()), (0, 4));
}

/// As etcd does: it cannot know that the revision is one of another life.
#[tokio::test(start_paused = true)]
async fn a_watch_that_goes_on_where_it_was_waits_for_revisions_that_come_a_second_time() {
    let model = pipe::model("3.5.16");
    let mut client = pipe::client(&model).await;
    for value in ["1", "2", "3"] {
        client.put("a", value, None).await.unwrap();
    }
    restart(&model, Data::Wiped).await;
    let mut stream = client.watch("a", Some(WatchOptions::new().with_start_revision(5))).await.unwrap();
    let created = stream.message().await.unwrap().unwrap();
    assert!(created.created() && !created.canceled());
    for value in ["4", "5", "6"] {
        client.put("a", value, None).await.unwrap();
    }
    assert!(timeout(Duration::from_secs(5), stream.message()).await.is_err(), "those are up to revision 4");
    client.put("a", "7", None).await.unwrap();
    let told = stream.message().await.unwrap().unwrap();
    let event = &told.events()[0];
    assert_eq!((event.event_type(), event.kv().unwrap().value_str().unwrap()), (EventType::Put, "7"));
    assert_eq!(event.kv().unwrap().mod_revision(), 5);
}

#[tokio::test(start_paused = true)]
async fn a_wiped_member_has_room_again_and_no_alarm() {
    let settings = etcd_model::member::Settings { quota_bytes: Some(40_000), ..pipe::settings("3.5.16") };
    let model = Model::start(settings);
    let mut client = pipe::client(&model).await;
    while client.put("a", "x".repeat(1_000), None).await.is_ok() {}
    assert_eq!(
        client
            .alarm(etcd_client::AlarmAction::Get, etcd_client::AlarmType::None, None)
            .await
            .unwrap()
            .alarms()
            .len(),
        1
    );
    restart(&model, Data::Kept).await;
    let refusal = client.put("a", "1", None).await.unwrap_err();
    assert!(refusal.to_string().contains("database space exceeded"), "{refusal}");
    restart(&model, Data::Wiped).await;
    client.put("a", "1", None).await.unwrap();
}

async fn restart(model: &Model, data: Data) {
    model.stop(Ending::Killed).await;
    model.start_again_on(data).await.unwrap();
    let _: Client = pipe::client(model).await;
}
