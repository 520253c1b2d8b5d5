//! The queues of one client, one for each prefix that was asked for, as a service keeps them.

use std::{
    collections::BTreeMap,
    sync::{Mutex, PoisonError},
};

/// Queues by prefix. When their client is closed, so are all of them, those too that nobody has asked for yet.
#[derive(Debug)]
pub(super) struct Kept<Q>(Mutex<Queues<Q>>);

#[derive(Debug)]
struct Queues<Q> {
    by_prefix: BTreeMap<String, Q>,
    client: ClientState,
}

/// Whether the queues' client is open.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum ClientState {
    /// It is.
    Open,
    /// A queue that is opened now is to be closed at once.
    Closed,
}

impl<Q: Clone> Kept<Q> {
    pub(super) fn new() -> Self {
        Self(Mutex::new(Queues { by_prefix: BTreeMap::new(), client: ClientState::Open }))
    }

    /// The queue of a prefix, opened if it is the first time.
    ///
    /// # Errors
    /// Those of opening.
    pub(super) fn queue<E>(
        &self,
        prefix: &str,
        open: impl FnOnce() -> Result<Q, E>,
    ) -> Result<(Q, ClientState), E> {
        let Queues { by_prefix, client } = &mut *self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(queue) = by_prefix.get(prefix) {
            return Ok((queue.clone(), *client));
        }
        let queue = open()?;
        by_prefix.insert(prefix.to_owned(), queue.clone());
        Ok((queue, *client))
    }

    /// Notes that the client is closed. What is to be closed with it, in order: nothing else keeps it, so that a queue
    /// ends when whoever asked for this has closed and dropped it.
    pub(super) fn close(&self) -> Vec<Q> {
        let mut queues = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        queues.client = ClientState::Closed;
        std::mem::take(&mut queues.by_prefix).into_values().collect()
    }
}
