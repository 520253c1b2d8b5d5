//! The harness's own client: it reaches the etcd on a way that no fault touches, with a login that mends itself.
//!
//! What it can ask is told by `harness_queue` (items, and what is stored) and `harness_admin` (everything that a step
//! does to the etcd beside items).

use std::{sync::Arc, time::Duration};

use etcd_client::{Client, ConnectOptions, Error, WatchOptions};
use tokio::{
    sync::Mutex,
    time::{Instant, sleep, timeout, timeout_at},
};
use tonic::Code;

use crate::{
    etcd::{Address, Credentials},
    subject::KeyClock,
};

/// What the harness asks of an etcd is answered within this time, or the etcd has failed it.
const PATIENCE: Duration = Duration::from_secs(10);

/// How long it rests before it asks again where nobody answered.
const REST: Duration = Duration::from_millis(50);

/// A client of the harness's own; its clones share one login.
#[derive(Clone)]
pub struct HarnessClient {
    address: Address,
    login: Arc<Mutex<Login>>,
    pub(super) keys: KeyClock,
}

/// As whom a client is logged in.
struct Login {
    credentials: Option<Credentials>,
    client: Client,
}

/// Why the harness did not get what it asked for.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(super) enum Unserved {
    /// The etcd refused it, in these words.
    #[error("{0}")]
    Refused(String),
    /// Nobody answered in time, or the answer was lost: it may have been done.
    #[error("{0}")]
    Unanswered(String),
}

impl From<Unserved> for String {
    fn from(unserved: Unserved) -> Self {
        match unserved {
            Unserved::Refused(words) | Unserved::Unanswered(words) => words,
        }
    }
}

/// Whether a call may be made again when it is not known whether it was executed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Repeat {
    /// It changes nothing, or the same once more.
    Safe,
    /// It may do its work twice.
    Never,
}

impl std::fmt::Debug for HarnessClient {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("HarnessClient").finish_non_exhaustive()
    }
}

impl HarnessClient {
    /// Opens a client, as root where the etcd has authentication.
    ///
    /// # Errors
    /// In words: it could not connect or log in, or nobody answered within 10 s.
    pub async fn open(
        address: &Address,
        credentials: Option<&Credentials>,
        keys: KeyClock,
    ) -> Result<Self, String> {
        let credentials = credentials.cloned();
        let client = timeout(PATIENCE, connect(address, credentials.as_ref()))
            .await
            .map_err(|_| no_answer())?
            .map_err(|error| error.to_string())?;
        let login = Arc::new(Mutex::new(Login { credentials, client }));
        Ok(Self { address: address.clone(), login, keys })
    }

    /// As whom it is logged in now; none where the etcd has no authentication.
    pub(super) async fn credentials(&self) -> Option<Credentials> {
        self.login.lock().await.credentials.clone()
    }

    /// Logs in as somebody else, or as nobody, from now on.
    pub(super) async fn become_user(&self, credentials: Option<Credentials>) -> Result<(), Unserved> {
        let mut login = self.login.lock().await;
        let opened = timeout(PATIENCE, connect(&self.address, credentials.as_ref())).await;
        login.client =
            opened.map_err(|_| Unserved::Unanswered(no_answer()))?.map_err(|error| unserved(&error))?;
        login.credentials = credentials;
        Ok(())
    }

    /// Asks, and waits for the answer for as long as [`PATIENCE`] lasts.
    ///
    /// A dead token is refused before anything is done, so that is mended whatever is asked: a new login, and the
    /// question again. An answer that never came is asked for again only where that is safe.
    ///
    /// # Errors
    /// In words: etcd's own, or that nobody answered within 10 s.
    pub async fn ask<T, F>(&self, repeat: Repeat, call: impl FnMut(Client) -> F) -> Result<T, String>
    where
        F: Future<Output = Result<T, Error>>,
    {
        self.serve(repeat, call).await.map_err(String::from)
    }

    /// The same, with an error that tells a refusal from silence.
    pub(super) async fn serve<T, F>(
        &self,
        repeat: Repeat,
        mut call: impl FnMut(Client) -> F,
    ) -> Result<T, Unserved>
    where
        F: Future<Output = Result<T, Error>>,
    {
        let give_up = Instant::now() + PATIENCE;
        loop {
            let client = self.login.lock().await.client.clone();
            let Ok(answer) = timeout_at(give_up, call(client)).await else {
                return Err(Unserved::Unanswered(no_answer()));
            };
            match answer {
                Ok(answer) => return Ok(answer),
                Err(error) if is_dead_token(&error) && Instant::now() < give_up => {
                    let credentials = self.credentials().await;
                    self.become_user(credentials).await?;
                }
                Err(error) if repeat == Repeat::Safe && is_lost(&error) && Instant::now() < give_up => {
                    sleep(REST).await;
                }
                Err(error) => return Err(unserved(&error)),
            }
        }
    }

    /// Watches `key`, writes it, and returns when the watch has delivered the write: the etcd serves watches.
    ///
    /// # Errors
    /// In words: it does not.
    pub async fn prove_served(&self, key: &str) -> Result<(), String> {
        // This also renews the login that the watch will carry.
        self.ask(Repeat::Safe, |mut client| async move { client.get(key, None).await }).await?;
        let options = WatchOptions::new().with_prev_key();
        let mut watch = self
            .ask(Repeat::Safe, |mut client| {
                let options = options.clone();
                async move { client.watch(key, Some(options)).await }
            })
            .await?;
        self.ask(Repeat::Safe, |mut client| async move { client.put(key, "control", None).await }).await?;
        let delivered = async {
            loop {
                match watch.message().await {
                    Ok(Some(response)) if response.canceled() => {
                        return Err(format!("its watch was refused: {}", response.cancel_reason()));
                    }
                    Ok(Some(response)) if !response.events().is_empty() => return Ok(()),
                    Ok(Some(_)) => {}
                    Ok(None) => return Err("its watch ended".to_owned()),
                    Err(error) => return Err(error.to_string()),
                }
            }
        };
        timeout(PATIENCE, delivered).await.unwrap_or_else(|_| Err(no_answer()))
    }
}

async fn connect(address: &Address, credentials: Option<&Credentials>) -> Result<Client, Error> {
    let options = credentials.map(|credentials| {
        ConnectOptions::new()
            .with_user(credentials.user.clone(), credentials.password.clone())
            .with_auto_token_refresh(true)
    });
    Client::from_channel(etcd_client::Channel::Tonic(address.channel()), options).await
}

/// Whether a call was refused because of its token alone. A signed token is stale after any change of a user or role
/// (etcd v3.5.5 server/auth/store.go, isOpPermitted); releases up to 3.5.1 tell that with another prefix.
fn is_dead_token(error: &Error) -> bool {
    let Error::GRpcStatus(status) = error else { return false };
    ["invalid auth token", "revision of auth store is old", "revision in header is old"]
        .iter()
        .any(|text| status.message().contains(text))
}

fn unserved(error: &Error) -> Unserved {
    let words = error.to_string();
    if is_lost(error) { Unserved::Unanswered(words) } else { Unserved::Refused(words) }
}

/// Whether nobody answered.
fn is_lost(error: &Error) -> bool {
    match error {
        Error::GRpcStatus(status) => {
            matches!(status.code(), Code::Unavailable | Code::Unknown | Code::Cancelled)
        }
        Error::TransportError(_) | Error::IoError(_) => true,
        _ => false,
    }
}

fn no_answer() -> String {
    format!("no answer within {} s", PATIENCE.as_secs())
}
