//! The callers that wait, and the items that are claimed and handed to nobody yet.

use std::collections::{BTreeMap, VecDeque};

use tokio::sync::oneshot;

use crate::cache::Place;
use crate::error::Error;
use crate::item::Item;

/// A caller that wants up to `count` items, and at least one.
#[derive(Debug)]
pub(crate) struct Wish {
    pub(crate) count: usize,
    pub(crate) reply: oneshot::Sender<Result<Vec<Item>, Error>>,
}

#[derive(Debug, Default)]
pub(crate) struct Wishes {
    waiting: VecDeque<Wish>,
    wanted: usize,
    ready: BTreeMap<Place, Item>,
}

impl Wishes {
    pub(crate) fn add(&mut self, wish: Wish) {
        self.wanted = self.wanted.saturating_add(wish.count);
        self.waiting.push_back(wish);
    }

    /// Forgets callers that no longer wait.
    pub(crate) fn forget_gone(&mut self) {
        self.waiting.retain(|wish| !wish.reply.is_closed());
        self.wanted = self.waiting.iter().fold(0, |wanted, wish| wanted.saturating_add(wish.count));
    }

    pub(crate) fn are_none(&self) -> bool {
        self.waiting.is_empty()
    }

    /// How many items the callers want beyond those that are ready.
    pub(crate) fn missing(&self) -> usize {
        self.wanted.saturating_sub(self.ready.len())
    }

    pub(crate) fn ready(&self) -> usize {
        self.ready.len()
    }

    pub(crate) fn is_ready(&self, place: &Place) -> bool {
        self.ready.contains_key(place)
    }

    pub(crate) fn first_ready(&self) -> Option<&Place> {
        self.ready.keys().next()
    }

    pub(crate) fn ready_places(&self) -> impl Iterator<Item = &Place> {
        self.ready.keys()
    }

    pub(crate) fn keep(&mut self, item: Item) {
        self.ready.insert(item.place(), item);
    }

    /// Gives what is ready to those who wait, in order. Nothing from `barrier` on: a claim of that item is
    /// still under way, and what comes after it must not be handed out before it. While `more_is_coming` a
    /// wish for several items waits until it is filled.
    pub(crate) fn hand_out(&mut self, barrier: Option<&Place>, more_is_coming: bool) {
        while let Some(wish) = self.waiting.front() {
            let there = match barrier {
                Some(barrier) => self.ready.range(..barrier).take(wish.count).count(),
                None => self.ready.len().min(wish.count),
            };
            let is_gone = wish.reply.is_closed();
            if !is_gone && (there == 0 || (there < wish.count && more_is_coming)) {
                return;
            }
            let Some(wish) = self.waiting.pop_front() else { return };
            self.wanted = self.wanted.saturating_sub(wish.count);
            if is_gone {
                continue;
            }
            let mut items = Vec::with_capacity(there);
            while items.len() < there
                && let Some((_, item)) = self.ready.pop_first()
            {
                items.push(item);
            }
            if let Err(Ok(items)) = wish.reply.send(Ok(items)) {
                items.into_iter().for_each(|item| self.keep(item));
            }
        }
    }

    pub(crate) fn fail(&mut self, error: &Error) {
        self.wanted = 0;
        for wish in self.waiting.drain(..) {
            let _ = wish.reply.send(Err(error.clone()));
        }
    }

    /// All that is ready, in order.
    pub(crate) fn take_ready(&mut self) -> Vec<Item> {
        std::mem::take(&mut self.ready).into_values().collect()
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use crate::item::Certainty;

    type Answer = oneshot::Receiver<Result<Vec<Item>, Error>>;

    fn wish(wishes: &mut Wishes, count: usize) -> Answer {
        let (reply, answer) = oneshot::channel();
        wishes.add(Wish { count, reply });
        answer
    }

    fn keep(wishes: &mut Wishes, revision: i64) {
        wishes.keep(Item::new(b"q/1".as_slice().into(), vec![], revision, Certainty::Confirmed));
    }

    fn revisions(answer: &mut Answer) -> Vec<i64> {
        answer.try_recv().unwrap().unwrap().iter().map(Item::revision).collect()
    }

    #[test]
    fn nothing_overtakes_an_item_whose_claim_is_under_way() {
        let mut wishes = Wishes::default();
        let (mut first, mut second) = (wish(&mut wishes, 1), wish(&mut wishes, 1));
        keep(&mut wishes, 5);
        keep(&mut wishes, 7);
        wishes.hand_out(Some(&(6, b"q/1".as_slice().into())), true);
        assert_eq!(revisions(&mut first), [5]);
        assert!(second.try_recv().is_err());
        keep(&mut wishes, 6);
        wishes.hand_out(None, false);
        assert_eq!(revisions(&mut second), [6]);
        assert_eq!((wishes.ready(), wishes.missing()), (1, 0));
    }

    #[test]
    fn a_batch_waits_for_what_is_under_way_and_for_nothing_else() {
        let mut wishes = Wishes::default();
        let mut batch = wish(&mut wishes, 3);
        keep(&mut wishes, 5);
        wishes.hand_out(None, true);
        assert!(batch.try_recv().is_err());
        assert_eq!(wishes.missing(), 2);
        keep(&mut wishes, 6);
        wishes.hand_out(None, false);
        assert_eq!(revisions(&mut batch), [5, 6]);
    }

    #[test]
    fn callers_that_have_gone_want_nothing() {
        let mut wishes = Wishes::default();
        drop(wish(&mut wishes, 4));
        let mut stays = wish(&mut wishes, 1);
        wishes.forget_gone();
        assert_eq!(wishes.missing(), 1);
        drop(wish(&mut wishes, 4));
        keep(&mut wishes, 5);
        wishes.hand_out(None, false);
        assert_eq!(revisions(&mut stays), [5]);
        wishes.hand_out(None, false);
        assert!(wishes.are_none() && wishes.missing() == 0);
    }
}
