//! The story this is all about, told to an unmodified client in virtual time: a second watch on a stream whose token
//! has died, and what becomes of the first.
#![allow(missing_docs, clippy::unwrap_used, clippy::expect_used)]

#[allow(dead_code)]
mod pipe;

use std::time::Duration;

use etcd_client::{Client, WatchOptions, WatchResponse, WatchStream};
use tokio::time::{sleep, timeout};

/// What the two watches of a story were told.
struct Told {
    refusal: WatchResponse,
    /// What the first watch was told of a put after that.
    first: Option<WatchResponse>,
}

#[tokio::test(start_paused = true)]
async fn at_3_5_5_the_second_watch_is_denied_permission_and_the_first_goes_deaf() {
    let told = tell("3.5.5", None).await;
    assert_eq!(
        told.refusal.cancel_reason(),
        "rpc error: code = PermissionDenied desc = etcdserver: permission denied"
    );
    assert_eq!(told.refusal.watch_id(), 0);
    assert!(told.refusal.created() && told.refusal.canceled());
    assert!(told.first.is_none(), "{:?}", told.first);
}

#[tokio::test(start_paused = true)]
async fn at_3_5_5_a_refusal_deafens_no_watch_but_the_one_whose_id_it_echoes() {
    let told = tell("3.5.5", Some(102)).await;
    assert_eq!(told.refusal.watch_id(), 102);
    assert_eq!(told.first.unwrap().events().len(), 1);
}

#[tokio::test(start_paused = true)]
async fn from_3_5_6_on_the_second_watch_is_told_its_token_is_invalid_and_the_first_lives() {
    for release in ["3.5.6", "3.5.16", "3.4.22", "3.6.4", "3.7.3"] {
        let told = tell(release, None).await;
        assert_eq!(
            told.refusal.cancel_reason(),
            "rpc error: code = Unauthenticated desc = etcdserver: invalid auth token",
            "{release}"
        );
        assert_eq!(told.refusal.watch_id(), -1, "{release}");
        let first = told.first.unwrap();
        assert_eq!((first.watch_id(), first.events().len()), (0, 1), "{release}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_token_that_is_used_lives_on() {
    let model = pipe::model("3.5.5");
    pipe::switch_authentication_on(&model).await;
    let mut client = pipe::root(pipe::channel(&model)).await;
    let mut stream = client.watch("/test/a", None).await.unwrap();
    assert!(message(&mut stream).await.created());
    for _ in 0..4 {
        sleep(Duration::from_secs(4)).await;
        client.get("/test/a", None).await.unwrap();
    }
    stream.watch("/test/b", None).await.unwrap();
    let second = message(&mut stream).await;
    assert!(second.created() && !second.canceled());
}

#[tokio::test(start_paused = true)]
async fn a_restart_cuts_the_stream_and_keeps_the_data() {
    let model = pipe::model("3.5.5");
    let mut client = pipe::client(&model).await;
    client.put("/test/a", "1", None).await.unwrap();
    let mut stream = client.watch("/test/a", None).await.unwrap();
    assert!(message(&mut stream).await.created());
    model.stop(etcd_model::member::Ending::Killed).await;
    assert!(stream.message().await.is_err());
    assert!(client.get("/test/a", None).await.is_err());
    model.start_again().await.unwrap();
    let again = client.get("/test/a", None).await.unwrap();
    assert_eq!(again.kvs()[0].value(), b"1");
    assert_eq!(again.header().unwrap().raft_term(), 3);
}

/// A watch, 7 s of silence, and another one on the same stream: then a put that is the first one's to hear of.
async fn tell(release: &str, second_id: Option<i64>) -> Told {
    let model = pipe::model(release);
    pipe::switch_authentication_on(&model).await;
    let mut client = pipe::root(pipe::channel(&model)).await;
    let mut stream = client.watch("/test/", Some(WatchOptions::new().with_prefix())).await.unwrap();
    assert!(message(&mut stream).await.created());
    sleep(Duration::from_secs(7)).await;
    let options = second_id.map(|id| WatchOptions::new().with_watch_id(id));
    stream.watch("/test/b", options).await.unwrap();
    let refusal = message(&mut stream).await;
    put(&mut client).await;
    let first = timeout(Duration::from_secs(60), message(&mut stream)).await.ok();
    Told { refusal, first }
}

async fn put(client: &mut Client) {
    client.put("/test/a", "1", None).await.unwrap();
}

async fn message(stream: &mut WatchStream) -> WatchResponse {
    stream.message().await.unwrap().expect("the stream goes on")
}
