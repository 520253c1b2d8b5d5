//! How the actor takes in what has become of endings.

use std::time::Duration;

use tokio::time::Instant;

use crate::access::Setback;
use crate::error::Error;
use crate::lease::actor::Actor;
use crate::lease::claim::Orphan;
use crate::lease::claims::Noted;
use crate::lease::delivery::Ticket;
use crate::lease::ending::{Ended, Ending, Found, Kind, Sent};
use crate::lease::fence::Fence;
use crate::meter::Ending as LostReply;
use crate::protocol::slot::{Settled, Slot};
use crate::slot::Settles;

/// How long until what could not be given back is tried again.
const TRIED_AGAIN_AFTER: Duration = Duration::from_secs(5);

impl Actor {
    pub(crate) fn endings_sent(&mut self, endings: Vec<Ending>, slot: Slot, answer: Result<Sent, Setback>) {
        self.under_way = self.under_way.saturating_sub(1);
        match answer {
            Ok(Sent::All(revision)) => {
                self.give_back(slot);
                self.hand_pace.all_is_well();
                endings.into_iter().for_each(|ending| self.ended_well(ending, revision));
            }
            Ok(Sent::SlotGone) => {
                endings.into_iter().rev().for_each(|ending| self.pending.push_front(ending));
                self.give_back(slot);
            }
            Ok(Sent::Missed(found)) => {
                self.give_back(slot);
                self.missed(endings, found);
            }
            Err(Setback::Lost(reason)) => {
                self.ending_doubts.push((endings, slot));
                self.set_back("an acknowledgement's reply was lost, settling it", Setback::Lost(reason));
            }
            Err(Setback::Unsent(reason)) => {
                self.give_back(slot);
                endings.into_iter().rev().for_each(|ending| self.pending.push_front(ending));
                self.set_back("acknowledging again", Setback::Unsent(reason));
            }
            Err(Setback::Final(error) | Setback::Full(error)) => {
                self.give_back(slot);
                self.hand_pace.setback(Instant::now());
                endings.into_iter().for_each(|ending| self.ended_badly(ending, error.clone()));
            }
        }
    }

    fn missed(&mut self, endings: Vec<Ending>, found: Vec<Option<Found>>) {
        let mut left = Vec::new();
        let is_fenced = found.iter().any(Option::is_some);
        for (mut ending, found) in endings.into_iter().zip(found) {
            match found {
                Some(found) => self.fenced(ending, found),
                None if matches!(ending.kind, Kind::Join { .. }) && !is_fenced => {
                    self.ending.remove(ending.key());
                    ending.answer(Ok(Ended::NotMet));
                }
                None => left.push(ending),
            }
        }
        if !is_fenced && !left.is_empty() {
            // It cannot be, and must not be a hot loop if it is.
            self.hand_pace.setback(Instant::now());
        }
        left.into_iter().rev().for_each(|ending| self.pending.push_front(ending));
    }

    pub(crate) fn endings_settled(
        &mut self,
        endings: Vec<Ending>,
        slot: Slot,
        answer: Result<Settled, Setback>,
    ) {
        self.under_way = self.under_way.saturating_sub(1);
        self.settles = Settles::after(&answer);
        match answer {
            Ok(Settled::Applied { .. }) => {
                self.meter.settled("ack", LostReply::Applied);
                let revision = slot.revision();
                self.give_back(slot);
                endings.into_iter().for_each(|ending| self.ended_well(ending, revision));
            }
            // If they were carried out, sending them again finds that.
            Ok(Settled::Void | Settled::SlotGone) => {
                self.meter.settled("ack", LostReply::Void);
                self.give_back(slot);
                endings.into_iter().rev().for_each(|ending| self.pending.push_front(ending));
            }
            Err(Setback::Final(error) | Setback::Full(error)) => {
                self.meter.settled("ack", LostReply::Unknown);
                // Whatever comes of it, the slot finds out when it is used again.
                self.give_back(slot);
                self.hand_pace.setback(Instant::now());
                for ending in endings {
                    let key = ending.key().escape_ascii().to_string();
                    self.ended_badly(ending, Error::Unacknowledged { key, reason: error.to_string() });
                }
            }
            Err(setback) => {
                self.ending_doubts.push((endings, slot));
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

    fn ended_well(&mut self, mut ending: Ending, revision: i64) {
        let was_held = self.let_go(&ending.ticket);
        match &ending.kind {
            Kind::Ack | Kind::Join { .. } => {
                self.shelf.forget_claim(ending.key(), revision);
                self.lease_meter.acked.increment(1);
            }
            Kind::Bury { .. } => {
                self.shelf.forget_claim(ending.key(), revision);
                self.lease_meter.dead_letters.increment(1);
            }
            Kind::Release { .. } | Kind::Nack { .. } => {
                if let Some(record) = ending.released() {
                    self.shelf.note(ending.key(), Noted { record, revision });
                }
                self.lease_meter.released.increment(1);
                if was_held {
                    self.put_back(&ending.ticket);
                }
            }
        }
        ending.answer(Ok(Ended::Committed { revision }));
    }

    fn fenced(&mut self, mut ending: Ending, found: Found) {
        self.lease_meter.fenced.increment(1);
        let was_held = self.let_go(&ending.ticket);
        if let Some((revision, record)) = found.record {
            self.shelf.note(ending.key(), Noted { record, revision });
        }
        if was_held && found.is_stored {
            self.put_back(&ending.ticket);
        }
        if found.fence == Fence::Taken {
            let orphan = Orphan { item: ending.key().clone(), record: ending.ticket.claim, owner: None };
            self.tidy(vec![orphan]);
        }
        let error = ending.fenced(&found);
        tracing::debug!(range = self.access.range(), %error, "an ending is refused");
        ending.answer(Err(error));
    }

    fn ended_badly(&mut self, mut ending: Ending, error: Error) {
        tracing::warn!(range = self.access.range(), %error, "a claim could not be ended");
        let is_ours = self.holds(&ending.ticket);
        let stays = matches!(ending.kind, Kind::Join { .. }) && ending.reply.is_some();
        ending.answer(Err(error));
        if !is_ours {
            return;
        }
        let ticket = ending.ticket;
        if self.incumbent.as_ref().is_none_or(|incumbent| incumbent.id != ticket.session) {
            self.let_go(&ticket);
            self.put_back(&ticket);
        } else if stays {
            self.ending.remove(&ticket.place.1);
        } else {
            let kind = match ending.kind {
                Kind::Release { not_before_ms, attempts } => Kind::Release { not_before_ms, attempts },
                _ => Kind::Release { not_before_ms: 0, attempts: ticket.attempts },
            };
            self.again.push((Instant::now() + TRIED_AGAIN_AFTER, Ending { ticket, kind, reply: None }));
        }
    }
}
