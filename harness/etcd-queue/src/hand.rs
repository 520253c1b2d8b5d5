//! What the queue is doing for its callers: nothing, reading the values next in line, or claiming one item.

use std::time::Duration;

use futures::future::BoxFuture;

use crate::access::{Access, Setback};
use crate::claim::{self, Answer, Claim};
use crate::listing::{self, Read};

/// One thing at a time, in this version.
pub(crate) enum Hand {
    Free,
    Reading(BoxFuture<'static, Result<Vec<Read>, Setback>>),
    Claiming(BoxFuture<'static, (Claim, Result<Answer, Setback>)>),
}

/// What came of it.
pub(crate) enum HandEvent {
    Read(Result<Vec<Read>, Setback>),
    Claimed(Claim, Result<Answer, Setback>),
}

impl Hand {
    pub(crate) fn read(access: Access, keys: Vec<Vec<u8>>, rest: Duration) -> Self {
        Hand::Reading(Box::pin(async move {
            tokio::time::sleep(rest).await;
            listing::read(&access, keys).await
        }))
    }

    pub(crate) fn claim(access: Access, claim: Claim, rest: Duration) -> Self {
        Hand::Claiming(Box::pin(async move {
            tokio::time::sleep(rest).await;
            let answer = claim::send(&access, &claim).await;
            (claim, answer)
        }))
    }

    /// Waits for what the hand is doing; for ever while it is free. Cancel-safe.
    pub(crate) async fn event(&mut self) -> HandEvent {
        match self {
            Hand::Free => std::future::pending().await,
            Hand::Reading(reading) => HandEvent::Read(reading.await),
            Hand::Claiming(claiming) => {
                let (claim, answer) = claiming.await;
                HandEvent::Claimed(claim, answer)
            }
        }
    }
}
