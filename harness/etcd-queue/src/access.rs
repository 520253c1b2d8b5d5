//! The queue's access to etcd: every unary request has a deadline, and one that is refused over its login
//! is sent once more after a fresh one. Used by the listing, the claims and the producer.

use std::future::Future;
use std::time::Duration;

use etcd_client::{Client, KvClient, WatchClient};

use crate::error::{Error, Operation};
use crate::fault::{Fault, LoginFault, is_without_user};
use crate::key::Prefix;

/// One client, one queue's range, one deadline.
#[derive(Clone)]
pub(crate) struct Access {
    client: Client,
    prefix: Prefix,
    deadline: Duration,
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
    pub(crate) fn new(client: Client, prefix: Prefix, deadline: Duration) -> Self {
        Self { client, prefix, deadline }
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
        tracing::info!(range = self.prefix.shown(), %operation, refusal, "logging in again");
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

    /// Logs in with the client's credentials; its token is then fresh for everybody who shares it.
    pub(crate) async fn login(&self) -> Result<Login, Setback> {
        let error = match tokio::time::timeout(self.deadline, self.client.refresh_token()).await {
            Ok(Ok(())) => return Ok(Login::Fresh),
            Ok(Err(error)) => error,
            Err(_) => return Err(Setback::Unsent(format!("no login within {:?}", self.deadline))),
        };
        match LoginFault::of(&error) {
            LoginFault::SwitchedOff(reason) => Ok(Login::SwitchedOff(reason)),
            LoginFault::Refused(reason) => Err(self.login_refused(reason)),
            LoginFault::Passing(reason) => Err(Setback::Unsent(reason)),
        }
    }

    fn login_refused(&self, reason: String) -> Setback {
        Setback::Final(Error::LoginRefused { range: self.prefix.shown(), reason })
    }

    fn setback(&self, operation: Operation, fault: Fault) -> Setback {
        let range = self.prefix.shown();
        Setback::Final(match fault {
            Fault::Stale(reason) | Fault::Unsent(reason) => return Setback::Unsent(reason),
            Fault::Lost(reason) => return Setback::Lost(reason),
            Fault::Denied(reason) => Error::PermissionDenied { operation, range, reason },
            Fault::Full(reason) => Error::NoSpace { operation, range, reason },
            Fault::TooLarge(reason) => Error::TooLarge { operation, range, reason },
            Fault::Refused(reason) => Error::Refused { operation, range, reason },
        })
    }
}
