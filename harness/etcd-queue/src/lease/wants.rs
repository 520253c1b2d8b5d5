//! The callers that wait, and what is claimed and handed to nobody yet.

use std::collections::{BTreeMap, VecDeque};

use tokio::sync::oneshot;
use tokio::time::Instant;

use crate::cache::Place;
use crate::error::Error;
use crate::lease::delivery::Claimed;

/// A caller that wants up to `count` items, and at least one.
#[derive(Debug)]
pub(crate) struct Want {
    pub(crate) count: usize,
    pub(crate) reply: oneshot::Sender<Result<Vec<Claimed>, Error>>,
}

#[derive(Debug, Default)]
pub(crate) struct Wants {
    waiting: VecDeque<Want>,
    wanted: usize,
    ready: BTreeMap<Place, Claimed>,
    /// Since when there are items for nobody.
    idle_since: Option<Instant>,
}

impl Wants {
    pub(crate) fn add(&mut self, want: Want) {
        self.wanted = self.wanted.saturating_add(want.count);
        self.waiting.push_back(want);
    }

    /// Forgets callers that no longer wait.
    pub(crate) fn forget_gone(&mut self) {
        self.waiting.retain(|want| !want.reply.is_closed());
        self.wanted = self.waiting.iter().fold(0, |wanted, want| wanted.saturating_add(want.count));
    }

    pub(crate) fn are_none(&self) -> bool {
        self.waiting.is_empty()
    }

    /// How many items the callers want beyond those that are ready.
    pub(crate) fn missing(&self) -> usize {
        self.wanted.saturating_sub(self.ready.len())
    }

    pub(crate) fn keep(&mut self, claimed: Claimed) {
        self.ready.insert(claimed.ticket.place.clone(), claimed);
    }

    /// Since when items have been ready for nobody.
    pub(crate) fn idle_since(&mut self, now: Instant) -> Option<Instant> {
        self.idle_since = match self.waiting.is_empty() && !self.ready.is_empty() {
            true => Some(self.idle_since.unwrap_or(now)),
            false => None,
        };
        self.idle_since
    }

    /// Gives what is ready to those who wait, in order; nothing from `barrier` on, whose claim is under way.
    /// While more is coming a want of several items waits until it is filled. Says who got something.
    pub(crate) fn hand_out(&mut self, barrier: Option<&Place>) -> Vec<Claimed> {
        let mut undeliverable = Vec::new();
        while let Some(want) = self.waiting.front() {
            let there = match barrier {
                Some(barrier) => self.ready.range(..barrier).take(want.count).count(),
                None => self.ready.len().min(want.count),
            };
            let is_gone = want.reply.is_closed();
            if !is_gone && (there == 0 || (there < want.count && barrier.is_some())) {
                return undeliverable;
            }
            let Some(want) = self.waiting.pop_front() else { return undeliverable };
            self.wanted = self.wanted.saturating_sub(want.count);
            if is_gone {
                continue;
            }
            let mut items = Vec::with_capacity(there);
            while items.len() < there
                && let Some((_, item)) = self.ready.pop_first()
            {
                items.push(item);
            }
            if let Err(Ok(items)) = want.reply.send(Ok(items)) {
                undeliverable.extend(items);
            }
        }
        undeliverable
    }

    pub(crate) fn fail(&mut self, error: &Error) {
        self.wanted = 0;
        for want in self.waiting.drain(..) {
            let _ = want.reply.send(Err(error.clone()));
        }
    }

    /// All that is ready, in order.
    pub(crate) fn take_ready(&mut self) -> Vec<Claimed> {
        std::mem::take(&mut self.ready).into_values().collect()
    }
}
