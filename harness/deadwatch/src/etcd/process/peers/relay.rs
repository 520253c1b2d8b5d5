//! The relays between members: one for each as a receiver, all on a thread of their own.
//!
//! A thread of their own, because members that hear nothing from each other for a second elect another leader, and a
//! run's own thread may be busy for longer.

use std::{
    io,
    net::{Ipv4Addr, SocketAddr, TcpListener as StdListener},
    thread,
};

use tokio::{
    io::{AsyncReadExt, AsyncWriteExt, copy},
    net::{TcpListener, TcpStream},
    sync::{oneshot, watch},
};

use super::{
    MemberId,
    board::{Board, CutOff},
    sender::Sniffer,
};

/// Relays to all members of a cluster, which end with this.
#[derive(Debug)]
pub(in crate::etcd::process) struct Relays {
    addresses: Vec<SocketAddr>,
    board: watch::Sender<Board>,
    /// Dropped, it ends the thread.
    _alive: oneshot::Sender<()>,
}

impl Relays {
    /// Relays to so many members, none of which is anywhere yet.
    ///
    /// # Errors
    /// No ports, or no thread.
    pub(in crate::etcd::process) fn to(members: usize) -> io::Result<Self> {
        let mut listeners = Vec::new();
        for _ in 0..members {
            let listener = StdListener::bind((Ipv4Addr::LOCALHOST, 0))?;
            listener.set_nonblocking(true)?;
            listeners.push(listener);
        }
        let addresses = listeners.iter().map(StdListener::local_addr).collect::<io::Result<_>>()?;
        let board = watch::Sender::new(Board { members: vec![None; members], cut_off: Vec::new() });
        let runtime = tokio::runtime::Builder::new_current_thread().enable_io().build()?;
        let (alive, ended) = oneshot::channel::<()>();
        let heeded = board.subscribe();
        thread::Builder::new().name("peer relays".to_owned()).spawn(move || {
            runtime.block_on(async {
                for (to, listener) in listeners.into_iter().enumerate() {
                    match TcpListener::from_std(listener) {
                        Ok(listener) => drop(tokio::spawn(accept(listener, to, heeded.clone()))),
                        Err(error) => tracing::warn!(%error, "a relay between members has no listener"),
                    }
                }
                let _ = ended.await;
            });
        })?;
        Ok(Self { addresses, board, _alive: alive })
    }

    /// Where each member is to be spoken to, by its place in the cluster.
    pub(in crate::etcd::process) fn addresses(&self) -> &[SocketAddr] {
        &self.addresses
    }

    /// From now on the member at this place listens there.
    pub(in crate::etcd::process) fn lead(&self, place: usize, to: SocketAddr) {
        self.board.send_modify(|board| {
            if let Some(member) = board.members.get_mut(place) {
                *member = Some(to);
            }
        });
    }

    /// Cuts a member off: its connections to and from others end, and no new ones come about.
    pub(in crate::etcd::process) fn cut_off(&self, place: usize, id: MemberId) {
        self.board.send_modify(|board| board.cut_off.push(CutOff { place, id }));
    }

    /// Lets the member at this place speak to the others again.
    pub(in crate::etcd::process) fn mend(&self, place: usize) {
        self.board.send_modify(|board| board.cut_off.retain(|cut_off| cut_off.place != place));
    }
}

async fn accept(listener: TcpListener, to: usize, board: watch::Receiver<Board>) {
    loop {
        match listener.accept().await {
            Ok((stream, _)) => drop(tokio::spawn(pass(stream, to, board.clone()))),
            Err(error) => {
                // The one that wanted to connect has gone, or there is no room now: others may come.
                tracing::debug!(%error, "a connection between members was not accepted");
                tokio::task::yield_now().await;
            }
        }
    }
}

/// Passes on what two members say on a connection, until one of them ends it or it is severed.
async fn pass(mut sender: TcpStream, to: usize, mut board: watch::Receiver<Board>) {
    let (severed, address) = {
        let board = board.borrow();
        (board.severs(to, None), board.members.get(to).copied().flatten())
    };
    let Some(address) = address.filter(|_| !severed) else { return };
    let Ok(mut receiver) = TcpStream::connect(address).await else { return };
    let (named, mut from) = watch::channel(None);
    let (mut said, mut answered) = sender.split();
    let (mut answers, mut heard) = receiver.split();
    let asked = board.clone();
    let there = async {
        let mut sniffer = Sniffer::default();
        let mut buffer = vec![0; 16 * 1024];
        loop {
            let length = said.read(&mut buffer).await?;
            if let Some(id) = sniffer.take(&buffer[..length]) {
                named.send_replace(Some(id));
            }
            // Who is cut off must not be heard with its very first words.
            if length == 0 || asked.borrow().severs(to, *named.borrow()) {
                return io::Result::Ok(());
            }
            heard.write_all(&buffer[..length]).await?;
        }
    };
    let severed = async {
        loop {
            if board.borrow_and_update().severs(to, *from.borrow_and_update()) {
                return;
            }
            let changed = tokio::select! {
                changed = board.changed() => changed,
                changed = from.changed() => changed,
            };
            if changed.is_err() {
                return;
            }
        }
    };
    tokio::select! {
        biased;
        () = severed => {}
        _ = there => {}
        _ = copy(&mut answers, &mut answered) => {}
    }
}
