//! Sending one request to the members in turn.

use std::time::Duration;

use etcd_client::Client;
use tokio::time::{Instant, timeout};

use super::{Ask, Cluster, MemberId, Trouble, roster::Tried};
use crate::fault::Fault;

/// Why a request failed, and where.
#[derive(Debug)]
pub(crate) struct Failure {
    pub(crate) member: MemberId,
    pub(crate) fault: Fault,
}

impl Cluster {
    /// Sends a request to the member whose turn it is, and at once to the next one if it could not be sent.
    ///
    /// # Errors
    /// The last failure: of a request that could be sent nowhere, or of the first one that could.
    pub(crate) async fn send<T, F, Fut>(&self, ask: Ask, limit: Duration, request: F) -> Result<T, Failure>
    where
        F: Fn(Client) -> Fut,
        Fut: Future<Output = Result<T, etcd_client::Error>>,
    {
        let mut tried = Tried::default();
        let mut unsent = "no member was asked".to_owned();
        let mut last = MemberId(0);
        while let Some((member, client)) = self.next(&tried) {
            tried.add(member);
            last = member;
            match self.send_to(member, ask, limit, request(client)).await {
                Err(Fault::Unsent(reason)) => unsent = reason,
                answer => return answer.map_err(|fault| Failure { member, fault }),
            }
        }
        Err(Failure { member: last, fault: Fault::Unsent(unsent) })
    }

    /// Sends to one member, and notes how it has served.
    pub(crate) async fn send_to<T>(
        &self,
        member: MemberId,
        ask: Ask,
        limit: Duration,
        request: impl Future<Output = Result<T, etcd_client::Error>>,
    ) -> Result<T, Fault> {
        let (sent, patience) = (Instant::now(), self.patience(ask, limit));
        let answer = match timeout(patience, request).await {
            Ok(answer) => answer.map_err(|error| Fault::of(&error)),
            Err(_) => {
                self.state().patience.gave_up(sent, Instant::now());
                self.failed(member, Trouble::Silent);
                return Err(Fault::Lost(format!("no answer within {patience:?}")));
            }
        };
        match &answer {
            Err(Fault::Unsent(_) | Fault::Lost(_)) => self.failed(member, Trouble::Unreachable),
            Ok(_) | Err(_) => {
                let mut state = self.state();
                state.roster.answered(member);
                state.patience.answered(ask, sent.elapsed());
            }
        }
        answer
    }

    /// How long an answer is waited for. A lone member is waited for to the end.
    pub(crate) fn patience(&self, ask: Ask, limit: Duration) -> Duration {
        match self.0.clients.len() {
            0 | 1 => limit,
            _ => self.state().patience.time(ask, limit),
        }
    }

    fn next(&self, tried: &Tried) -> Option<(MemberId, Client)> {
        let member = self.state().roster.next(tried, Instant::now())?;
        let client = self.0.clients.get(member.0)?;
        Some((member, client.clone()))
    }
}
