//! A port between a client and an etcd that can be cut, or made to keep back what the server says.

use std::{net::SocketAddr, time::Duration};

use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{
        TcpListener, TcpStream,
        tcp::{OwnedReadHalf, OwnedWriteHalf},
    },
    sync::watch,
    task::{JoinHandle, JoinSet},
    time::timeout,
};

/// How a connection is cut.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Cut {
    /// As by a process that ends: the client reads the end of its stream.
    End,
    /// As by a network device that has forgotten it: the client is told that there is no such connection.
    Reset,
}

/// What the server says is passed on ...
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Gate {
    /// ... all of it.
    Open,
    /// ... until so many more calls have been answered; then it is kept back.
    Answers(usize),
    /// ... not at all: connections are taken and dropped.
    Closed,
}

/// A port that leads to an etcd.
pub struct Relay {
    pub address: SocketAddr,
    gate: watch::Sender<Gate>,
    cuts: watch::Sender<Option<Cut>>,
    /// Whether there is something that the gate keeps back.
    held: watch::Sender<bool>,
    /// How many connections the client has made.
    made: watch::Sender<usize>,
    listening: JoinHandle<()>,
}

impl Relay {
    pub async fn to(server: SocketAddr) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let (gate, cuts) = (watch::Sender::new(Gate::Open), watch::Sender::new(None));
        let (made, held) = (watch::Sender::new(0), watch::Sender::new(false));
        let (gates, cutting) = (gate.clone(), cuts.clone());
        let (making, holding) = (made.clone(), held.clone());
        let listening = tokio::spawn(async move {
            let mut connections = JoinSet::new();
            while let Ok((client, _)) = listener.accept().await {
                making.send_modify(|made| *made += 1);
                if *gates.borrow() == Gate::Closed {
                    continue;
                }
                let (gate, mut cuts) = (gates.clone(), cutting.subscribe());
                cuts.mark_unchanged();
                connections.spawn(connection(client, server, (gate, holding.clone()), cuts));
            }
        });
        Self { address, gate, cuts, held, made, listening }
    }

    /// Waits until the client has made so many connections in all.
    pub async fn until_made(&self, count: usize) {
        let mut made = self.made.subscribe();
        let waiting = made.wait_for(|made| *made >= count);
        timeout(Duration::from_secs(20), waiting).await.unwrap().unwrap();
    }

    /// Passes so many more answers on, and keeps back what comes then, on connections to come too.
    pub fn pass_answers(&self, count: usize) {
        self.held.send_replace(false);
        self.gate.send_replace(Gate::Answers(count));
    }

    /// Waits until there is something that is kept back.
    pub async fn until_held(&self) {
        let mut held = self.held.subscribe();
        timeout(Duration::from_secs(20), held.wait_for(|held| *held)).await.unwrap().unwrap();
    }

    /// Cuts all connections, and drops those to come.
    pub fn close(&self) {
        self.cuts.send_replace(Some(Cut::End));
        self.gate.send_replace(Gate::Closed);
    }

    /// Lets everything pass again, what was kept back first.
    pub fn open(&self) {
        self.gate.send_replace(Gate::Open);
    }

    /// Cuts all connections. What was kept back on them is lost; those to come pass everything.
    pub fn cut(&self, cut: Cut) {
        self.cuts.send_replace(Some(cut));
        self.open();
    }
}

impl Drop for Relay {
    fn drop(&mut self) {
        self.listening.abort();
    }
}

async fn connection(
    client: TcpStream,
    server: SocketAddr,
    gate: (watch::Sender<Gate>, watch::Sender<bool>),
    mut cuts: watch::Receiver<Option<Cut>>,
) {
    let Ok(server) = TcpStream::connect(server).await else { return };
    let (mut from_client, mut to_client) = client.into_split();
    let (from_server, mut to_server) = server.into_split();
    let cut = tokio::select! {
        biased;
        _ = cuts.changed() => *cuts.borrow(),
        _ = tokio::io::copy(&mut from_client, &mut to_server) => None,
        _ = answers(from_server, &mut to_client, &gate) => Some(Cut::End),
    };
    match cut {
        Some(Cut::Reset) => {
            from_client.as_ref().set_zero_linger().unwrap();
            // Dropped, it would say the end first.
            to_client.forget();
        }
        Some(Cut::End) => {
            let _ = to_client.shutdown().await;
            // To close while there is something to read would be a reset.
            let mut rest = Vec::new();
            let _ = timeout(Duration::from_secs(1), from_client.read_to_end(&mut rest)).await;
        }
        None => {}
    }
}

/// Passes on what the server says, frame by frame (RFC 9113, 4.1), as far as the gate lets it.
async fn answers(
    mut server: OwnedReadHalf,
    client: &mut OwnedWriteHalf,
    (gate, held): &(watch::Sender<Gate>, watch::Sender<bool>),
) -> std::io::Result<()> {
    const HEADERS: u8 = 1;
    const END_STREAM: u8 = 1;
    let mut opened = gate.subscribe();
    loop {
        let mut frame = vec![0; 9];
        server.read_exact(&mut frame).await?;
        let length = u32::from_be_bytes([0, frame[0], frame[1], frame[2]]);
        let ends_a_call = frame[3] == HEADERS && frame[4] & END_STREAM != 0;
        frame.resize(9 + usize::try_from(length).unwrap(), 0);
        server.read_exact(&mut frame[9..]).await?;
        if *gate.borrow() == Gate::Answers(0) {
            held.send_replace(true);
        }
        let _ = opened.wait_for(|gate| *gate != Gate::Answers(0)).await;
        client.write_all(&frame).await?;
        if ends_a_call {
            gate.send_modify(|gate| {
                if let Gate::Answers(count) = gate {
                    *count -= 1;
                }
            });
        }
    }
}
