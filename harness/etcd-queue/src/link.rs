//! The queue's line to what is stored: down, being made, or up. Made anew from nothing each time, by a
//! listing and a watch from the revision behind it, whatever ended the last one: the listing covers
//! compactions, and events that a server with known faults has swallowed.

use std::time::Duration;

use futures::future::BoxFuture;

use crate::access::{Access, Setback};
use crate::listing::{self, Listing};
use crate::pace::pause;
use crate::watch::{self, End, News, Watch};

/// How the next link begins.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Entry {
    /// With the token at hand.
    AsIs,
    /// With a fresh login: the last watch was refused over its token, and a new stream must not carry it.
    FreshLogin,
}

/// Why a link could not be made.
#[derive(Clone, Debug)]
pub(crate) enum Failure {
    Request(Setback),
    Watch(End),
}

type Made = Result<(Listing, Box<Watch>), Failure>;

/// The state of the line.
pub(crate) enum Link {
    Down(Entry),
    Making(BoxFuture<'static, Made>),
    Up(Box<Watch>),
}

/// What happened on the line.
pub(crate) enum LinkEvent {
    Made(Made),
    News(News),
}

impl Link {
    /// Starts to make a link after a rest.
    pub(crate) fn make(access: Access, entry: Entry, rest: Duration) -> Self {
        Link::Making(Box::pin(async move {
            pause(rest).await;
            if entry == Entry::FreshLogin {
                access.login().await.map_err(Failure::Request)?;
            }
            let listing = listing::list(&access).await.map_err(Failure::Request)?;
            let watch = watch::open(&access, listing.revision.saturating_add(1)).await;
            Ok((listing, Box::new(watch.map_err(Failure::Watch)?)))
        }))
    }

    /// Waits for the next event; for ever while the line is down. Cancel-safe.
    pub(crate) async fn event(&mut self) -> LinkEvent {
        match self {
            Link::Down(_) => std::future::pending().await,
            Link::Making(making) => LinkEvent::Made(making.await),
            Link::Up(watch) => LinkEvent::News(watch.news().await),
        }
    }
}
