//! A relay in front of a real etcd, that cuts connections when a reply comes, or lets nothing through.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use etcd_client::{Client, ConnectOptions};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Notify;

/// What the relay does, and has done.
#[derive(Default)]
struct State {
    /// Of so many replies about one is replaced by the end of its connection; 0: none.
    one_in: AtomicU64,
    dice: AtomicU64,
    cuts: AtomicU64,
    connections: AtomicU64,
    is_black_hole: AtomicBool,
    /// Connections that are here when it opens carry nothing any more.
    opened: Notify,
}

#[derive(Clone)]
pub struct Relay {
    state: Arc<State>,
    endpoint: String,
}

impl Relay {
    pub async fn start(to: String) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let endpoint = listener.local_addr().unwrap().to_string();
        let state = Arc::<State>::default();
        let for_task = state.clone();
        tokio::spawn(async move {
            while let Ok((near, _)) = listener.accept().await {
                for_task.connections.fetch_add(1, Ordering::Relaxed);
                tokio::spawn(carry(near, to.clone(), for_task.clone()));
            }
        });
        Self { state, endpoint }
    }

    pub async fn client(&self, options: ConnectOptions) -> Client {
        Client::connect([self.endpoint.clone()], Some(options)).await.unwrap()
    }

    pub fn endpoint(&self) -> String {
        self.endpoint.clone()
    }

    /// How many there were so far.
    pub fn connections(&self) -> u64 {
        self.state.connections.load(Ordering::Relaxed)
    }

    pub fn cut_one_reply_in(&self, replies: u64) {
        self.state.one_in.store(replies, Ordering::Relaxed);
    }

    pub fn cuts(&self) -> u64 {
        self.state.cuts.load(Ordering::Relaxed)
    }

    /// From now on the connections that are here carry nothing, and do not end; new ones work.
    pub fn swallow_connections(&self) {
        self.state.opened.notify_waiters();
    }

    /// While it is one, nobody gets a connection that carries anything.
    pub fn be_black_hole(&self, is_one: bool) {
        self.state.is_black_hole.store(is_one, Ordering::Relaxed);
        self.swallow_connections();
    }
}

impl State {
    fn draws_a_cut(&self) -> bool {
        let one_in = self.one_in.load(Ordering::Relaxed);
        let drawn = self.dice.fetch_add(0x9e37_79b9_7f4a_7c15, Ordering::Relaxed);
        let mixed = (drawn ^ (drawn >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        one_in > 0 && (mixed ^ (mixed >> 27)).is_multiple_of(one_in)
    }
}

async fn carry(mut near: TcpStream, to: String, state: Arc<State>) {
    if state.is_black_hole.load(Ordering::Relaxed) {
        return std::future::pending().await;
    }
    let Ok(mut far) = TcpStream::connect(to).await else { return };
    let swallowed = state.opened.notified();
    tokio::pin!(swallowed);
    let (mut asked, mut replied) = (vec![0; 65_536], vec![0; 65_536]);
    loop {
        tokio::select! {
            () = &mut swallowed => return std::future::pending().await,
            read = near.read(&mut asked) => match read {
                Ok(count @ 1..) if far.write_all(&asked[..count]).await.is_ok() => {}
                _ => return,
            },
            read = far.read(&mut replied) => match read {
                Ok(1..) if state.draws_a_cut() => {
                    state.cuts.fetch_add(1, Ordering::Relaxed);
                    return;
                }
                Ok(count @ 1..) if near.write_all(&replied[..count]).await.is_ok() => {}
                _ => return,
            },
        }
    }
}
