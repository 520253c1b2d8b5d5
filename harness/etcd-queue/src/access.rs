//! The queue's access to etcd: every unary request has a deadline, and one that is refused over its login
//! is sent once more after a fresh one. Used by everything here that talks to etcd.

use std::future::Future;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use etcd_client::{Client, Compare, DeleteOptions, GetOptions, KvClient, LeaseClient, TxnOp};

use crate::cache::Key;
use crate::cluster::{Ask, Cluster, Failure, Member, MemberId, Trouble};
use crate::error::{Error, Operation};
use crate::fault::{Fault, LoginFault, is_without_user};
use crate::key::Prefix;
use crate::protocol::txn::{Answer, Part, Plain, Txn};

/// How many operations, or comparisons, etcd takes in one transaction (etcd v3.5.16 server/embed/config.go,
/// `DefaultMaxTxnOps`).
const MOST_OPERATIONS: usize = 128;
/// How many items one transaction moves at most: one operation is the slot's, and in a claim by parts one more is a
/// nested transaction's.
pub(crate) const MOST_ITEMS: usize = MOST_OPERATIONS - 2;

/// One cluster, one range, one deadline.
#[derive(Clone)]
pub(crate) struct Access {
    cluster: Cluster,
    prefix: Prefix,
    range: Arc<str>,
    deadline: Duration,
    most_operations: Arc<AtomicUsize>,
    user: Option<Arc<User>>,
    is_unsettleable: bool,
}

/// As whom the queue logs in, if it was told.
#[derive(Clone)]
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
    pub(crate) fn new(cluster: Cluster, prefix: Prefix, deadline: Duration, user: Option<User>) -> Self {
        let range = prefix.shown().into();
        let most_operations = Arc::new(AtomicUsize::new(MOST_OPERATIONS));
        let user = user.or_else(|| cluster.user()).map(Arc::new);
        Self { cluster, prefix, range, deadline, most_operations, user, is_unsettleable: false }
    }

    /// The same for changes of which nobody can find out what became of them: their answers are waited for to the
    /// end, and not given up for another member.
    pub(crate) fn to_the_end(&self) -> Self {
        Self { is_unsettleable: true, ..self.clone() }
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

    /// The member whose turn it is, for a watch.
    pub(crate) fn member(&self) -> Member {
        self.cluster.current()
    }

    /// How long a watch may take to begin.
    pub(crate) fn patience_to_watch(&self) -> Duration {
        self.cluster.patience(Ask::Listing, self.deadline)
    }

    /// Sends a request about a lease, to the next member if it could not be sent. It does not log in.
    pub(crate) async fn lease<T, F, Fut>(&self, request: F) -> Result<T, Failure>
    where
        F: Fn(LeaseClient) -> Fut,
        Fut: Future<Output = Result<T, etcd_client::Error>>,
    {
        self.cluster.send(Ask::Usual, self.deadline, |client| request(client.lease_client())).await
    }

    fn how(&self, operation: Operation) -> Ask {
        match operation {
            _ if self.is_unsettleable => Ask::Unsettleable,
            Operation::Read | Operation::Count | Operation::DeadLetters => Ask::Listing,
            _ => Ask::Usual,
        }
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
        if let Some(plain) = txn.as_plain() {
            return self.ask_plainly(operation, plain).await;
        }
        // The user's own can't be made fewer, whatever etcd takes.
        let is_ours = compares.is_empty() && operations.is_empty();
        let count = if is_ours { txn.operations() } else { 0 };
        let request = |mut kv: KvClient| {
            let txn = txn.to_etcd_with(compares, operations);
            async move { kv.txn(txn).await }
        };
        match (self.ask_for(operation, count, request).await, txn.only_reads()) {
            (Err(Setback::Full(_)), Some(reads)) => self.read_one_by_one(operation, reads).await,
            (answer, _) => answer.map(|response| Answer::of(&response)),
        }
    }

    /// Up to 3.5.6 a full etcd refuses transactions that do nothing but read (etcd v3.5.5
    /// server/etcdserver/quota.go, `Available`). Reads it takes.
    async fn read_one_by_one(
        &self,
        operation: Operation,
        reads: Vec<(Key, GetOptions)>,
    ) -> Result<Answer, Setback> {
        let mut answer = Answer { succeeded: true, ..Answer::default() };
        for (key, options) in reads {
            let found = self
                .ask(operation, |mut kv| {
                    let (key, options) = (key.to_vec(), options.clone());
                    async move { kv.get(key, Some(options)).await }
                })
                .await?;
            answer.revision = found.header().map_or(0, etcd_client::ResponseHeader::revision);
            answer.parts.push(Part::of_get(&found));
        }
        Ok(answer)
    }

    /// Sends what is one plain request.
    pub(crate) async fn ask_plainly(
        &self,
        operation: Operation,
        plain: Plain<'_>,
    ) -> Result<Answer, Setback> {
        match plain {
            Plain::Read(from, to) => {
                let all = GetOptions::new().with_range(to.to_vec());
                let request = |mut kv: KvClient| {
                    let (from, all) = (from.to_vec(), all.clone());
                    async move { kv.get(from, Some(all)).await }
                };
                let got = self.ask(operation, request).await?;
                Ok(Answer::to_plain(got.header(), got.kvs().iter()))
            }
            Plain::Delete(from, to) => {
                let all = DeleteOptions::new().with_range(to.to_vec()).with_prev_key();
                let request = |mut kv: KvClient| {
                    let (from, all) = (from.to_vec(), all.clone());
                    async move { kv.delete(from, Some(all)).await }
                };
                let deleted = self.ask(operation, request).await?;
                Ok(Answer::to_plain(deleted.header(), deleted.prev_kvs().iter()))
            }
        }
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
        let ask = self.how(operation);
        let Failure { member, fault } =
            match self.cluster.send(ask, self.deadline, |client| request(kv(&client))).await {
                Ok(answer) => return Ok(answer),
                Err(failure) => failure,
            };
        let (Fault::Stale(refusal) | Fault::Denied(refusal)) = fault else {
            return Err(self.setback(operation, count, fault));
        };
        tracing::info!(range = self.range(), %operation, refusal, "logging in again");
        let login = self.login_at(member).await?;
        let answer = match self.cluster.member(member).client() {
            Some(client) => self.cluster.send_to(member, ask, self.deadline, request(kv(client))).await,
            None => return Err(Setback::Unsent(refusal)),
        };
        answer.map_err(|fault| match (fault, login) {
            (Fault::Stale(_), Login::SwitchedOff(reason)) => self.login_refused(reason),
            (Fault::Stale(reason), Login::Fresh) if is_without_user(&reason) => self.login_refused(reason),
            (fault, _) => self.setback(operation, count, fault),
        })
    }

    /// Logs in where the next request goes; the member's token is then fresh for everybody who shares it.
    pub(crate) async fn login(&self) -> Result<Login, Setback> {
        self.login_at(self.cluster.current().id()).await
    }

    /// Logs in at one member.
    ///
    /// Where authentication is switched off the token is thrown away: up to 3.5.9 a server refuses one that it does
    /// not know even then. The client forgets its credentials with it, so that is done only where the queue knows
    /// them itself, and can log in when authentication is switched on again.
    pub(crate) async fn login_at(&self, member: MemberId) -> Result<Login, Setback> {
        let member = self.cluster.member(member);
        let Some(client) = member.client() else {
            return Err(Setback::Unsent("no member to log in at".to_owned()));
        };
        let patience = self.cluster.patience(Ask::Listing, self.deadline);
        let error = match tokio::time::timeout(patience, self.fresh_token(client)).await {
            Ok(Ok(())) => return Ok(Login::Fresh),
            Ok(Err(error)) => error,
            Err(_) => {
                member.failed(Trouble::Silent);
                return Err(Setback::Unsent(format!("no login within {patience:?}")));
            }
        };
        match LoginFault::of(&error) {
            LoginFault::SwitchedOff(reason) => {
                if self.user.is_some() {
                    tracing::info!(range = self.range(), reason, "throwing the token away");
                    let forgotten = client.clone().update_user(None).await;
                    forgotten.map_err(|error| Setback::Unsent(error.to_string()))?;
                }
                Ok(Login::SwitchedOff(reason))
            }
            LoginFault::Refused(reason) => Err(self.login_refused(reason)),
            LoginFault::Passing(reason) => {
                member.failed(Trouble::Unreachable);
                Err(Setback::Unsent(reason))
            }
        }
    }

    async fn fresh_token(&self, client: &Client) -> Result<(), etcd_client::Error> {
        match self.user.as_deref() {
            Some(User { name, password }) => {
                client.clone().update_user(Some((name.clone(), password.clone()))).await
            }
            None => client.refresh_token().await,
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

/// Replies of any size are taken.
fn kv(client: &Client) -> KvClient {
    client.kv_client().max_decoding_message_size(usize::MAX)
}
