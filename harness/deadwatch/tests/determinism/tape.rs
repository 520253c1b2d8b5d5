//! A run with a tape on every connection to its etcd: the harness's own, and those behind the wire.

use std::{
    fmt::Write,
    io,
    sync::{Arc, Mutex},
};

use deadwatch::{
    etcd::{self, Address, Dial, Embedding, Time},
    run::Order,
    stage::{self, Pace, Set},
    subject::{self, KeyClock},
    wire::Wire,
};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt, DuplexStream, ReadHalf, WriteHalf, duplex, split},
    sync::mpsc,
    time::Instant,
};

/// How far the two ends of a taped connection may be apart, bytes.
const PIPE_BYTES: usize = 256 * 1024;

/// Everything that passed, a line for each piece: when, on which connection, in which direction, which bytes.
#[derive(Clone)]
struct Tape {
    began: Instant,
    lines: Arc<Mutex<String>>,
    connections: Arc<Mutex<u32>>,
}

/// Plays the run in virtual time, and hands on what was taped of it.
pub fn record(order: &Order) -> String {
    let runtime =
        tokio::runtime::Builder::new_current_thread().enable_all().start_paused(true).build().unwrap();
    runtime.block_on(async {
        let tape = Tape { began: Instant::now(), lines: Arc::default(), connections: Arc::default() };
        play(order, &tape).await;
        let lines = tape.lines.lock().unwrap();
        lines.clone()
    })
}

async fn play(order: &Order, tape: &Tape) {
    let embedding = Embedding { time: Time::Virtual, seed: order.seed };
    let etcd = etcd::start(&order.choice, &order.scenario.etcd, embedding).await.unwrap();
    let address = tape.around(etcd.address());
    let clock = KeyClock::starting_at(0);
    let (sightings_out, sightings) = mpsc::unbounded_channel();
    let history = stage::play(Set {
        scenario: order.scenario.clone(),
        subject_name: order.subject.to_string(),
        backend_name: order.backend().to_string(),
        etcd: Arc::clone(&etcd),
        wire: Arc::new(Wire::new(address, sightings_out)),
        sightings,
        subject: subject::start(&order.subject, order.scenario.client_version, &clock, order.seed).unwrap(),
        clock,
        pace: Pace::Virtual,
    })
    .await;
    assert!(history.events.len() > 10, "{history:?}");
    etcd.stop().await;
}

impl Tape {
    /// The address, reached by connections on which everything is taped.
    fn around(&self, address: Address) -> Address {
        let Address::Pipe(inner) = address else { panic!("virtual time runs over pipes") };
        let tape = self.clone();
        Address::Pipe(Dial::new(move || tape.connect(&inner)))
    }

    fn connect(&self, inner: &Dial) -> io::Result<DuplexStream> {
        let (server_reader, server_writer) = split(inner.connect()?);
        let (ours, theirs) = duplex(PIPE_BYTES);
        let (client_reader, client_writer) = split(ours);
        let number = {
            let mut connections = self.connections.lock().unwrap();
            *connections += 1;
            *connections
        };
        tokio::spawn(self.clone().copy(number, '>', client_reader, server_writer));
        tokio::spawn(self.clone().copy(number, '<', server_reader, client_writer));
        Ok(theirs)
    }

    async fn copy(
        self,
        connection: u32,
        direction: char,
        mut from: ReadHalf<DuplexStream>,
        mut to: WriteHalf<DuplexStream>,
    ) {
        let mut bytes = Vec::new();
        loop {
            bytes.clear();
            let ended = from.read_buf(&mut bytes).await.is_ok_and(|count| count == 0);
            let at_ms = self.began.elapsed().as_millis();
            let _ = writeln!(
                self.lines.lock().unwrap(),
                "{at_ms} {connection} {direction} {}",
                bytes.escape_ascii()
            );
            if ended || to.write_all(&bytes).await.is_err() {
                let _ = to.shutdown().await;
                return;
            }
        }
    }
}
