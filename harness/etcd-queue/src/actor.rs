//! The task that owns all reading and claiming of a queue. Callers only register a wish and wait; a caller
//! that stops waiting leaves nothing half done, and an item that was claimed for it goes to the next one.
//!
//! Nothing is sent for nobody: the range is listed and watched from the first wish on, a link that breaks
//! is made again when there is a wish, and an item is claimed only while somebody waits for one.

use std::collections::{BTreeMap, VecDeque};

use tokio::sync::{mpsc, oneshot};
use tokio::time::Instant;

use crate::access::{Access, Setback};
use crate::cache::{Cache, Change};
use crate::claim::{Answer, Claim, Doubt, Settlement, settle};
use crate::error::Error;
use crate::farewell::{put_back, settle_doubt};
use crate::hand::{Hand, HandEvent};
use crate::item::Item;
use crate::link::{Entry, Failure, Link, LinkEvent};
use crate::listing::{Listing, Read};
use crate::pace::Pace;
use crate::watch::{End, News, Watch};

/// How many items in line are read at once when their values are not known.
const WINDOW: usize = 16;

/// What callers tell the actor.
#[derive(Debug)]
pub(crate) enum Command {
    Next(oneshot::Sender<Result<Item, Error>>),
    /// An item reached a caller that no longer waited for it.
    Return(Item),
    Close(oneshot::Sender<Result<(), Error>>),
}

pub(crate) struct Actor {
    access: Access,
    commands: mpsc::UnboundedReceiver<Command>,
    waiting: VecDeque<oneshot::Sender<Result<Item, Error>>>,
    /// Claimed and handed to nobody yet, in order.
    ready: BTreeMap<(i64, Vec<u8>), Item>,
    cache: Cache,
    link: Link,
    link_pace: Pace,
    hand: Hand,
    hand_pace: Pace,
    /// A claim whose reply was lost: settled before anything else is claimed.
    doubt: Option<Claim>,
}

impl Actor {
    pub(crate) fn new(access: Access, commands: mpsc::UnboundedReceiver<Command>, paces: [Pace; 2]) -> Self {
        let [link_pace, hand_pace] = paces;
        Self {
            access,
            commands,
            waiting: VecDeque::new(),
            ready: BTreeMap::new(),
            cache: Cache::default(),
            link: Link::Down(Entry::AsIs),
            link_pace,
            hand: Hand::Free,
            hand_pace,
            doubt: None,
        }
    }

    /// Ends when the last handle of the queue is dropped.
    pub(crate) async fn run(mut self) {
        loop {
            self.hand_out();
            self.plan();
            tokio::select! {
                biased;
                command = self.commands.recv() => match command {
                    Some(Command::Next(caller)) => self.waiting.push_back(caller),
                    Some(Command::Return(item)) => self.keep(item),
                    Some(Command::Close(caller)) => {
                        let left = self.end().await;
                        if let Err(left) = caller.send(left) {
                            self.report(left);
                        }
                        return self.stay_closed().await;
                    }
                    None => {
                        let left = self.end().await;
                        return self.report(left);
                    }
                },
                event = self.link.event() => self.on_link(event),
                event = self.hand.event() => self.on_hand(event),
            }
        }
    }

    fn keep(&mut self, item: Item) {
        self.ready.insert((item.revision(), item.key().to_vec()), item);
    }

    /// Gives what was claimed to those who wait, and forgets those who no longer do.
    fn hand_out(&mut self) {
        self.waiting.retain(|caller| !caller.is_closed());
        while let Some(caller) = self.waiting.pop_front() {
            let Some((_, item)) = self.ready.pop_first() else {
                self.waiting.push_front(caller);
                return;
            };
            if let Err(Ok(item)) = caller.send(Ok(item)) {
                self.keep(item);
            }
        }
    }

    /// Starts what is to be done next, if anybody waits.
    fn plan(&mut self) {
        if self.waiting.is_empty() {
            return;
        }
        let now = Instant::now();
        if let Link::Down(entry) = self.link {
            self.link = Link::make(self.access.clone(), entry, self.link_pace.rest(now));
        }
        // While the link is down a claim would mostly fail, and each that is lost on the way is a doubt.
        if !matches!((&self.link, &self.hand), (Link::Up(_), Hand::Free)) {
            return;
        }
        let rest = self.hand_pace.rest(now);
        if let Some(claim) = self.doubt.take() {
            self.hand = Hand::claim(self.access.clone(), claim, rest);
            return;
        }
        let Some(head) = self.cache.head() else { return };
        self.hand = match head.value {
            None => Hand::read(self.access.clone(), self.cache.unread(WINDOW), rest),
            Some(value) => {
                let (key, value) = (head.key.to_vec(), value.to_vec());
                let claim = Claim { key, revision: head.revision, value, doubt: Doubt::None };
                Hand::claim(self.access.clone(), claim, rest)
            }
        };
    }

    fn on_link(&mut self, event: LinkEvent) {
        match event {
            LinkEvent::Made(Ok((listing, watch))) => self.link_is_up(listing, watch),
            LinkEvent::Made(Err(Failure::Watch(end))) | LinkEvent::News(News::Ended(end)) => {
                self.link_ended(end);
            }
            LinkEvent::Made(Err(Failure::Request(setback))) => {
                self.link = Link::Down(Entry::AsIs);
                let rest = self.link_pace.setback(Instant::now());
                match setback {
                    Setback::Final(error) => self.fail_callers(&error),
                    Setback::Unsent(reason) | Setback::Lost(reason) => {
                        tracing::warn!(range = self.access.prefix().shown(), reason, ?rest, "listing again");
                    }
                }
            }
            LinkEvent::News(News::Created) => {}
            LinkEvent::News(News::Changes(changes)) => {
                changes.into_iter().for_each(|change| self.cache.apply(change));
            }
        }
    }

    fn link_is_up(&mut self, listing: Listing, watch: Box<Watch>) {
        let (items, revision) = (listing.cache.len(), listing.revision);
        tracing::debug!(range = self.access.prefix().shown(), items, revision, "listed and watching");
        self.cache = listing.cache;
        self.link = Link::Up(watch);
    }

    fn link_ended(&mut self, end: End) {
        let rest = self.link_pace.setback(Instant::now());
        tracing::warn!(
            range = self.access.prefix().shown(),
            ?end,
            ?rest,
            "the watch ended, listing and watching again"
        );
        self.link = Link::Down(match end {
            End::Login(_) => Entry::FreshLogin,
            End::Compacted { .. } | End::Cancelled(_) | End::Broken(_) | End::Silent => Entry::AsIs,
        });
    }

    fn on_hand(&mut self, event: HandEvent) {
        self.hand = Hand::Free;
        match event {
            HandEvent::Read(Ok(reads)) => reads.into_iter().for_each(|read| match read {
                Read::Stored { key, revision, value } => self.cache.read(key, revision, value),
                Read::Gone { key, revision } => self.cache.apply(Change::Delete { key, revision }),
            }),
            HandEvent::Read(Err(setback)) => self.hand_set_back("the values are read again", setback),
            HandEvent::Claimed(claim, answer) => self.claimed(claim, answer),
        }
    }

    fn claimed(&mut self, mut claim: Claim, answer: Result<Answer, Setback>) {
        let setback = match answer {
            Ok(answer) => {
                self.cache.forget(&claim.key, claim.revision);
                match settle(claim, answer) {
                    Settlement::Ours(item) => self.keep(item),
                    Settlement::LostRace => {}
                }
                return;
            }
            Err(setback) => setback,
        };
        if matches!(setback, Setback::Lost(_)) {
            claim.doubt = Doubt::ReplyLost;
        }
        if claim.doubt == Doubt::ReplyLost {
            self.doubt = Some(claim);
        }
        self.hand_set_back("the claim is sent again", setback);
    }

    fn hand_set_back(&mut self, what: &'static str, setback: Setback) {
        let rest = self.hand_pace.setback(Instant::now());
        match setback {
            Setback::Final(error) => self.fail_callers(&error),
            Setback::Unsent(reason) | Setback::Lost(reason) => {
                tracing::warn!(range = self.access.prefix().shown(), reason, ?rest, "{what}");
            }
        }
    }

    fn fail_callers(&mut self, error: &Error) {
        for caller in self.waiting.drain(..) {
            let _ = caller.send(Err(error.clone()));
        }
    }

    /// Ends all reading and claiming, and puts back what was claimed for nobody.
    async fn end(&mut self) -> Result<(), Error> {
        self.fail_callers(&Error::Closed);
        self.link = Link::Down(Entry::AsIs);
        if let Hand::Claiming(_) = self.hand {
            let event = self.hand.event().await;
            self.on_hand(event);
        }
        self.hand = Hand::Free;
        if let Some(claim) = self.doubt.take() {
            let item = settle_doubt(&self.access, claim, &mut self.hand_pace).await;
            item.into_iter().for_each(|item| self.keep(item));
        }
        let items = std::mem::take(&mut self.ready).into_values().collect();
        put_back(&self.access, items, &mut self.hand_pace).await
    }

    /// Answers those who still hold the queue, until the last of them drops it.
    async fn stay_closed(mut self) {
        while let Some(command) = self.commands.recv().await {
            match command {
                Command::Next(caller) => drop(caller.send(Err(Error::Closed))),
                Command::Close(caller) => drop(caller.send(Ok(()))),
                Command::Return(item) => {
                    let left = put_back(&self.access, vec![item], &mut self.hand_pace).await;
                    self.report(left);
                }
            }
        }
    }

    /// For the cases in which no caller is left to hand an item to.
    fn report(&self, left: Result<(), Error>) {
        if let Err(error) = left {
            tracing::error!(range = self.access.prefix().shown(), %error, "claimed items are lost");
        }
    }
}
