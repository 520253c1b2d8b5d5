//! A real gRPC client and a real HTTP/2 server talk through the relay, in memory and in virtual time.

#![allow(clippy::unwrap_used, clippy::expect_used)]

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use etcd_client::{Channel, Client, ConnectOptions};
use h2::server::SendResponse;
use h2::{RecvStream, SendStream};
use hyper_util::rt::TokioIo;
use prost::Message;
use tokio::io::{AsyncReadExt, DuplexStream, duplex};
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};
use tokio::time::Instant;
use tonic::transport::Endpoint;

use super::*;
use crate::wire::faults::Faults;
use crate::wire::messages::{AuthenticateResponse, WatchResponse};
use crate::wire::sample::{encoded, soon};
use crate::wire::{Seen, Sighting};

/// A pipe that is far smaller than a frame, so that frames arrive in pieces and writers have to wait.
const PIPE_BYTES: usize = 100;

/// A server that answers logins with `t.1`, refuses reads, and grants a stream's first watch only.
async fn serve(pipe: DuplexStream) {
    let Ok(mut connection) = h2::server::handshake(pipe).await else { return };
    while let Some(Ok((request, respond))) = connection.accept().await {
        tokio::spawn(answer(request, respond));
    }
}

async fn answer(request: http::Request<RecvStream>, mut respond: SendResponse<Bytes>) {
    let answer = http::Response::builder().header("content-type", "application/grpc");
    let method = request.uri().path().to_owned();
    let mut requests = request.into_body();
    match method.as_str() {
        "/etcdserverpb.Auth/Authenticate" => {
            let mut stream = respond.send_response(answer.body(()).unwrap(), false).unwrap();
            send(&mut stream, &AuthenticateResponse { token: "t.1".into() });
            let trailers =
                http::HeaderMap::from_iter([("grpc-status".parse().unwrap(), "0".parse().unwrap())]);
            stream.send_trailers(trailers).unwrap();
        }
        "/etcdserverpb.Watch/Watch" => {
            let mut stream = respond.send_response(answer.body(()).unwrap(), false).unwrap();
            let mut watches = 0;
            while let Some(Ok(create)) = requests.data().await {
                requests.flow_control().release_capacity(create.len()).unwrap();
                let canceled = watches > 0;
                send(&mut stream, &WatchResponse { created: true, canceled, ..Default::default() });
                watches += 1;
            }
        }
        _ => {
            let refusal = answer.header("grpc-status", "3").header("grpc-message", "etcdserver: no%0Areads");
            respond.send_response(refusal.body(()).unwrap(), true).unwrap();
        }
    }
}

fn send(stream: &mut SendStream<Bytes>, message: &impl Message) {
    stream.send_data(encoded(message).into(), false).unwrap();
}

/// A connection that no fault reaches.
fn link() -> Link {
    Arc::new(Faults::default()).connect("shared", 1, Instant::now())
}

/// A channel on which each connection is relayed to a server of its own.
fn channel(sightings: UnboundedSender<Sighting>) -> Channel {
    let connect = tower::service_fn(move |_| {
        let (client, mut near) = duplex(PIPE_BYTES);
        let (mut far, server) = duplex(PIPE_BYTES);
        let observer = Observer::new("shared".to_owned(), sightings.clone());
        tokio::spawn(serve(server));
        tokio::spawn(async move { relay(&mut near, &mut far, observer, &link()).await });
        std::future::ready(Ok::<_, io::Error>(TokioIo::new(client)))
    });
    Channel::Tonic(Endpoint::from_static("http://pipe").connect_with_connector_lazy(connect))
}

fn drain(sightings: &mut UnboundedReceiver<Sighting>) -> Vec<Seen> {
    std::iter::from_fn(|| sightings.try_recv().ok()).map(|sighting| sighting.seen).collect()
}

fn request(method: &str, token: Option<&str>) -> Seen {
    Seen::Request { method: method.to_owned(), token: token.map(str::to_owned) }
}

#[tokio::test(start_paused = true)]
async fn a_clients_calls_pass_and_are_seen_when_they_pass() {
    let (sender, mut sightings) = unbounded_channel();
    let begin = Instant::now();

    let options = ConnectOptions::new().with_user("root", "root");
    let mut client = soon(Client::from_channel(channel(sender), Some(options))).await.unwrap();
    let login = [
        Seen::Connected,
        request("/etcdserverpb.Auth/Authenticate", None),
        Seen::LoggedIn { token: "t.1".into() },
    ];
    assert_eq!(drain(&mut sightings), login);

    tokio::time::sleep(Duration::from_secs(3)).await;
    // Larger than a frame and than the flow control's window at first.
    let error = soon(client.get(vec![b'k'; 100_000], None)).await.unwrap_err();
    assert!(error.to_string().contains("etcdserver: no"), "{error}");
    let read = soon(sightings.recv()).await.unwrap();
    assert_eq!(read.at - begin, Duration::from_secs(3));
    let mut seen = vec![read.seen];
    seen.extend(drain(&mut sightings));
    let failed = Seen::Failed {
        method: "/etcdserverpb.KV/Range".into(),
        code: 3,
        message: "etcdserver: no\nreads".into(),
    };
    assert!(seen.contains(&failed), "{seen:?}");

    let mut watches = soon(client.watch("a", None)).await.unwrap();
    watches.watch("b", None).await.unwrap();
    for canceled in [false, true] {
        assert_eq!(soon(watches.message()).await.unwrap().unwrap().canceled(), canceled);
    }
    let watch = || request("/etcdserverpb.Watch/Watch", Some("t.1"));
    let refused = Seen::WatchRefused { watch_id: 0, reason: String::new(), token: Some("t.1".into()) };
    assert_eq!(drain(&mut sightings), [watch(), watch(), refused]);

    drop((client, watches));
    assert_eq!(soon(sightings.recv()).await.unwrap().seen, Seen::Disconnected);
    assert!(soon(sightings.recv()).await.is_none());
}

#[tokio::test(start_paused = true)]
async fn a_side_that_is_gone_ends_the_connection_for_the_other() {
    for gone in [Side::Client, Side::Server] {
        let (sender, mut sightings) = unbounded_channel();
        let (client, mut near) = duplex(PIPE_BYTES);
        let (mut far, server) = duplex(PIPE_BYTES);
        let relaying = tokio::spawn(async move {
            let observer = Observer::new("shared".to_owned(), sender);
            relay(&mut near, &mut far, observer, &link()).await
        });
        let (gone, mut other) = if gone == Side::Client { (client, server) } else { (server, client) };

        drop(gone);
        assert_eq!(soon(other.read(&mut [0])).await.unwrap(), 0);
        drop(other);

        soon(relaying).await.unwrap().unwrap();
        assert_eq!(drain(&mut sightings), [Seen::Connected, Seen::Disconnected]);
    }
}

#[tokio::test(start_paused = true)]
async fn less_than_a_frame_is_passed_on_at_the_end() {
    let (sender, _sightings) = unbounded_channel();
    let (mut client, mut near) = duplex(PIPE_BYTES);
    let (mut far, mut server) = duplex(PIPE_BYTES);
    let observer = Observer::new("shared".to_owned(), sender);
    tokio::spawn(async move { relay(&mut near, &mut far, observer, &link()).await });

    client.write_all(b"PRI *").await.unwrap();
    client.shutdown().await.unwrap();

    let mut heard = Vec::new();
    soon(server.read_to_end(&mut heard)).await.unwrap();
    assert_eq!(heard, b"PRI *");
}

#[tokio::test(start_paused = true)]
async fn a_server_that_takes_no_more_can_still_say_its_last_words() {
    let (sender, _sightings) = unbounded_channel();
    let (mut client, mut near) = duplex(PIPE_BYTES);
    let (mut far, mut server) = duplex(PIPE_BYTES);
    let observer = Observer::new("shared".to_owned(), sender);
    let relaying = tokio::spawn(async move { relay(&mut near, &mut far, observer, &link()).await });

    server.write_all(b"last words").await.unwrap();
    drop(server);
    client.write_all(b"nobody reads this").await.unwrap();

    let mut heard = Vec::new();
    soon(client.read_to_end(&mut heard)).await.unwrap();
    assert_eq!(heard, b"last words");
    soon(relaying).await.unwrap().unwrap();
}
