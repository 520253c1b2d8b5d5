//! How the actor takes in what has become of endings.

use std::time::Duration;

use tokio::time::Instant;

use crate::access::Setback;
use crate::error::Error;
use crate::lease::actor::{Actor, EndingDoubt};
use crate::lease::claim::{Grave, Orphan};
use crate::lease::delivery::Ticket;
use crate::lease::ending::{Ended, Ending, Fenced, Found, Kind, Sent};
use crate::lease::fence::Fence;
use crate::lease::record::{Expected, Noted};
use crate::meter::Ending as LostReply;
use crate::protocol::slot::{Settled, Slot};
use crate::slot::Settles;

/// How long until what could not be given back is tried again.
const TRIED_AGAIN_AFTER: Duration = Duration::from_secs(5);

impl Actor {
    pub(crate) fn endings_sent(
        &mut self,
        mut endings: Vec<Ending>,
        slot: Option<Slot>,
        answer: Result<Sent, Setback>,
    ) {
        self.under_way = self.under_way.saturating_sub(1);
        match (answer, slot) {
            (Ok(Sent::All(revision)), slot) => {
                if slot.is_some() {
                    self.full = None;
                }
                self.give_back(slot);
                self.hand_pace.all_is_well();
                endings.into_iter().for_each(|ending| self.ended_well(ending, Some(revision)));
            }
            (Ok(Sent::SlotGone), _) => {
                self.slots_are_gone();
                self.send_again(endings);
            }
            (Ok(Sent::Missed(found)), slot) => {
                self.give_back(slot);
                self.missed(endings, found);
            }
            (Ok(Sent::Full { found, error }), slot) => {
                self.give_back(slot);
                self.fill(error.clone());
                self.hand_pace.setback(Instant::now());
                self.refused_as_full(endings, found, &error);
            }
            // etcd may have carried them out before it said so. Nothing is under way: the slot tells.
            (Err(Setback::Full(error)), Some(slot)) => {
                self.ending_doubts.push(EndingDoubt { endings, slot, full: Some(error) });
            }
            (Err(Setback::Lost(reason)), Some(slot)) => {
                self.ending_doubts.push(EndingDoubt { endings, slot, full: None });
                self.set_back("an acknowledgement's reply was lost, settling it", Setback::Lost(reason));
            }
            (Err(setback @ (Setback::Lost(_) | Setback::Full(_))), None) => {
                endings.iter_mut().for_each(|ending| ending.may_be_done = true);
                self.send_again(endings);
                self.set_back("an acknowledgement's reply was lost, sending it again", setback);
            }
            (Err(Setback::Unsent(reason)), slot) => {
                self.give_back(slot);
                self.send_again(endings);
                self.set_back("acknowledging again", Setback::Unsent(reason));
            }
            (Err(Setback::Final(error)), slot) => {
                self.give_back(slot);
                self.hand_pace.setback(Instant::now());
                self.refused(endings, &error);
            }
        }
    }

    /// They go before all others.
    fn send_again(&mut self, endings: Vec<Ending>) {
        for mut ending in endings.into_iter().rev() {
            ending.is_back();
            self.pending.push_front(ending);
        }
    }

    /// etcd refuses endings for good.
    fn refused(&mut self, endings: Vec<Ending>, error: &Error) {
        for ending in endings {
            match ending {
                // Its letter is more than etcd takes along: it becomes one where it lies.
                Ending {
                    ticket, kind: Kind::Bury { grave: Grave::Apart, unix_ms, why, .. }, reply, ..
                } if matches!(error, Error::TooLarge { .. }) => {
                    let kind = Kind::Bury { grave: Grave::InPlace, value: Vec::new(), unix_ms, why };
                    self.pending.push_front(Ending { reply, ..Ending::new(ticket, kind) });
                }
                ending => self.ended_badly(ending, error.clone()),
            }
        }
    }

    fn missed(&mut self, endings: Vec<Ending>, found: Vec<Found>) {
        let mut left = Vec::new();
        let is_moved = found.iter().any(|found| *found != Found::Held);
        for (mut ending, found) in endings.into_iter().zip(found) {
            match found {
                Found::Fenced(fenced) => self.fenced(ending, fenced),
                Found::Done => self.ended_well(ending, None),
                Found::Unknown => self.ended_unknown(ending),
                Found::Held if matches!(ending.kind, Kind::Join { .. }) && !is_moved => {
                    self.ending.remove(ending.key());
                    ending.answer(Ok(Ended::NotMet));
                }
                Found::Held => left.push(ending),
            }
        }
        if !is_moved && !left.is_empty() {
            // It cannot be, and must not be a hot loop if it is.
            self.hand_pace.setback(Instant::now());
        }
        self.send_again(left);
    }

    /// Even by delete alone etcd takes nothing.
    fn refused_as_full(&mut self, endings: Vec<Ending>, found: Vec<Found>, error: &Error) {
        for (ending, found) in endings.into_iter().zip(found) {
            match found {
                Found::Fenced(fenced) => self.fenced(ending, fenced),
                Found::Done => self.ended_well(ending, None),
                Found::Unknown => self.ended_unknown(ending),
                // What was sent before may still be carried out.
                Found::Held if ending.may_be_done => {
                    let unknown = ending.unknown(&error.to_string());
                    self.ended_badly(ending, unknown);
                }
                Found::Held => self.ended_badly(ending, error.clone()),
            }
        }
    }

    /// A full etcd takes deletes alone: what writes is refused at once, and given back when there is room.
    pub(crate) fn refuse_writes(&mut self, error: &Error) {
        let (acks, writes): (Vec<_>, Vec<_>) = std::mem::take(&mut self.pending)
            .into_iter()
            .partition(|ending| matches!(ending.kind, Kind::Ack) || ending.may_be_done);
        self.pending = acks.into();
        writes.into_iter().for_each(|ending| self.ended_badly(ending, error.clone()));
    }

    pub(crate) fn endings_settled(&mut self, doubt: EndingDoubt, answer: Result<Settled, Setback>) {
        self.under_way = self.under_way.saturating_sub(1);
        self.settles = Settles::after(&answer);
        let EndingDoubt { mut endings, slot, full } = doubt;
        match answer {
            Ok(Settled::Applied { .. }) => {
                self.meter.settled("ack", LostReply::Applied);
                let revision = slot.revision();
                self.give_back(Some(slot));
                endings.into_iter().for_each(|ending| self.ended_well(ending, Some(revision)));
            }
            Ok(Settled::Void) => {
                self.meter.settled("ack", LostReply::Void);
                self.give_back(Some(slot));
                // By delete alone, those that can be.
                full.into_iter().for_each(|error| self.fill(error));
                self.send_again(endings);
            }
            // Whether they were carried out item and record tell, as far as they do.
            Ok(Settled::SlotGone) => {
                self.meter.settled("ack", LostReply::Unknown);
                self.slots_are_gone();
                endings.iter_mut().for_each(|ending| ending.may_be_done = true);
                self.send_again(endings);
            }
            Err(Setback::Final(error)) => {
                self.meter.settled("ack", LostReply::Unknown);
                // Whatever comes of it, the slot finds out when it is used again.
                self.give_back(Some(slot));
                self.hand_pace.setback(Instant::now());
                for ending in endings {
                    let unknown = ending.unknown(&error.to_string());
                    self.ended_badly(ending, unknown);
                }
            }
            Err(setback) => {
                self.ending_doubts.push(EndingDoubt { endings, slot, full });
                self.set_back("an acknowledgement is still to be settled", setback);
            }
        }
    }

    /// Lets go of an ending's item, if it is the one that is held. Whether it was.
    fn let_go(&mut self, ticket: &Ticket) -> bool {
        let is_held = self.holds(ticket);
        if is_held {
            self.held.remove(&ticket.place.1);
            self.ending.remove(&ticket.place.1);
            self.shelf.is_back(&ticket.place);
        }
        is_held
    }

    /// It was carried out, at this revision if that is known.
    fn ended_well(&mut self, mut ending: Ending, revision: Option<i64>) {
        let was_held = self.let_go(&ending.ticket);
        let at = revision.unwrap_or(ending.ticket.claim.saturating_add(1));
        match &ending.kind {
            Kind::Ack | Kind::Join { .. } => {
                self.shelf.forget_claim(ending.key(), at);
                self.lease_meter.acked.increment(1);
            }
            Kind::Bury { grave, .. } => {
                // One in its place is told of by the watch.
                if *grave == Grave::Apart {
                    self.shelf.forget_claim(ending.key(), at);
                }
                self.lease_meter.dead_letters.increment(1);
            }
            Kind::Release { .. } | Kind::Nack { .. } => {
                if let Some(record) = ending.released() {
                    self.shelf.note(ending.key(), Noted::written(record, at));
                }
                self.lease_meter.released.increment(1);
                if was_held {
                    self.put_back(&ending.ticket);
                }
            }
        }
        ending.answer(Ok(Ended::Committed { revision: at }));
    }

    /// It may have been carried out, and nobody can tell.
    fn ended_unknown(&mut self, mut ending: Ending) {
        // If it is still stored it is anybody's.
        if self.let_go(&ending.ticket) {
            self.put_back(&ending.ticket);
        }
        let unknown = ending.unknown("its reply was lost, and its session has ended");
        tracing::warn!(range = self.access.range(), error = %unknown, "a claim may be ended");
        ending.answer(Err(unknown));
    }

    fn fenced(&mut self, mut ending: Ending, fenced: Fenced) {
        self.lease_meter.fenced.increment(1);
        let Fenced { fence, record, is_stored } = fenced;
        let was_held = self.let_go(&ending.ticket);
        if let Some(noted) = record {
            self.shelf.note(ending.key(), noted);
        }
        if was_held && is_stored {
            self.put_back(&ending.ticket);
        }
        if fence == Fence::Taken {
            let record = Expected::This(ending.ticket.record());
            self.orphans.leave(Orphan { item: ending.key().clone(), record, owner: None });
        }
        let error = ending.fenced(fence);
        tracing::debug!(range = self.access.range(), %error, "an ending is refused");
        ending.answer(Err(error));
    }

    pub(crate) fn ended_badly(&mut self, mut ending: Ending, error: Error) {
        tracing::warn!(range = self.access.range(), %error, "a claim could not be ended");
        let is_ours = self.holds(&ending.ticket);
        let stays = matches!(ending.kind, Kind::Join { .. }) && ending.reply.is_some();
        ending.answer(Err(error));
        let again_at = Instant::now() + TRIED_AGAIN_AFTER;
        let ticket = ending.ticket;
        if !is_ours {
            // A stray is looked at again: it may still be there.
            if self.is_current(&ticket) {
                self.strays.insert(ticket.place.1, again_at);
            }
        } else if !self.is_current(&ticket) {
            self.let_go(&ticket);
            self.put_back(&ticket);
        } else if stays {
            self.ending.remove(&ticket.place.1);
        } else {
            let kind = match ending.kind {
                Kind::Release { not_before_ms, attempts } => Kind::Release { not_before_ms, attempts },
                _ => Kind::Release { not_before_ms: 0, attempts: ticket.attempts },
            };
            self.again.push((again_at, Ending::new(ticket, kind)));
        }
    }

    /// Whether a claim is of the session there is.
    fn is_current(&self, ticket: &Ticket) -> bool {
        self.incumbent.as_ref().is_some_and(|incumbent| incumbent.id == ticket.session)
    }
}
