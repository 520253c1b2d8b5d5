//! The queue's access to etcd: every unary request has a deadline, and one that is refused over its login
//! is sent once more after a fresh one. Used by everything here that talks to etcd.

use std::future::Future;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use etcd_client::{Client, KvClient, LeaseClient, WatchClient};

use crate::error::{Error, Operation};
use crate::fault::{Fault, LoginFault, is_without_user};
use crate::key::Prefix;

/// How many items one transaction moves at most: etcd takes 128 operations or comparisons in each level of a
/// transaction (etcd v3.5.16 server/embed/config.go, `DefaultMaxTxnOps`), one of them is the slot's, and in a
/// claim by groups one more is a nested transaction's.
pub(crate) const MOST_ITEMS: usize = 126;

/// One client, one range, one deadline.
#[derive(Clone)]
pub(crate) struct Access {
    client: Client,
    prefix: Prefix,
    range: Arc<str>,
    deadline: Duration,
    most_items: Arc<AtomicUsize>,
    user: Option<Arc<User>>,
}

/// As whom the queue logs in, if it was told.
pub(crate) struct User {
    pub(crate) name: String,
    pub(crate) password: String,
}

/// Why a request has no answer (yet).
#[derive(Clone, Debug)]
pub(crate) enum Setback {
    /// Trying again does not help; the callers must know.
    Final(Error),
    /// It was not carried out; try again.
    Unsent(String),
    /// Nobody knows whether it was carried out.
    Lost(String),
}

/// What a login came to.
#[derive(Clone, Debug)]
pub(crate) enum Login {
    Fresh,
    /// Authentication is switched off: requests may pass without.
    SwitchedOff(String),
}

impl Access {
    pub(crate) fn new(client: Client, prefix: Prefix, deadline: Duration, user: Option<User>) -> Self {
        let range = prefix.shown().into();
        let most_items = Arc::new(AtomicUsize::new(MOST_ITEMS));
        Self { client, prefix, range, deadline, most_items, user: user.map(Arc::new) }
    }

    /// The same for the records beside the queue: its errors name that range.
    pub(crate) fn to_sidecar(&self) -> Self {
        Self { range: self.prefix.sidecar_shown().into(), ..self.clone() }
    }

    /// The same for claims and sessions: what is listed and watched by it is them.
    pub(crate) fn to_claims(&self) -> Self {
        Self { prefix: self.prefix.claims(), ..self.to_sidecar() }
    }

    /// How many items this etcd lets one transaction move.
    pub(crate) fn most_items(&self) -> usize {
        self.most_items.load(Ordering::Relaxed)
    }

    /// An etcd that was started with a smaller limit says no more than that it is one.
    fn fewer_items(&self) -> usize {
        let fewer = (self.most_items() / 2).max(1);
        self.most_items.store(fewer, Ordering::Relaxed);
        fewer
    }

    /// The range as it is shown in errors and traces.
    pub(crate) fn range(&self) -> &str {
        &self.range
    }

    pub(crate) fn prefix(&self) -> &Prefix {
        &self.prefix
    }

    pub(crate) fn deadline(&self) -> Duration {
        self.deadline
    }

    /// A client for watches. Replies of any size are taken: one that is too large would end every stream
    /// that replays it, for ever.
    pub(crate) fn watches(&self) -> WatchClient {
        self.client.watch_client().max_decoding_message_size(usize::MAX)
    }

    pub(crate) fn leases(&self) -> LeaseClient {
        self.client.lease_client()
    }

    fn kv(&self) -> KvClient {
        self.client.kv_client().max_decoding_message_size(usize::MAX)
    }

    /// Sends a request, and once more after a fresh login if it was refused over the first.
    pub(crate) async fn ask<T, F, Fut>(&self, operation: Operation, request: F) -> Result<T, Setback>
    where
        F: Fn(KvClient) -> Fut,
        Fut: Future<Output = Result<T, etcd_client::Error>>,
    {
        let refusal = match self.once(&request).await {
            Ok(answer) => return Ok(answer),
            Err(Fault::Stale(reason) | Fault::Denied(reason)) => reason,
            Err(fault) => return Err(self.setback(operation, fault)),
        };
        tracing::info!(range = self.range(), %operation, refusal, "logging in again");
        let login = self.login().await?;
        self.once(&request).await.map_err(|fault| match (fault, login) {
            (Fault::Stale(_), Login::SwitchedOff(reason)) => self.login_refused(reason),
            (Fault::Stale(reason), Login::Fresh) if is_without_user(&reason) => self.login_refused(reason),
            (fault, _) => self.setback(operation, fault),
        })
    }

    async fn once<T, F, Fut>(&self, request: &F) -> Result<T, Fault>
    where
        F: Fn(KvClient) -> Fut,
        Fut: Future<Output = Result<T, etcd_client::Error>>,
    {
        match tokio::time::timeout(self.deadline, request(self.kv())).await {
            Ok(answer) => answer.map_err(|error| Fault::of(&error)),
            Err(_) => Err(Fault::Lost(format!("no answer within {:?}", self.deadline))),
        }
    }

    /// Logs in; the client's token is then fresh for everybody who shares it.
    ///
    /// Where authentication is switched off the token is thrown away: up to 3.5.9 a server refuses one that it does
    /// not know even then. The client forgets its credentials with it, so that is done only where the queue knows
    /// them itself, and can log in when authentication is switched on again.
    pub(crate) async fn login(&self) -> Result<Login, Setback> {
        let error = match tokio::time::timeout(self.deadline, self.fresh_token()).await {
            Ok(Ok(())) => return Ok(Login::Fresh),
            Ok(Err(error)) => error,
            Err(_) => return Err(Setback::Unsent(format!("no login within {:?}", self.deadline))),
        };
        match LoginFault::of(&error) {
            LoginFault::SwitchedOff(reason) => {
                if self.user.is_some() {
                    tracing::info!(range = self.range(), reason, "throwing the token away");
                    let forgotten = self.client.clone().update_user(None).await;
                    forgotten.map_err(|error| Setback::Unsent(error.to_string()))?;
                }
                Ok(Login::SwitchedOff(reason))
            }
            LoginFault::Refused(reason) => Err(self.login_refused(reason)),
            LoginFault::Passing(reason) => Err(Setback::Unsent(reason)),
        }
    }

    async fn fresh_token(&self) -> Result<(), etcd_client::Error> {
        match self.user.as_deref() {
            Some(User { name, password }) => {
                self.client.clone().update_user(Some((name.clone(), password.clone()))).await
            }
            None => self.client.refresh_token().await,
        }
    }

    fn login_refused(&self, reason: String) -> Setback {
        Setback::Final(Error::LoginRefused { range: self.prefix.shown(), reason })
    }

    fn setback(&self, operation: Operation, fault: Fault) -> Setback {
        let range = self.range.to_string();
        Setback::Final(match fault {
            Fault::TooMany(reason) if self.most_items() > 1 => {
                let most_items = self.fewer_items();
                tracing::info!(range, reason, most_items, "fewer items a transaction from now on");
                return Setback::Unsent(reason);
            }
            Fault::Stale(reason) | Fault::Unsent(reason) => return Setback::Unsent(reason),
            // A read that was carried out in vain is no doubt, and would be in vain again.
            Fault::Oversized(reason) if operation == Operation::Read => {
                Error::TooLarge { operation, range, reason }
            }
            Fault::Lost(reason) | Fault::Oversized(reason) => return Setback::Lost(reason),
            Fault::Denied(reason) => Error::PermissionDenied { operation, range, reason },
            Fault::Full(reason) => Error::NoSpace { operation, range, reason },
            Fault::TooLarge(reason) => Error::TooLarge { operation, range, reason },
            Fault::TooMany(reason) | Fault::Refused(reason) => Error::Refused { operation, range, reason },
        })
    }
}
