//! The queue's line to what is stored: down, being made, or up. Made anew from nothing each time, by a
//! listing and a watch from the revision behind it, whatever ended the last one: the listing covers
//! compactions, and events that a server with known faults has swallowed.
//!
//! What is listed may be claimed while the watch is still being opened: each claim compares revisions, and
//! the watch tells afterwards of all that has happened since the listing.

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

type Listed = Result<Listing, Setback>;
type Opened = Result<Box<Watch>, End>;

/// The state of the line.
pub(crate) enum Link {
    Down(Entry),
    Listing(BoxFuture<'static, Listed>),
    Opening(BoxFuture<'static, Opened>),
    Up(Box<Watch>),
}

/// What happened on the line.
pub(crate) enum LinkEvent {
    Listed(Listed),
    Opened(Opened),
    News(News),
}

impl Link {
    /// Starts to make a link after a rest, with a listing.
    pub(crate) fn list(access: Access, entry: Entry, rest: Duration) -> Self {
        Link::Listing(Box::pin(async move {
            pause(rest).await;
            if entry == Entry::FreshLogin {
                access.login().await?;
            }
            listing::list(&access).await
        }))
    }

    /// Goes on with the watch of what has happened since a listing.
    pub(crate) fn open(access: Access, listed_at: i64) -> Self {
        Link::Opening(Box::pin(async move {
            watch::open(&access, listed_at.saturating_add(1)).await.map(Box::new)
        }))
    }

    /// Whether what is stored is known, and what is not known yet will be heard of.
    pub(crate) fn is_listed(&self) -> bool {
        match self {
            Link::Down(_) | Link::Listing(_) => false,
            Link::Opening(_) | Link::Up(_) => true,
        }
    }

    /// Waits for the next event; for ever while the line is down. Cancel-safe.
    pub(crate) async fn event(&mut self) -> LinkEvent {
        match self {
            Link::Down(_) => std::future::pending().await,
            Link::Listing(listing) => LinkEvent::Listed(listing.await),
            Link::Opening(opening) => LinkEvent::Opened(opening.await),
            Link::Up(watch) => LinkEvent::News(watch.news().await),
        }
    }
}
