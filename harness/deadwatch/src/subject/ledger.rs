//! Who owes whom an answer: which clients are being opened and closed, which calls are open, and whether an
//! answer is one that was asked for. Pure: `program` hands it every request it sends and every answer it gets.

use std::collections::BTreeMap;

use tokio::time::Instant;

use super::{
    Call, Reply, Request, Returned,
    line::{Answer, Said},
};

/// The state of a conversation with a program.
#[derive(Debug, Default)]
pub(super) struct Ledger {
    /// Clients whose open is unanswered, and since when.
    opening: BTreeMap<String, Instant>,
    /// Clients whose close is unanswered, and how often they were asked to.
    closing: BTreeMap<String, usize>,
    /// Every call there ever was: an id is never used again.
    calls: BTreeMap<u64, Progress>,
}

/// How far a call has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Progress {
    Open {
        wants: Wants,
        cancel: Cancel,
    },
    /// Its answer is here. One to a cancel that crossed it may follow, or not: the contract leaves it open.
    Answered {
        cancel: Cancel,
    },
}

/// What a call returns where all goes well.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Wants {
    Item,
    Done,
}

/// Whether the answer to a cancel is outstanding.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Cancel {
    NotAsked,
    Asked,
}

/// What becomes of a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Fate {
    /// It goes to the program.
    Send,
    /// It is pointless by now: a cancel of a call whose answer is here already, or one that was asked for already.
    Drop,
}

/// An answer that nobody asked for; reads well after the line itself.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(super) enum Breach {
    #[error("answers the call {0}, which was never made")]
    UnknownId(u64),
    #[error("answers the call {0} once more")]
    RepeatedId(u64),
    #[error("says that the call {0} was cancelled, which nobody asked for")]
    NotCancelled(u64),
    #[error(r#"answers the call {0} with an item, where "ok" was expected"#)]
    ItemForNothing(u64),
    #[error(r#"answers the call {0} with "ok", where an item was expected"#)]
    NothingForItem(u64),
    #[error("says that the client {0:?} is open, which nobody asked for")]
    NotOpening(String),
    #[error("says that the client {0:?} is closed, which nobody asked for")]
    NotClosing(String),
}

impl Ledger {
    /// Notes a request that is about to be sent at `now`.
    pub(super) fn ask(&mut self, request: &Request, now: Instant) -> Fate {
        match request {
            Request::Open { client, .. } => {
                self.opening.insert(client.clone(), now);
            }
            Request::Close { client } => {
                *self.closing.entry(client.clone()).or_default() += 1;
            }
            Request::Call { id, call, .. } => {
                let wants = match call {
                    Call::Consume { call, .. } if call.takes_items() => Wants::Item,
                    Call::Consume { .. } | Call::Enqueue { .. } | Call::Ack { .. } => Wants::Done,
                };
                self.calls.insert(*id, Progress::Open { wants, cancel: Cancel::NotAsked });
            }
            Request::Cancel { id } => match self.calls.get_mut(id) {
                Some(Progress::Open { cancel: cancel @ Cancel::NotAsked, .. }) => *cancel = Cancel::Asked,
                Some(Progress::Open { cancel: Cancel::Asked, .. } | Progress::Answered { .. }) | None => {
                    return Fate::Drop;
                }
            },
        }
        Fate::Send
    }

    /// Settles an answer: what it tells the harness, if anything.
    pub(super) fn settle(&mut self, answer: Answer) -> Result<Option<Reply>, Breach> {
        match answer {
            Answer::Opened { client, error } => match self.opening.remove(&client) {
                Some(_) => Ok(Some(Reply::Opened { client, error })),
                None => Err(Breach::NotOpening(client)),
            },
            Answer::Closed { client } => match self.closing.get_mut(&client) {
                Some(asked @ 1..) => {
                    *asked -= 1;
                    Ok(Some(Reply::Closed { client }))
                }
                Some(0) | None => Err(Breach::NotClosing(client)),
            },
            Answer::Call { id, said } => {
                let progress = self.calls.get_mut(&id).ok_or(Breach::UnknownId(id))?;
                let (next, reply) = advance(id, *progress, said)?;
                *progress = next;
                Ok(reply)
            }
        }
    }

    /// Whether a call has not been answered.
    pub(super) fn has_open_calls(&self) -> bool {
        self.calls.values().any(|progress| matches!(progress, Progress::Open { .. }))
    }

    /// The client that has been waited for longest, and since when.
    pub(super) fn longest_opening(&self) -> Option<(&str, Instant)> {
        self.opening.iter().map(|(client, since)| (client.as_str(), *since)).min_by_key(|(_, since)| *since)
    }
}

/// Where an answer takes a call, and what it tells the harness.
fn advance(id: u64, progress: Progress, said: Said) -> Result<(Progress, Option<Reply>), Breach> {
    let returned = |returned| Some(Reply::Returned { id, returned });
    match (progress, said) {
        (Progress::Open { wants: Wants::Item, cancel }, Said::Item { item, ack }) => {
            Ok((Progress::Answered { cancel }, returned(Returned::Item { item, ack })))
        }
        (Progress::Open { wants: Wants::Done, cancel }, Said::Done) => {
            Ok((Progress::Answered { cancel }, returned(Returned::Done)))
        }
        (Progress::Open { wants: Wants::Done, .. }, Said::Item { .. }) => Err(Breach::ItemForNothing(id)),
        (Progress::Open { wants: Wants::Item, .. }, Said::Done) => Err(Breach::NothingForItem(id)),
        (Progress::Open { cancel, .. }, Said::Error(text)) => {
            Ok((Progress::Answered { cancel }, returned(Returned::Error(text))))
        }
        // Of the cancel, not of the call: that goes on, and may still return.
        (Progress::Open { wants, cancel: Cancel::Asked }, Said::Unsupported) => {
            Ok((Progress::Open { wants, cancel: Cancel::NotAsked }, returned(Returned::Unsupported)))
        }
        (Progress::Open { cancel: Cancel::NotAsked, .. }, Said::Unsupported) => {
            Ok((Progress::Answered { cancel: Cancel::NotAsked }, returned(Returned::Unsupported)))
        }
        (Progress::Open { cancel: Cancel::Asked, .. }, Said::Cancelled) => {
            Ok((Progress::Answered { cancel: Cancel::NotAsked }, Some(Reply::Cancelled { id })))
        }
        (Progress::Open { cancel: Cancel::NotAsked, .. }, Said::Cancelled) => Err(Breach::NotCancelled(id)),
        (
            Progress::Answered { cancel: Cancel::Asked },
            Said::Cancelled | Said::Unsupported | Said::Error(_),
        ) => Ok((Progress::Answered { cancel: Cancel::NotAsked }, None)),
        (Progress::Answered { cancel: Cancel::Asked }, Said::Item { .. } | Said::Done)
        | (Progress::Answered { cancel: Cancel::NotAsked }, _) => Err(Breach::RepeatedId(id)),
    }
}

#[cfg(test)]
mod tests;
