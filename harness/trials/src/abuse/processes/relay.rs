//! The network between one worker's place and the members: it holds single requests back and lets them go when it is
//! told to, also when the worker is long gone; it loses replies, resets connections, and leads nowhere for a while.
//!
//! Both ends speak HTTP/2 with each other, keep-alive included: a member that stands still is as silent as it is
//! without a relay. Of a request that is held back the server has seen the headers and waits for the rest; what the
//! client does meanwhile, giving the request up or ending its connection, the server does not hear.

use std::{
    collections::{BTreeMap, BTreeSet},
    io,
    net::SocketAddr,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use tokio::{
    net::{TcpListener, TcpStream},
    sync::{Notify, mpsc, watch},
    task::JoinHandle,
    time::{Instant, sleep_until, timeout},
};

use super::carry::{Carried, carry};

/// How long what was let go is waited for.
const ANSWER: Duration = Duration::from_secs(5);

/// Which of the processes that worked in this place, from 1 on.
pub type Life = u32;

/// What has become of requests that were held back.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct LetGo {
    /// So many were let go.
    pub count: u64,
    /// So many of these were answered by etcd: they were carried out, or found their comparisons not to hold.
    pub answered: u64,
    /// So many of those were carried out.
    pub succeeded: u64,
}

/// The relays of one place: one listener a member. Dropping it ends all connections.
pub struct Relay {
    shared: Arc<Shared>,
    endpoints: Vec<SocketAddr>,
    listening: Vec<JoinHandle<()>>,
}

/// What the connections of one place share.
pub(super) struct Shared {
    /// The queue's prefix, if the keys that transactions name are of interest.
    pub(super) prefix: String,
    book: Mutex<Book>,
    /// Told when something is held back.
    held: Notify,
    /// Counts the times that all connections were reset.
    pub(super) resets: watch::Sender<u64>,
}

#[derive(Default)]
struct Book {
    life: Life,
    /// So many transactions more are held back.
    hold: usize,
    /// So many replies more are lost.
    lose: usize,
    /// Nobody gets through until then.
    shut_until: Option<Instant>,
    parked: Vec<Parked>,
    /// The keys of items that each life's transactions named.
    named: BTreeMap<Life, BTreeSet<Vec<u8>>>,
    replies_lost: u64,
}

/// A request that is held back.
pub(super) struct Parked {
    pub(super) life: Life,
    /// Lets it go; its answer comes back.
    pub(super) go: mpsc::UnboundedSender<Carried>,
    pub(super) stream: u32,
}

/// What becomes of a transaction.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Fate {
    Passes,
    IsHeld,
    LosesItsReply,
}

impl Shared {
    fn book(&self) -> MutexGuard<'_, Book> {
        self.book.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// What becomes of the next transaction.
    pub(super) fn fate(&self) -> Fate {
        let mut book = self.book();
        if book.hold > 0 {
            book.hold -= 1;
            return Fate::IsHeld;
        }
        if book.lose > 0 {
            book.lose -= 1;
            return Fate::LosesItsReply;
        }
        Fate::Passes
    }

    pub(super) fn park(&self, parked: Parked) {
        self.book().parked.push(parked);
        self.held.notify_waiters();
    }

    pub(super) fn lost_a_reply(&self) {
        self.book().replies_lost += 1;
    }

    pub(super) fn name(&self, life: Life, keys: impl Iterator<Item = Vec<u8>>) {
        self.book().named.entry(life).or_default().extend(keys);
    }
}

impl Relay {
    /// Opens the relays to these members; `prefix` is that of the queue.
    ///
    /// # Errors
    /// There is no port.
    pub async fn open(members: &[SocketAddr], prefix: &str) -> io::Result<Self> {
        let shared = Arc::new(Shared {
            prefix: prefix.to_owned(),
            book: Mutex::default(),
            held: Notify::new(),
            resets: watch::Sender::new(0),
        });
        let (mut endpoints, mut listening) = (Vec::new(), Vec::new());
        for &member in members {
            let listener = TcpListener::bind("127.0.0.1:0").await?;
            endpoints.push(listener.local_addr()?);
            listening.push(tokio::spawn(listen(listener, member, Arc::clone(&shared))));
        }
        Ok(Self { shared, endpoints, listening })
    }

    /// Where a worker reaches the members.
    pub fn endpoints(&self) -> Vec<String> {
        self.endpoints.iter().map(ToString::to_string).collect()
    }

    /// The next process works in this place: new connections are its own.
    pub fn begin(&self) -> Life {
        let mut book = self.shared.book();
        (book.hold, book.lose) = (0, 0);
        book.life += 1;
        book.life
    }

    /// Holds the next transactions back.
    pub fn hold(&self, count: usize) {
        self.shared.book().hold = count;
    }

    /// Waits until at least one transaction of this life is held back, or for so long.
    pub async fn has_held(&self, life: Life, at_most: Duration) -> bool {
        let waited = timeout(at_most, async {
            loop {
                let held = self.shared.held.notified();
                tokio::pin!(held);
                held.as_mut().enable();
                if self.shared.book().parked.iter().any(|parked| parked.life == life) {
                    return;
                }
                held.await;
            }
        });
        waited.await.is_ok()
    }

    /// Lets go what is held back of this life, and tells what came of it. No more is held back.
    pub async fn let_go(&self, life: Life) -> LetGo {
        let parked: Vec<Parked> = {
            let mut book = self.shared.book();
            book.hold = if book.life == life { 0 } else { book.hold };
            book.parked.extract_if(.., |parked| parked.life == life).collect()
        };
        let mut let_go = LetGo::default();
        let mut answers = Vec::new();
        for Parked { go, stream, .. } in parked {
            let (carried, answer) = Carried::new(stream);
            // The member may have died with it meanwhile.
            if go.send(carried).is_ok() {
                let_go.count += 1;
                answers.push(answer);
            }
        }
        let give_up = Instant::now() + ANSWER;
        for answer in answers {
            tokio::select! {
                answer = answer => if let Ok(has_succeeded) = answer {
                    let_go.answered += 1;
                    let_go.succeeded += u64::from(has_succeeded);
                },
                () = sleep_until(give_up) => {}
            }
        }
        let_go
    }

    /// The replies to the next transactions are lost, each with its connection.
    pub fn lose(&self, count: usize) {
        self.shared.book().lose = count;
    }

    /// Resets all connections.
    pub fn reset(&self) {
        self.shared.resets.send_modify(|resets| *resets += 1);
    }

    /// Resets all connections, and takes no new ones for so long.
    pub fn shut(&self, length: Duration) {
        self.shared.book().shut_until = Some(Instant::now() + length);
        self.reset();
    }

    /// The keys of items that the transactions of a life have named; they are forgotten here.
    pub fn take_named(&self, life: Life) -> BTreeSet<Vec<u8>> {
        self.shared.book().named.remove(&life).unwrap_or_default()
    }

    /// How many replies were lost.
    pub fn replies_lost(&self) -> u64 {
        self.shared.book().replies_lost
    }
}

impl Drop for Relay {
    fn drop(&mut self) {
        self.listening.iter().for_each(JoinHandle::abort);
        self.shared.book().parked.clear();
        self.reset();
    }
}

async fn listen(listener: TcpListener, member: SocketAddr, shared: Arc<Shared>) {
    loop {
        let Ok((near, _)) = listener.accept().await else { continue };
        let (life, is_shut) = {
            let book = shared.book();
            (book.life, book.shut_until.is_some_and(|until| Instant::now() < until))
        };
        if is_shut {
            continue;
        }
        let shared = Arc::clone(&shared);
        tokio::spawn(async move {
            let resets = shared.resets.subscribe();
            // A member that is down refuses; who came through here sees the connection end.
            if let Ok(far) = TcpStream::connect(member).await {
                carry(near, far, life, resets, &shared).await;
            }
        });
    }
}

#[cfg(test)]
#[path = "relay_tests.rs"]
mod tests;
