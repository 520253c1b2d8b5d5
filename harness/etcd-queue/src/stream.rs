//! A queue's items as a stream.

use std::pin::Pin;
use std::task::{Context, Poll, ready};

use futures::Stream;
use futures::future::BoxFuture;
use futures::stream::FusedStream;

use crate::error::Error;
use crate::item::Item;
use crate::queue::Queue;

/// The items of a [`Queue`], one after another, until it is closed; made by [`Queue::stream`].
///
/// It ends when the queue is closed. Any other error is an item of the stream, and the stream goes on: what
/// was refused may be allowed again, and polling it again is paced as calling [`Queue::next`] again is.
///
/// # Cancel safety
/// An item that was claimed for a stream that is dropped goes to the next caller of the queue.
#[must_use = "a stream does nothing unless it is polled"]
pub struct Items {
    queue: Option<Queue>,
    call: Option<BoxFuture<'static, Result<Item, Error>>>,
}

impl Items {
    pub(crate) fn of(queue: Queue) -> Self {
        Self { queue: Some(queue), call: None }
    }
}

impl Stream for Items {
    type Item = Result<Item, Error>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let Some(queue) = self.queue.clone() else { return Poll::Ready(None) };
        let call = self.call.get_or_insert_with(|| Box::pin(async move { queue.next().await }));
        let answer = ready!(call.as_mut().poll(cx));
        self.call = None;
        if let Err(Error::Closed) = answer {
            self.queue = None;
            return Poll::Ready(None);
        }
        Poll::Ready(Some(answer))
    }
}

impl FusedStream for Items {
    fn is_terminated(&self) -> bool {
        self.queue.is_none()
    }
}

impl std::fmt::Debug for Items {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Items").field("queue", &self.queue).finish_non_exhaustive()
    }
}
