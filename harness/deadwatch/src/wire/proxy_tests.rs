#![allow(clippy::unwrap_used, clippy::expect_used)]

use std::net::SocketAddr;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::sync::mpsc::{self, UnboundedReceiver};

use super::*;
use crate::scenario::Reach;
use crate::wire::Seen;
use crate::wire::sample::soon;

fn port(address: &Address) -> SocketAddr {
    let Address::Tcp(address) = address else { panic!("no port: {address:?}") };
    *address
}

async fn listener() -> (TcpListener, Address) {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
    let address = Address::Tcp(listener.local_addr().unwrap());
    (listener, address)
}

/// A wire to a server of the test's own, and a connection of one client through it.
struct Line {
    wire: Wire,
    sightings: UnboundedReceiver<Sighting>,
    client: TcpStream,
    server: TcpStream,
    /// Takes further connections.
    _listener: TcpListener,
}

impl Line {
    async fn opened() -> Self {
        let (listener, upstream) = listener().await;
        let (sender, sightings) = mpsc::unbounded_channel();
        let wire = Wire::new(upstream, sender);
        let client = TcpStream::connect(port(&wire.route("shared").await.unwrap())).await.unwrap();
        let (server, _) = soon(listener.accept()).await.unwrap();
        Self { wire, sightings, client, server, _listener: listener }
    }
}

async fn next(sightings: &mut UnboundedReceiver<Sighting>) -> (String, Seen) {
    let Sighting { client, seen, .. } = soon(sightings.recv()).await.unwrap();
    (client, seen)
}

/// All that is read until the end.
async fn read(stream: &mut TcpStream) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    soon(stream.read_to_end(&mut bytes)).await.map(|_| bytes)
}

#[tokio::test]
async fn a_client_keeps_its_address_and_shares_it_with_nobody() {
    let (sender, _sightings) = mpsc::unbounded_channel();
    let (_listener, upstream) = listener().await;
    let wire = Wire::new(upstream, sender);

    let (first, second) = (wire.route("a").await.unwrap(), wire.route("b").await.unwrap());

    assert_ne!(port(&first), port(&second));
    assert_eq!(port(&wire.route("a").await.unwrap()), port(&first));
    assert!(port(&first).ip().is_loopback());
}

#[tokio::test]
async fn each_connection_is_told_under_its_clients_name() {
    let mut line = Line::opened().await;
    assert_eq!(next(&mut line.sightings).await, ("shared".into(), Seen::Connected));

    let other = TcpStream::connect(port(&line.wire.route("other").await.unwrap())).await.unwrap();
    assert_eq!(next(&mut line.sightings).await, ("other".into(), Seen::Connected));

    drop((line.client, line.server));
    assert_eq!(next(&mut line.sightings).await, ("shared".into(), Seen::Disconnected));
    drop(other);
}

#[tokio::test]
async fn bytes_pass_unchanged_and_the_end_of_one_direction_leaves_the_other_open() {
    let mut line = Line::opened().await;
    let long: Vec<u8> = (0..300_000u32).map(|number| number as u8).collect();

    line.client.write_all(b"no HTTP/2").await.unwrap();
    line.client.shutdown().await.unwrap();
    assert_eq!(read(&mut line.server).await.unwrap(), b"no HTTP/2");

    let answering = async {
        line.server.write_all(&long).await.unwrap();
        line.server.shutdown().await.unwrap();
    };
    let (answer, ()) = tokio::join!(read(&mut line.client), answering);
    assert!(answer.unwrap() == long);
}

#[tokio::test]
async fn a_reset_is_passed_on_as_a_reset() {
    for breaking in ["client", "server"] {
        let Line { client, server, wire: _wire, .. } = Line::opened().await;
        let (broken, mut other) = if breaking == "client" { (client, server) } else { (server, client) };

        broken.set_zero_linger().unwrap();
        drop(broken);

        let error = read(&mut other).await.unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::ConnectionReset, "the {breaking} broke");
    }
}

#[tokio::test]
async fn a_dead_upstream_resets_the_client_at_once() {
    let (listener, upstream) = listener().await;
    drop(listener);
    let (sender, mut sightings) = mpsc::unbounded_channel();
    let wire = Wire::new(upstream, sender);

    let mut client = TcpStream::connect(port(&wire.route("shared").await.unwrap())).await.unwrap();

    assert_eq!(read(&mut client).await.unwrap_err().kind(), io::ErrorKind::ConnectionReset);
    assert_eq!(next(&mut sightings).await.1, Seen::Connected);
    assert_eq!(next(&mut sightings).await.1, Seen::Disconnected);
}

#[tokio::test]
async fn a_redirected_wire_leads_new_connections_elsewhere_and_leaves_old_ones() {
    let mut line = Line::opened().await;
    let (elsewhere, address) = listener().await;

    line.wire.redirect(address);
    let mut later = TcpStream::connect(port(&line.wire.route("shared").await.unwrap())).await.unwrap();
    let (mut server, _) = soon(elsewhere.accept()).await.unwrap();

    later.write_all(b"later").await.unwrap();
    later.shutdown().await.unwrap();
    assert_eq!(read(&mut server).await.unwrap(), b"later");
    line.client.write_all(b"before").await.unwrap();
    line.client.shutdown().await.unwrap();
    assert_eq!(read(&mut line.server).await.unwrap(), b"before");
}

#[tokio::test]
async fn a_wire_that_leads_nowhere_leads_to_nobody_who_has_the_port_now() {
    let mut line = Line::opened().await;
    line.wire.lead_nowhere();

    let mut refused = TcpStream::connect(port(&line.wire.route("shared").await.unwrap())).await.unwrap();
    assert_eq!(read(&mut refused).await.unwrap_err().kind(), io::ErrorKind::ConnectionReset);
    let stranger = TcpStream::connect(port(&line.wire.route("new").await.unwrap())).await;
    assert_eq!(read(&mut stranger.unwrap()).await.unwrap_err().kind(), io::ErrorKind::ConnectionReset);
    line.client.write_all(b"open").await.unwrap();
    line.client.shutdown().await.unwrap();
    assert_eq!(read(&mut line.server).await.unwrap(), b"open");

    let (elsewhere, address) = listener().await;
    line.wire.redirect(address);
    let _again = TcpStream::connect(port(&line.wire.route("shared").await.unwrap())).await.unwrap();
    soon(elsewhere.accept()).await.unwrap();
}

#[tokio::test]
async fn dropping_the_wire_ends_its_listeners_and_connections() {
    let Line { wire, mut client, mut server, mut sightings, .. } = Line::opened().await;
    let address = port(&wire.route("shared").await.unwrap());

    drop(wire);

    assert_eq!(read(&mut client).await.unwrap(), b"");
    assert_eq!(read(&mut server).await.unwrap(), b"");
    let refused = TcpStream::connect(address).await.unwrap_err();
    assert_eq!(refused.kind(), io::ErrorKind::ConnectionRefused);
    assert_eq!(next(&mut sightings).await.1, Seen::Connected);
    assert_eq!(next(&mut sightings).await.1, Seen::Disconnected);
    assert!(soon(sightings.recv()).await.is_none(), "nobody is left to report");
}

#[tokio::test(start_paused = true)]
async fn in_memory_too_bytes_pass_and_are_told_under_the_clients_name() {
    let (accept, mut accepted) = mpsc::unbounded_channel();
    let upstream = Dial::new(move || {
        let (ours, theirs) = duplex(1024);
        accept.send(theirs).unwrap();
        Ok(ours)
    });
    let (sender, mut sightings) = mpsc::unbounded_channel();
    let wire = Wire::new(Address::Pipe(upstream), sender);
    let Address::Pipe(dial) = wire.route("shared").await.unwrap() else { panic!("no pipe") };
    let mut client = dial.connect().unwrap();
    client.write_all(b"hello").await.unwrap();
    let mut server = soon(accepted.recv()).await.unwrap();
    let mut heard = [0; 5];
    soon(server.read_exact(&mut heard)).await.unwrap();
    assert_eq!(&heard, b"hello");
    assert_eq!(next(&mut sightings).await, ("shared".to_owned(), Seen::Connected));
    drop(wire);
    assert_eq!(soon(client.read(&mut heard)).await.unwrap(), 0);
    assert!(dial.connect().is_err(), "nobody serves any more");
}

#[tokio::test(start_paused = true)]
async fn in_memory_too_a_dead_upstream_ends_the_connection_at_once() {
    let (sender, _sightings) = mpsc::unbounded_channel();
    let refusing = Dial::new(|| Err(io::ErrorKind::ConnectionRefused.into()));
    let wire = Wire::new(Address::Pipe(refusing), sender);
    let Address::Pipe(dial) = wire.route("shared").await.unwrap() else { panic!("no pipe") };
    let mut client = dial.connect().unwrap();
    assert_eq!(soon(client.read(&mut [0])).await.unwrap(), 0);
}

#[tokio::test(start_paused = true)]
async fn in_memory_too_a_connection_that_a_fault_cuts_is_reset_and_one_that_the_server_ends_is_not() {
    let (accept, mut accepted) = mpsc::unbounded_channel();
    let upstream = Dial::new(move || {
        let (ours, theirs) = duplex(1024);
        accept.send(theirs).unwrap();
        Ok(ours)
    });
    let (sender, _sightings) = mpsc::unbounded_channel();
    let wire = Wire::new(Address::Pipe(upstream), sender);
    let Address::Pipe(dial) = wire.route("shared").await.unwrap() else { panic!("no pipe") };
    let (mut ended, end) = dial.connect_resettable().unwrap();
    drop(soon(accepted.recv()).await.unwrap());
    assert_eq!(soon(ended.read(&mut [0])).await.unwrap(), 0);
    assert!(!end.is_set());
    let (mut cut, reset) = dial.connect_resettable().unwrap();
    let _server = soon(accepted.recv()).await.unwrap();
    wire.inflict(Fault::DropConnections(Reach::All));
    assert_eq!(soon(cut.read(&mut [0])).await.unwrap(), 0);
    assert!(reset.is_set());
}
