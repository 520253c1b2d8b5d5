//! The queue's access to etcd: every unary request has a deadline, and one that is refused over its login
//! is sent once more after a fresh one. Used by everything here that talks to etcd.

use std::future::Future;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use etcd_client::{Client, Compare, KvClient, LeaseClient, TxnOp, WatchClient};

use crate::error::{Error, Operation};
use crate::fault::{Fault, LoginFault, is_without_user};
use crate::key::Prefix;
use crate::protocol::txn::{Answer, Txn};

/// How many operations, or comparisons, etcd takes in one transaction (etcd v3.5.16 server/embed/config.go,
/// `DefaultMaxTxnOps`).
const MOST_OPERATIONS: usize = 128;
/// How many items one transaction moves at most: one operation is the slot's, and in a claim by parts one more is a
/// nested transaction's.
pub(crate) const MOST_ITEMS: usize = MOST_OPERATIONS - 2;

/// One client, one range, one deadline.
#[derive(Clone)]
pub(crate) struct Access {
    client: Client,
    prefix: Prefix,
    range: Arc<str>,
    deadline: Duration,
    most_operations: Arc<AtomicUsize>,
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
    /// etcd is full, and may have carried it out before it said so. Nothing of it is under way any more. The error
    /// is for the callers, if it was not.
    Full(Error),
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
        let most_operations = Arc::new(AtomicUsize::new(MOST_OPERATIONS));
        Self { client, prefix, range, deadline, most_operations, user: user.map(Arc::new) }
    }

    /// The same for the records beside the queue: its errors name that range.
    pub(crate) fn to_records(&self) -> Self {
        Self { range: self.prefix.records_shown().into(), ..self.clone() }
    }

    /// The same for claims and sessions: what is listed and watched by it is them.
    pub(crate) fn to_claims(&self) -> Self {
        Self { prefix: self.prefix.claims(), ..self.to_records() }
    }

    /// How many operations this etcd takes in one transaction, as far as is known.
    pub(crate) fn most_operations(&self) -> usize {
        self.most_operations.load(Ordering::Relaxed)
    }

    /// How many items this etcd lets one transaction move.
    pub(crate) fn most_items(&self) -> usize {
        match self.most_operations() {
            few @ ..4 => few.saturating_sub(1).max(1),
            many => many - 2,
        }
    }

    /// An etcd that was started with a smaller limit says no more than that so many operations are too many. False if
    /// there is nothing to be made smaller.
    fn learn_too_many(&self, operations: usize) -> bool {
        if operations <= 2 {
            return false;
        }
        self.most_operations.fetch_min((operations / 2).max(2), Ordering::Relaxed);
        true
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

    /// Sends a transaction.
    pub(crate) async fn transact(&self, operation: Operation, txn: &Txn) -> Result<Answer, Setback> {
        self.transact_with(operation, txn, &[], &[]).await
    }

    /// Sends a transaction with comparisons and operations of the user's own.
    pub(crate) async fn transact_with(
        &self,
        operation: Operation,
        txn: &Txn,
        compares: &[Compare],
        operations: &[TxnOp],
    ) -> Result<Answer, Setback> {
        let count = txn.operations() + compares.len().max(operations.len());
        let request = |mut kv: KvClient| {
            let txn = txn.to_etcd_with(compares, operations);
            async move { kv.txn(txn).await }
        };
        self.ask_for(operation, count, request).await.map(|response| Answer::of(&response))
    }

    /// Sends a request, and once more after a fresh login if it was refused over the first.
    pub(crate) async fn ask<T, F, Fut>(&self, operation: Operation, request: F) -> Result<T, Setback>
    where
        F: Fn(KvClient) -> Fut,
        Fut: Future<Output = Result<T, etcd_client::Error>>,
    {
        self.ask_for(operation, 1, request).await
    }

    async fn ask_for<T, F, Fut>(&self, operation: Operation, count: usize, request: F) -> Result<T, Setback>
    where
        F: Fn(KvClient) -> Fut,
        Fut: Future<Output = Result<T, etcd_client::Error>>,
    {
        let refusal = match self.once(&request).await {
            Ok(answer) => return Ok(answer),
            Err(Fault::Stale(reason) | Fault::Denied(reason)) => reason,
            Err(fault) => return Err(self.setback(operation, count, fault)),
        };
        tracing::info!(range = self.range(), %operation, refusal, "logging in again");
        let login = self.login().await?;
        self.once(&request).await.map_err(|fault| match (fault, login) {
            (Fault::Stale(_), Login::SwitchedOff(reason)) => self.login_refused(reason),
            (Fault::Stale(reason), Login::Fresh) if is_without_user(&reason) => self.login_refused(reason),
            (fault, _) => self.setback(operation, count, fault),
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

    /// etcd has no space left.
    pub(crate) fn full(&self, operation: Operation, reason: String) -> Setback {
        Setback::Full(Error::NoSpace { operation, range: self.range.to_string(), reason })
    }

    fn setback(&self, operation: Operation, count: usize, fault: Fault) -> Setback {
        let range = self.range.to_string();
        Setback::Final(match fault {
            Fault::TooMany(reason) if self.learn_too_many(count) => {
                let most = self.most_operations();
                tracing::info!(range, reason, count, most, "fewer operations a transaction from now on");
                return Setback::Unsent(reason);
            }
            Fault::Full(reason) => return self.full(operation, reason),
            Fault::Stale(reason) | Fault::Unsent(reason) => return Setback::Unsent(reason),
            // A read that was carried out in vain is no doubt, and would be in vain again.
            Fault::Oversized(reason) if operation == Operation::Read => {
                Error::TooLarge { operation, range, reason }
            }
            Fault::Lost(reason) | Fault::Oversized(reason) => return Setback::Lost(reason),
            Fault::Denied(reason) => Error::PermissionDenied { operation, range, reason },
            Fault::TooLarge(reason) => Error::TooLarge { operation, range, reason },
            Fault::TooMany(reason) | Fault::Refused(reason) => Error::Refused { operation, range, reason },
        })
    }
}
