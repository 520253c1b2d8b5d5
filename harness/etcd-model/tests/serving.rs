//! Serving: time, connections, restarts.
#![allow(missing_docs, clippy::unwrap_used, clippy::expect_used)]

#[allow(dead_code)]
mod pipe;

use std::{io::ErrorKind, time::Duration};

use etcd_client::{Channel, Client, ConnectOptions, Error};
use etcd_model::{member::Ending, server::Model};
use tokio::{
    net::TcpStream,
    time::{Instant, sleep},
};

#[tokio::test(start_paused = true)]
async fn a_client_that_asks_again_at_once_moves_time_on_by_a_millisecond_each_time() {
    let model = pipe::model("3.5.5");
    let mut client = pipe::client(&model).await;
    client.get("a", None).await.unwrap();
    let start = Instant::now();
    for _ in 0..100 {
        client.get("a", None).await.unwrap();
    }
    assert_eq!(start.elapsed(), Duration::from_millis(100));
    let mut stream = client.watch("a", None).await.unwrap();
    stream.message().await.unwrap();
    let start = Instant::now();
    for _ in 0..100 {
        stream.watch("a", None).await.unwrap();
        stream.message().await.unwrap();
    }
    assert_eq!(start.elapsed(), Duration::from_millis(100));
}

#[tokio::test(start_paused = true)]
async fn an_etcd_wakes_up_for_what_it_has_to_do_and_for_nothing_else() {
    let model = pipe::model("3.5.5");
    let due = || model.member().with(|member, now| member.due().map(|due| due - now));
    assert_eq!(due(), None);
    let mut client = pipe::client(&model).await;
    let mut stream = client.watch("a", None).await.unwrap();
    stream.message().await.unwrap();
    assert_eq!(due(), None, "a watch that is up to date needs nobody to wake up");
    pipe::switch_authentication_on(&model).await;
    let _client = pipe::root(pipe::channel(&model)).await;
    sleep(Duration::from_secs(4)).await;
    let sweep = due().unwrap();
    assert!((Duration::from_millis(900)..=Duration::from_secs(2)).contains(&sweep), "{sweep:?}");
    sleep(Duration::from_secs(3)).await;
    assert_eq!(due(), None, "the token is gone");
}

#[tokio::test(start_paused = true)]
async fn a_stream_that_its_client_drops_leaves_no_watch_behind() {
    let model = pipe::model("3.5.5");
    let mut client = pipe::client(&model).await;
    let mut stream = client.watch("a", None).await.unwrap();
    stream.watch("b", None).await.unwrap();
    sleep(Duration::from_millis(10)).await;
    assert_eq!(watches(&model), (1, 2));
    drop(stream);
    sleep(Duration::from_millis(10)).await;
    assert_eq!(watches(&model), (0, 0));
    let _stream = client.watch("a", None).await.unwrap();
    assert_eq!(watches(&model), (1, 1));
    drop(client);
    drop(_stream);
    sleep(Duration::from_millis(10)).await;
    assert_eq!(watches(&model), (0, 0));
}

#[tokio::test(start_paused = true)]
async fn a_graceful_stop_loses_the_tokens_and_a_kill_right_after_the_login_does_not() {
    for (ending, lost) in [(Ending::Graceful, true), (Ending::Killed, false)] {
        let model = pipe::model("3.5.5");
        pipe::switch_authentication_on(&model).await;
        sleep(Duration::from_secs(1)).await;
        // Without logging in again by itself.
        let options = ConnectOptions::new().with_user("root", "root");
        let mut client =
            Client::from_channel(Channel::Tonic(pipe::channel(&model)), Some(options)).await.unwrap();
        client.get("a", None).await.unwrap();
        model.stop(ending).await;
        model.start_again().await.unwrap();
        let answer = client.get("a", None).await;
        let refused = matches!(&answer, Err(Error::GRpcStatus(status)) if status.message() == "etcdserver: invalid auth token");
        assert_eq!(refused, lost, "{ending:?}: {answer:?}");
        assert_eq!(answer.is_ok(), !lost, "{ending:?}: {answer:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_request_that_was_not_answered_when_the_process_ended_has_not_happened_or_is_not_known_to_have() {
    let model = pipe::model("3.5.5");
    let mut client = pipe::client(&model).await;
    client.get("a", None).await.unwrap();
    let mut other = client.clone();
    let put = tokio::spawn(async move { other.put("a", "1", None).await });
    // The request is on its way: it takes a millisecond.
    tokio::task::yield_now().await;
    model.stop(Ending::Killed).await;
    assert!(put.await.unwrap().is_err());
    assert!(model.connect().is_err_and(|error| error.kind() == ErrorKind::ConnectionRefused));
    model.start_again().await.unwrap();
    assert_eq!(client.get("a", None).await.unwrap().count(), 0);
}

#[tokio::test]
async fn a_port_is_closed_while_the_etcd_is_stopped_and_the_same_afterwards() {
    let model = Model::start(pipe::settings("3.5.5"));
    let address = model.listen("127.0.0.1:0".parse().unwrap()).await.unwrap();
    let mut client = Client::connect([address.to_string()], None).await.unwrap();
    client.put("a", "1", None).await.unwrap();
    model.stop(Ending::Graceful).await;
    let refused = TcpStream::connect(address).await.unwrap_err();
    assert_eq!(refused.kind(), ErrorKind::ConnectionRefused);
    model.start_again().await.unwrap();
    let mut client = Client::connect([address.to_string()], None).await.unwrap();
    assert_eq!(client.get("a", None).await.unwrap().count(), 1);
}

fn watches(model: &Model) -> (usize, usize) {
    model.member().with(|member, _| member.watches())
}
