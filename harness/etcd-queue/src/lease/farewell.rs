//! The end of a queue: what is about to be acknowledged is, and everything else that is held is given back at
//! once. A queue that ends does not wait for an etcd that is away: its session's end gives back what it
//! could not.

use futures::StreamExt;
use tokio::time::{Instant, sleep, timeout_at};

use crate::error::Error;
use crate::lease::actor::{Actor, Command, unhanded};
use crate::lease::ending::{Ending, Kind};
use crate::link::{Entry, Link};
use crate::membership;

impl Actor {
    pub(crate) async fn end(&mut self) {
        self.wants.fail(&Error::Closed);
        (self.items, self.claims) = (Link::Down(Entry::AsIs), Link::Down(Entry::AsIs));
        let limit = Instant::now() + self.access.deadline();
        // Claims under way: their items are to be given back too.
        self.work_until(limit, |actor| actor.claiming == 0 && actor.under_way + actor.pending.len() == 0)
            .await;
        for (_, ending) in std::mem::take(&mut self.again) {
            self.pending.push_back(ending);
        }
        for claimed in self.wants.take_ready() {
            self.accept(unhanded(claimed.ticket));
        }
        let left: Vec<Ending> = self
            .held
            .values()
            .filter(|holding| !self.ending.contains(&holding.ticket.place.1))
            .map(|holding| {
                let ticket = holding.ticket.clone();
                let attempts = ticket.attempts;
                Ending::new(ticket, Kind::Release { not_before_ms: 0, attempts })
            })
            .collect();
        left.into_iter().for_each(|ending| self.accept(ending));
        self.work_until(limit, |actor| {
            actor.under_way + actor.pending.len() + actor.ending_doubts.len() == 0
        })
        .await;
        let is_settled = self.ending_doubts.is_empty() && self.under_way == 0;
        self.give_up();
        if let Some(incumbent) = self.incumbent.take() {
            incumbent.term.end();
            membership::leave(&self.access, incumbent.lease_id).await;
        }
        if let Some(session) = self.slots_of.take().filter(|_| is_settled) {
            session.end(&self.access).await;
        }
    }

    /// Goes on with what is under way and what is pending, until all is done or the time is up.
    async fn work_until(&mut self, limit: Instant, is_done: impl Fn(&Self) -> bool) {
        while !is_done(self) {
            let now = Instant::now();
            self.wake = None;
            self.plan_endings(now);
            let rest = self.hand_pace.rest(now);
            if self.hands.is_empty() && rest.is_zero() {
                // Nothing is under way, and there is nothing to send what is left with.
                return;
            }
            let event = async {
                tokio::select! {
                    biased;
                    Some(event) = self.hands.next(), if !self.hands.is_empty() => Some(event),
                    () = sleep(rest), if !rest.is_zero() => None,
                }
            };
            match timeout_at(limit, event).await {
                Ok(Some(event)) => self.on_hand(event),
                Ok(None) => {}
                Err(_) => return,
            }
        }
    }

    /// Tells those who wait for an acknowledgement that nobody knows; or that it was never sent.
    fn give_up(&mut self) {
        // What is under way answers so by itself.
        self.hands.clear();
        let in_doubt = std::mem::take(&mut self.ending_doubts).into_iter().flat_map(|doubt| doubt.endings);
        for mut ending in in_doubt {
            let unknown = ending.unknown("the queue was closed while etcd was away");
            ending.answer(Err(unknown));
        }
        for mut ending in std::mem::take(&mut self.pending) {
            let unknown = ending.unknown("the queue was closed while etcd was away");
            ending.answer(Err(if ending.may_be_done { unknown } else { Error::Closed }));
        }
        self.held.clear();
    }

    /// Answers those who still hold the queue or a delivery, until the last of them is dropped.
    pub(crate) async fn stay_closed(mut self) {
        while let Some(command) = self.commands.recv().await {
            match command {
                Command::Next(want) => drop(want.reply.send(Err(Error::Closed))),
                Command::End(mut ending) => ending.answer(Err(Error::Closed)),
                Command::Close(caller) => drop(caller.send(())),
                Command::Gone | Command::Return(_) => {}
            }
        }
    }
}
