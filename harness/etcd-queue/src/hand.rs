//! What the actor has under way: each a request or two that ends in one event. The actor goes on meanwhile.

use std::time::Duration;

use futures::future::BoxFuture;

use crate::access::{Access, Setback};
use crate::cache::Key;
use crate::claim::{self, Claim};
use crate::error::{Error, Operation};
use crate::listing::{self, Read};
use crate::membership::{self, Member};
use crate::meter::Ending;
use crate::pace::pause;
use crate::protocol::claim::{Fate, Lane};
use crate::protocol::session::SessionId;
use crate::protocol::slot::{self, Slot};
use crate::session::Session;

/// A claim of which nobody knows whether it was carried out, and what it was made with.
#[derive(Debug)]
pub(crate) struct Doubt {
    pub(crate) claim: Claim,
    pub(crate) lane: Lane,
    /// How it is settled, if it has a slot.
    pub(crate) how: slot::Doubt,
    /// The claim was refused, not lost: what is in doubt is which of its two ranges the refusal is about.
    pub(crate) refusal: Option<Error>,
}

/// What came of it.
#[derive(Debug)]
pub(crate) enum HandEvent {
    Session(Result<(Session, Vec<Slot>), Setback>),
    Read(Result<Vec<Read>, Setback>),
    Claimed { claim: Claim, lane: Lane, answer: Result<Vec<Fate>, Setback> },
    Settled { doubt: Doubt, answer: Result<(Vec<Fate>, Ending), Setback> },
    Rivals(Result<Vec<String>, Setback>),
    Joined(Result<Member, String>),
    Counted(Result<u64, Setback>),
}

/// One thing under way.
pub(crate) type Hand = BoxFuture<'static, HandEvent>;

pub(crate) fn begin_session(access: Access, nonce: u128, slots: usize, rest: Duration) -> Hand {
    Box::pin(async move {
        pause(rest).await;
        HandEvent::Session(Session::begin(&access, nonce, slots).await)
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
                let answer = claim::settle(&access, &doubt.claim, slot, doubt.how).await;
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

pub(crate) fn join(access: Access, session: SessionId, rest: Duration) -> Hand {
    Box::pin(async move {
        pause(rest).await;
        HandEvent::Joined(membership::join(&access, session).await)
    })
}

pub(crate) fn count(access: Access) -> Hand {
    Box::pin(async move { HandEvent::Counted(listing::count(&access, Operation::Read).await) })
}
