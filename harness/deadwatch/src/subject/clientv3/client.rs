//! What the recipes hold: one client, as `clientv3.New` gives it.

use std::{
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use etcd_client::{GetOptions, GetResponse, Txn, TxnResponse};
use tokio::{sync::mpsc, task::AbortHandle, time::timeout};

use super::{
    Error, Generation, WatchChannel,
    session::Session,
    stream,
    watch::{Command, WatchRequest},
};
use crate::{scenario::Version, subject::Opening};

/// How long the first login may take: the story's dial timeout.
const DIAL_TIMEOUT: Duration = Duration::from_secs(5);

/// A client that behaves as one release of Go's clientv3 does.
///
/// Dropping it ends its watches as [`Client::close`] does.
pub struct Client {
    session: Arc<Session>,
    commands: mpsc::UnboundedSender<Command>,
    numbers: AtomicU64,
    watcher: AbortHandle,
}

impl Client {
    /// Opens a client that behaves as clientv3 `version` does; with credentials it logs in, and without it
    /// contacts nobody. Without a limit of its own it takes messages of any size, as clientv3 does.
    ///
    /// # Errors
    /// The login was refused, or took longer than 5 s: `context deadline exceeded`.
    ///
    /// # Panics
    /// Outside a tokio runtime.
    pub async fn open(opening: Opening, version: Version) -> Result<Self, Error> {
        let session = Arc::new(Session::new(opening, Generation::of(version)).await?);
        timeout(DIAL_TIMEOUT, session.log_in())
            .await
            .unwrap_or_else(|_| Err(Error::Text("context deadline exceeded".to_owned())))?;
        let (commands, received) = mpsc::unbounded_channel();
        let watcher = tokio::spawn(stream::run(Arc::clone(&session), received)).abort_handle();
        Ok(Self { session, commands, numbers: AtomicU64::new(0), watcher })
    }

    /// Reads keys.
    ///
    /// # Errors
    /// As clientv3's `Get` returns them. While there is no connection it waits, without an end.
    pub async fn get(&self, key: &str, options: GetOptions) -> Result<GetResponse, Error> {
        self.session.get(key, options).await
    }

    /// Runs a transaction.
    ///
    /// # Errors
    /// As clientv3's `Commit` returns them. While there is no connection it waits, without an end; where one
    /// breaks before the answer is in, nobody knows whether the transaction was applied.
    pub async fn txn(&self, txn: Txn) -> Result<TxnResponse, Error> {
        self.session.txn(txn).await
    }

    /// Watches all keys that begin with `prefix` from `revision` on, on the stream that all watches of this client
    /// share.
    ///
    /// clientv3's `Watch` returns when the server has answered; this returns at once, and the channel stays
    /// silent until then. On a closed client the channel is closed from the start.
    pub fn watch_prefix(&self, prefix: &str, revision: i64) -> WatchChannel {
        let number = self.numbers.fetch_add(1, Ordering::Relaxed);
        let (responses, received) = mpsc::unbounded_channel();
        let request = WatchRequest { prefix: prefix.to_owned(), revision };
        // Where the task has ended, the command is dropped, and with it the channel's sending end.
        let _ = self.commands.send(Command::Watch { number, request, responses });
        WatchChannel::new(number, received, self.commands.clone())
    }

    /// Closes the client: the channels of its watches close with no response, and its calls fail after clientv3's
    /// hundred attempts (clientv3 v3.5.11 client.go, Close; watch.go, run).
    ///
    /// Where a watch of the same stream was refused before, clientv3 may hand the others that refusal once more
    /// as they close, or not, by the luck of a `select`; this client does not.
    pub fn close(&self) {
        self.session.connection.close();
        self.watcher.abort();
    }
}

impl Drop for Client {
    fn drop(&mut self) {
        self.close();
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use crate::etcd::{Address, Credentials};

    const STORY: Version = Version::new(3, 5, 11);

    async fn opened(address: Address, credentials: Option<Credentials>) -> Result<Client, Error> {
        Client::open(Opening { credentials, ..Opening::at(address) }, STORY).await
    }

    /// A port of this machine's on which nobody listens.
    async fn nobody() -> Address {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        Address::Tcp(listener.local_addr().unwrap())
    }

    #[tokio::test(start_paused = true)]
    async fn without_credentials_a_client_opens_and_contacts_nobody() {
        assert!(opened(nobody().await, None).await.is_ok());
    }

    #[tokio::test(start_paused = true)]
    async fn with_credentials_a_client_that_reaches_nobody_gives_up_after_the_dial_timeout() {
        let began = tokio::time::Instant::now();
        let Err(error) = opened(nobody().await, Some(Credentials::root())).await else { panic!("opened") };
        assert_eq!(error.to_string(), "context deadline exceeded");
        assert_eq!(began.elapsed().as_secs(), 5);
    }

    #[tokio::test(start_paused = true)]
    async fn a_call_on_a_closed_client_fails_after_clientv3_s_hundred_attempts() {
        let client = opened(nobody().await, None).await.unwrap();
        client.close();
        let began = tokio::time::Instant::now();
        let error = client.get("/test", GetOptions::new()).await.unwrap_err();
        assert_eq!(
            error.to_string(),
            "rpc error: code = Canceled desc = grpc: the client connection is closing"
        );
        assert_eq!(began.elapsed().as_millis(), 99 * 25);
    }

    #[tokio::test(start_paused = true)]
    async fn a_watch_on_a_closed_client_is_closed_from_the_start() {
        let client = opened(nobody().await, None).await.unwrap();
        client.close();
        assert_eq!(client.watch_prefix("/test", 1).next().await, None);
    }

    /// In real time, because the sockets are real.
    #[tokio::test]
    async fn a_read_waits_while_its_connections_are_taken_and_dropped() {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = Address::Tcp(listener.local_addr().unwrap());
        let client = opened(address, None).await.unwrap();
        let mut taken = 0;
        let taking = async {
            loop {
                drop(listener.accept().await);
                taken += 1;
            }
        };
        tokio::select! {
            () = taking => {}
            answer = client.get("/test", GetOptions::new()) => panic!("{answer:?}"),
            () = tokio::time::sleep(Duration::from_millis(500)) => {}
        }
        // The first wait is a second; a call that was repeated as one that failed would have come twenty times.
        assert!(matches!(taken, 1 | 2), "{taken}");
    }
}
