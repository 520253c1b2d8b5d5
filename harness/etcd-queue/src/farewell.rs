//! The end of a queue: what was claimed and handed to nobody goes back under its own key.
//!
//! It goes to the end of the line, as etcd orders it; under a key of its own if its own is in use again. A
//! queue that ends does not wait for an etcd that is away: what is left is handed to whoever closes it.

use std::collections::VecDeque;

use tokio::time::Instant;

use crate::access::{Access, Setback};
use crate::batch;
use crate::claim::Lane;
use crate::clock::Clock;
use crate::error::{Error, Operation};
use crate::hand::Doubt;
use crate::item::Item;
use crate::key::Sequence;
use crate::pace::{Pace, pause};
use crate::slot;
use crate::store::{self, Fate, Pair, Stored};

const TRIES: u32 = 5;

/// One queue's farewell.
pub(crate) struct Farewell<'a> {
    access: &'a Access,
    clock: &'a dyn Clock,
    lane: Lane,
    pace: &'a mut Pace,
    sequence: Sequence,
    tries: u32,
}

/// Why an attempt came to nothing.
enum Failed {
    KeyInUse,
    For(String),
}

impl<'a> Farewell<'a> {
    pub(crate) fn new(access: &'a Access, clock: &'a dyn Clock, lane: Lane, pace: &'a mut Pace) -> Self {
        Self { access, clock, lane, pace, sequence: Sequence::default(), tries: TRIES }
    }

    /// Settles a claim whose reply was lost, as far as it can be, and says whether it was. Items that etcd
    /// does not answer for count as claimed: whoever closes the queue should know of them.
    pub(crate) async fn settle(&mut self, doubt: Doubt) -> (Vec<Item>, bool) {
        let Doubt { claim, mut lane, refusal } = doubt;
        for _ in 0..self.tries {
            pause(self.pace.rest(Instant::now())).await;
            let answer = match &mut lane {
                Lane::Slot(slot) => {
                    slot::settle(self.access, slot).await.map(|settled| claim.clone().settled(settled))
                }
                Lane::Bare { .. } => break,
            };
            match answer {
                Ok(outcome) => return (outcome.ours, true),
                Err(Setback::Final(_)) => break,
                Err(Setback::Unsent(_) | Setback::Lost(_)) => self.pace.setback(Instant::now()),
            };
        }
        if refusal.is_some() {
            return (Vec::new(), true);
        }
        // To claim again what may be ours would take it from others now.
        (claim.presumed().ours, false)
    }

    /// Puts items back in order.
    ///
    /// # Errors
    /// [`Error::LeftOver`] with the items that could not be put back.
    pub(crate) async fn put_back(&mut self, items: Vec<Item>) -> Result<(), Error> {
        let (mut left, mut last_reason) = (Vec::new(), String::new());
        let mut items = VecDeque::from(items);
        while !items.is_empty() {
            let sizes = items.iter().map(|item| item.key().len() + item.value().len());
            let count = batch::fitting(sizes, self.access.most_items());
            let pairs: Vec<Pair> =
                items.iter().take(count).map(|item| (item.key().to_vec(), item.value().to_vec())).collect();
            let stored = match self.put(&pairs).await {
                Err(Failed::For(reason)) if count == 1 => Err((0, reason)),
                Err(Failed::KeyInUse | Failed::For(_)) => self.put_one_by_one(&pairs).await,
                Ok(()) => Ok(()),
            };
            match stored {
                Ok(()) => drop(items.drain(..count)),
                Err((stored, reason)) => {
                    tracing::warn!(
                        range = self.access.range(),
                        reason,
                        "claimed items could not be put back"
                    );
                    items.drain(..stored);
                    left.extend(items.pop_front());
                    last_reason = reason;
                    // Once etcd is known to be away, the others are not worth more attempts.
                    self.tries = 1;
                }
            }
        }
        if left.is_empty() { Ok(()) } else { Err(Error::LeftOver { items: left, reason: last_reason }) }
    }

    async fn put_one_by_one(&mut self, pairs: &[Pair]) -> Result<(), (usize, String)> {
        for (stored, pair) in pairs.iter().enumerate() {
            let pair = std::slice::from_ref(pair);
            match self.put(pair).await {
                Ok(()) => {}
                Err(Failed::KeyInUse) => {
                    self.put_under_new_keys(pair).await.map_err(|reason| (stored, reason))?;
                }
                Err(Failed::For(reason)) => return Err((stored, reason)),
            }
        }
        Ok(())
    }

    async fn put_under_new_keys(&mut self, pairs: &[Pair]) -> Result<(), String> {
        for _ in 0..TRIES {
            let renamed: Vec<Pair> = pairs.iter().map(|(_, value)| (self.new_key(), value.clone())).collect();
            match self.put(&renamed).await {
                Ok(()) => return Ok(()),
                Err(Failed::KeyInUse) => {}
                Err(Failed::For(reason)) => return Err(reason),
            }
        }
        Err("every key that was tried is in use".to_owned())
    }

    fn new_key(&mut self) -> Vec<u8> {
        self.access.prefix().key(self.sequence.next(self.clock.unix_ns())).into_bytes()
    }

    async fn put(&mut self, pairs: &[Pair]) -> Result<(), Failed> {
        let mut last_reason = String::new();
        if let Lane::Slot(slot) = &mut self.lane {
            slot.begin(self.clock.unix_s());
        }
        for _ in 0..self.tries {
            pause(self.pace.rest(Instant::now())).await;
            last_reason = match store::send(self.access, Operation::PutBack, pairs, &mut self.lane).await {
                Ok(Stored::All) => return Ok(()),
                Ok(Stored::KeyInUse) => return Err(Failed::KeyInUse),
                Err(Setback::Final(Error::PermissionDenied { .. })) if matches!(self.lane, Lane::Slot(_)) => {
                    self.lane = Lane::Bare { reply_lost: false };
                    continue;
                }
                Err(Setback::Final(error)) => return Err(Failed::For(error.to_string())),
                Err(Setback::Unsent(reason)) => reason,
                Err(Setback::Lost(reason)) => match self.fate(pairs).await {
                    Some(Fate::Stored) => return Ok(()),
                    Some(Fate::Void) => reason,
                    Some(Fate::Unknown) | None => return Err(Failed::For(reason)),
                },
            };
            self.pace.setback(Instant::now());
        }
        Err(Failed::For(last_reason))
    }

    async fn fate(&mut self, pairs: &[Pair]) -> Option<Fate> {
        for _ in 0..self.tries {
            self.pace.setback(Instant::now());
            pause(self.pace.rest(Instant::now())).await;
            match store::fate(self.access, pairs, &mut self.lane).await {
                Ok(fate) => return Some(fate),
                Err(Setback::Final(_)) => return None,
                Err(Setback::Unsent(_) | Setback::Lost(_)) => {}
            }
        }
        None
    }
}
