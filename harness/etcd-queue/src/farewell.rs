//! The end of a queue: what was claimed and handed to nobody goes back, to the end of the line.
//!
//! It goes under a new key: no key is ever stored twice, so that a delete that comes late finds nothing. What is only
//! presumed to be claimed never goes back, it may not have left. A queue that ends does not wait for an etcd that is
//! away: what is left is handed to whoever closes it.

use std::collections::VecDeque;

use tokio::time::Instant;

use crate::access::{Access, Setback};
use crate::batch;
use crate::cache::Key;
use crate::claim;
use crate::clock::Clock;
use crate::error::{Error, Operation};
use crate::hand::Doubt;
use crate::item::{Certainty, Item};
use crate::key::Sequence;
use crate::listing;
use crate::pace::{Pace, pause};
use crate::protocol::claim::{Fate as ItemFate, Lane};
use crate::protocol::closing::{Parting, part};
use crate::protocol::slot;
use crate::protocol::storing::{self, Fate, Pair, Stored};
use crate::session::Session;
use crate::store;

const TRIES: u32 = 5;

/// One queue's farewell.
pub(crate) struct Farewell<'a> {
    access: &'a Access,
    clock: &'a dyn Clock,
    lane: Lane,
    pace: &'a mut Pace,
    sequence: Sequence,
    tries: u32,
    /// Claimed, and to be put back.
    claimed: Vec<Item>,
    /// Claims that could not be settled.
    unsettled: Vec<Doubt>,
    /// Items that may have been put back, under these keys.
    undecided: Vec<(Item, Key)>,
    /// What could not be put back, and what is presumed.
    left: Vec<Item>,
    reason: String,
}

/// Why an attempt came to nothing.
enum Failed {
    KeyInUse,
    For(String),
    /// It may have come to something.
    Undecided(String),
}

impl<'a> Farewell<'a> {
    pub(crate) fn new(access: &'a Access, clock: &'a dyn Clock, lane: Lane, pace: &'a mut Pace) -> Self {
        Self {
            access,
            clock,
            lane,
            pace,
            sequence: Sequence::default(),
            tries: TRIES,
            claimed: Vec::new(),
            unsettled: Vec::new(),
            undecided: Vec::new(),
            left: Vec::new(),
            reason: "nobody knows whether they were taken out".to_owned(),
        }
    }

    /// Takes in items that were claimed and handed to nobody.
    pub(crate) fn take(&mut self, items: Vec<Item>) {
        for item in items {
            let fate = match item.certainty() {
                Certainty::Confirmed => ItemFate::Ours,
                Certainty::Presumed => ItemFate::Presumed,
            };
            match part(fate) {
                Parting::PutBack => self.claimed.push(item),
                Parting::HandOut => self.left.push(item),
                Parting::Forget => {}
            }
        }
    }

    /// Settles a claim whose reply was lost, as far as that can be done.
    pub(crate) async fn settle(&mut self, mut doubt: Doubt) {
        for _ in 0..self.tries {
            pause(self.pace.rest(Instant::now())).await;
            match self.try_to_settle(&mut doubt).await {
                Ok(fates) => return self.take(doubt.claim.outcome(&fates).ours),
                Err(Setback::Final(_) | Setback::Full(_)) => break,
                Err(Setback::Unsent(_) | Setback::Lost(_)) => drop(self.pace.setback(Instant::now())),
            }
        }
        // What was refused was not carried out.
        if doubt.refusal.is_none() {
            self.tries = 1;
            self.unsettled.push(doubt);
        }
    }

    async fn try_to_settle(&mut self, doubt: &mut Doubt) -> Result<Vec<ItemFate>, Setback> {
        match &mut doubt.lane {
            Lane::Slot(slot) => {
                claim::settle(self.access, &doubt.claim, slot, doubt.how).await.map(|(fates, _)| fates)
            }
            lane @ Lane::Bare { .. } => claim::send(self.access, &mut doubt.claim, lane).await,
        }
    }

    /// Puts back what was claimed, in order.
    pub(crate) async fn put_back(&mut self) -> usize {
        let mut items = VecDeque::from(std::mem::take(&mut self.claimed));
        let mut put_back = 0;
        while !items.is_empty() {
            let sizes = items.iter().map(|item| item.key().len() + item.value().len());
            let count = batch::fitting(sizes, self.access.most_items());
            let some: Vec<Item> = items.drain(..count).collect();
            put_back += self.put_back_some(some).await;
        }
        put_back
    }

    /// Puts back items together, or one by one if they can't be.
    async fn put_back_some(&mut self, items: Vec<Item>) -> usize {
        let pairs: Vec<Pair> = items.iter().map(|item| pair(item, self.new_key())).collect();
        match self.put(&pairs).await {
            Ok(()) => return items.len(),
            Err(Failed::Undecided(reason)) => {
                self.reason = reason;
                self.undecided.extend(items.into_iter().zip(pairs.into_iter().map(|(key, _)| key)));
                return 0;
            }
            Err(Failed::KeyInUse | Failed::For(_)) => {}
        }
        let mut put_back = 0;
        for item in items {
            put_back += usize::from(self.put_back_one(item).await);
        }
        put_back
    }

    async fn put_back_one(&mut self, item: Item) -> bool {
        for _ in 0..TRIES {
            let key = self.new_key();
            let reason = match self.put(&[pair(&item, key.clone())]).await {
                Ok(()) => return true,
                Err(Failed::KeyInUse) => continue,
                Err(Failed::Undecided(reason)) => {
                    self.reason = reason;
                    self.undecided.push((item, key));
                    return false;
                }
                Err(Failed::For(reason)) => reason,
            };
            self.leave(item, reason);
            return false;
        }
        self.leave(item, "every key that was tried is in use".to_owned());
        false
    }

    fn new_key(&mut self) -> Key {
        self.access.prefix().key(self.sequence.next(self.clock.unix_ns())).into_bytes().into()
    }

    fn leave(&mut self, item: Item, reason: String) {
        tracing::warn!(range = self.access.range(), reason, "claimed items could not be put back");
        self.left.push(item);
        self.reason = reason;
        // Once etcd is known to be away, the others are not worth more attempts.
        self.tries = 1;
    }

    async fn put(&mut self, pairs: &[Pair]) -> Result<(), Failed> {
        let mut last_reason = String::new();
        if let Lane::Slot(slot) = &mut self.lane {
            slot.begin();
        }
        for _ in 0..self.tries {
            pause(self.pace.rest(Instant::now())).await;
            let sent = store::send(self.access, Operation::PutBack, pairs, &mut self.lane).await;
            last_reason = match sent {
                Ok(Stored::All) => return Ok(()),
                Ok(Stored::KeyInUse) => return Err(Failed::KeyInUse),
                Ok(Stored::SlotGone) => {
                    self.lane = Lane::Bare { reply_lost: false };
                    continue;
                }
                Err(Setback::Final(Error::PermissionDenied { .. })) if matches!(self.lane, Lane::Slot(_)) => {
                    self.lane = Lane::Bare { reply_lost: false };
                    continue;
                }
                Err(Setback::Final(error)) => return Err(Failed::For(error.to_string())),
                Err(Setback::Unsent(reason)) => reason,
                Err(Setback::Full(error)) => {
                    let Some(how) = slot::Doubt::of_full() else {
                        return Err(Failed::For(error.to_string()));
                    };
                    match self.fate(pairs, how).await {
                        Some(Fate::Stored) => return Ok(()),
                        Some(Fate::Void) => return Err(Failed::For(error.to_string())),
                        Some(Fate::Unknown) | None => return Err(Failed::Undecided(error.to_string())),
                    }
                }
                Err(Setback::Lost(reason)) => match self.fate(pairs, slot::Doubt::ReplyLost).await {
                    Some(Fate::Stored) => return Ok(()),
                    Some(Fate::Void) => reason,
                    Some(Fate::Unknown) | None => return Err(Failed::Undecided(reason)),
                },
            };
            self.pace.setback(Instant::now());
        }
        Err(Failed::For(last_reason))
    }

    async fn fate(&mut self, pairs: &[Pair], how: slot::Doubt) -> Option<Fate> {
        for _ in 0..self.tries {
            self.pace.setback(Instant::now());
            pause(self.pace.rest(Instant::now())).await;
            match store::fate(self.access, pairs, &mut self.lane, how).await {
                Ok(fate) => return Some(fate),
                Err(Setback::Final(_) | Setback::Full(_)) => return None,
                Err(Setback::Unsent(_) | Setback::Lost(_)) => {}
            }
        }
        None
    }

    /// Ends the session, and decides what can be decided when nothing of it can be carried out any more.
    ///
    /// # Errors
    /// [`Error::LeftOver`] with the items that could not be put back, and those of which nobody knows.
    pub(crate) async fn end(mut self, session: Option<Session>) -> Result<(), Error> {
        let id = session.as_ref().map(Session::id);
        let has_ended = match session {
            Some(session) => session.end(self.access).await,
            None => false,
        };
        let is_over =
            |lane: &Lane| matches!(lane, Lane::Slot(slot) if has_ended && Some(slot.session()) == id);
        for doubt in std::mem::take(&mut self.unsettled) {
            let fates = match is_over(&doubt.lane) {
                true => claim::search(self.access, &doubt.claim).await.ok(),
                false => None,
            };
            let fates = fates.unwrap_or_else(|| doubt.claim.what.all(ItemFate::Presumed));
            self.take(doubt.claim.outcome(&fates).ours);
        }
        let put_back_is_over = is_over(&self.lane);
        for (item, key) in std::mem::take(&mut self.undecided) {
            if !(put_back_is_over && self.is_there(&item, key).await) {
                self.left.push(item.presumed());
            }
        }
        if self.left.is_empty() {
            return Ok(());
        }
        self.left.sort_by_key(Item::place);
        Err(Error::LeftOver { items: self.left, reason: self.reason })
    }

    async fn is_there(&self, item: &Item, key: Key) -> bool {
        let pairs = [pair(item, key)];
        let found = listing::answer_reads(self.access, &storing::search(&pairs)).await;
        found.is_ok_and(|answer| storing::searched(&pairs, &answer) == Fate::Stored)
    }
}

fn pair(item: &Item, key: Key) -> Pair {
    (key, item.value().to_vec())
}
