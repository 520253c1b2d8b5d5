//! What the actor has under way: each a request or two that ends in one event. The actor goes on meanwhile.

use std::time::Duration;

use futures::future::BoxFuture;

use crate::access::{Access, Setback};
use crate::cache::Key;
use crate::claim::{self, Claim, Lane, Outcome};
use crate::error::{Error, Operation};
use crate::listing::{self, Read};
use crate::membership::{self, Member};
use crate::pace::pause;
use crate::session::{self, Session};
use crate::slot::{self, Settled};

/// A claim of which nobody knows whether it was carried out, and what it was made with.
#[derive(Debug)]
pub(crate) struct Doubt {
    pub(crate) claim: Claim,
    pub(crate) lane: Lane,
    /// The claim was refused, not lost: what is in doubt is which of its two ranges the refusal is about.
    pub(crate) refusal: Option<Error>,
}

/// What came of it.
#[derive(Debug)]
pub(crate) enum HandEvent {
    Session(Result<Session, Setback>),
    Read(Result<Vec<Read>, Setback>),
    Claimed { claim: Claim, lane: Lane, answer: Result<Outcome, Setback> },
    Settled { doubt: Doubt, answer: Result<Settled, Setback> },
    Rivals(Result<Vec<String>, Setback>),
    Joined(Result<Member, String>),
    Tidied,
    Counted(Result<u64, Setback>),
}

/// One thing under way.
pub(crate) type Hand = BoxFuture<'static, HandEvent>;

pub(crate) fn begin_session(access: Access, rest: Duration) -> Hand {
    Box::pin(async move {
        pause(rest).await;
        HandEvent::Session(Session::begin(&access).await)
    })
}

pub(crate) fn read(access: Access, keys: Vec<Key>) -> Hand {
    Box::pin(async move { HandEvent::Read(listing::read(&access, keys).await) })
}

pub(crate) fn claim(access: Access, mut claim: Claim, mut lane: Lane) -> Hand {
    Box::pin(async move {
        let answer = claim::send(&access, &mut claim, &mut lane).await;
        HandEvent::Claimed { claim, lane, answer }
    })
}

/// Only for doubts that have a slot; without one, the claim is sent again.
pub(crate) fn settle(access: Access, mut doubt: Doubt) -> Hand {
    Box::pin(async move {
        match &mut doubt.lane {
            Lane::Slot(slot) => {
                let answer = slot::settle(&access, slot).await;
                HandEvent::Settled { doubt, answer }
            }
            Lane::Bare { .. } => {
                let Doubt { mut claim, mut lane, .. } = doubt;
                let answer = claim::send(&access, &mut claim, &mut lane).await;
                HandEvent::Claimed { claim, lane, answer }
            }
        }
    })
}

pub(crate) fn look_for_rivals(access: Access) -> Hand {
    Box::pin(async move { HandEvent::Rivals(membership::members(&access).await) })
}

pub(crate) fn join(access: Access, session_id: String, rest: Duration) -> Hand {
    Box::pin(async move {
        pause(rest).await;
        HandEvent::Joined(membership::join(&access, &session_id).await)
    })
}

pub(crate) fn tidy(access: Access, unix_s: u64) -> Hand {
    Box::pin(async move {
        session::tidy(access, unix_s).await;
        HandEvent::Tidied
    })
}

pub(crate) fn count(access: Access) -> Hand {
    Box::pin(async move { HandEvent::Counted(listing::count(&access, Operation::Read).await) })
}
