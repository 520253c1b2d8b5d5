//! Calls: what is asked of the subject, and what becomes of it.

use std::{collections::VecDeque, time::Duration};

use tokio::time::Instant;

use super::{
    cast::{Listing, Standing},
    harness_queue::{filled, item_of},
    producer::shares,
    timeline::Stage,
};
use crate::{
    history::{Acceptance, Happening, Inconclusive},
    scenario::{Enqueue, OnError, PROBE_PREFIX, PRODUCER_CLIENT},
    subject::{Call, Request, Returned},
};

/// How long a producer of the subject's that tries again rests after an error.
const ENQUEUE_REPEAT: Duration = Duration::from_millis(100);

/// One item that the subject is writing, and the rest of its share.
#[derive(Debug)]
pub(super) struct SubjectEnqueue {
    step: Enqueue,
    item: String,
    rest: VecDeque<String>,
}

impl Stage<'_> {
    /// The consumer makes a call.
    pub(super) fn call(&mut self, index: usize) {
        let id = self.new_call();
        let Some(actor) = self.cast.get_mut(index) else { return };
        let listing = actor.calls(id);
        let consumer = actor.consumer.clone();
        if listing == Listing::Listed {
            self.record.write(Happening::Called { consumer: consumer.name.clone(), call: id });
        }
        self.calls.insert(id, index);
        *self.waiting.entry(consumer.client.clone()).or_default() += 1;
        let call = Call::Consume { call: consumer.call, consumer: consumer.name, prefix: consumer.prefix };
        self.set.ask(Request::Call { id, client: consumer.client, call });
    }

    /// The consumer gives its open call up, if it has one, and makes no other.
    pub(super) fn cancel(&mut self, name: &str) {
        let Some(actor) = self.cast.iter_mut().find(|actor| actor.consumer.name == name) else { return };
        match actor.standing {
            Standing::Waiting { call } => {
                self.cancelling.insert(call);
                self.set.ask(Request::Cancel { id: call });
            }
            Standing::NotStarted | Standing::Due(_) => actor.standing = Standing::Stopped,
            Standing::Stopped | Standing::Served => {}
        }
    }

    /// A call was given up.
    pub(super) fn cancelled(&mut self, id: u64) -> Result<(), Inconclusive> {
        let (true, Some(index)) = (self.cancelling.remove(&id), self.calls.remove(&id)) else {
            return Err(Inconclusive::Protocol(format!("call {id} was cancelled, which nobody asked for")));
        };
        let Some(actor) = self.cast.get_mut(index) else { return Ok(()) };
        actor.standing = Standing::Stopped;
        let (consumer, client) = (actor.consumer.name.clone(), actor.consumer.client.clone());
        self.no_longer_waiting(&client);
        self.record.write(Happening::Cancelled { consumer, call: id });
        Ok(())
    }

    /// Has the subject write these items: one after the other, or several at once.
    pub(super) fn subject_enqueues(&mut self, step: &Enqueue) {
        for share in shares(&step.values, step.producers) {
            let mut rest: VecDeque<_> = share.into();
            let Some(item) = rest.pop_front() else { continue };
            self.subject_enqueues_next(SubjectEnqueue { step: step.clone(), item, rest });
        }
    }

    pub(super) fn subject_enqueues_next(&mut self, enqueue: SubjectEnqueue) {
        let id = self.new_call();
        let Enqueue { prefix, bytes, .. } = &enqueue.step;
        let (item, prefix) = (enqueue.item.clone(), prefix.clone());
        self.record.write(Happening::EnqueueBegan { item: item.clone(), prefix: prefix.clone() });
        let call = Call::Enqueue { prefix, value: filled(&item, *bytes) };
        self.set.ask(Request::Call { id, client: PRODUCER_CLIENT.to_owned(), call });
        self.subject_enqueues.insert(id, enqueue);
    }

    /// A call has returned.
    pub(super) fn returned(&mut self, id: u64, returned: Returned) -> Result<(), Inconclusive> {
        if let Some(enqueue) = self.subject_enqueues.remove(&id) {
            return self.subject_enqueued(enqueue, returned);
        }
        if let Some(index) = self.acks.remove(&id) {
            return self.acknowledged(index, id, returned);
        }
        match self.calls.remove(&id) {
            Some(index) => self.consumer_returned(index, id, returned),
            None => Err(Inconclusive::Protocol(format!("an answer to call {id}, which is not open"))),
        }
    }

    fn subject_enqueued(
        &mut self,
        mut enqueue: SubjectEnqueue,
        returned: Returned,
    ) -> Result<(), Inconclusive> {
        let acceptance = match returned {
            Returned::Done => Acceptance::Acknowledged,
            Returned::Error(error) => Acceptance::Unknown(error),
            Returned::Unsupported => return Err(Inconclusive::Unsupported("enqueue".to_owned())),
            Returned::Item { item, .. } => {
                return Err(Inconclusive::Protocol(format!("an enqueue returned the item {item:?}")));
            }
        };
        let again = acceptance != Acceptance::Acknowledged && enqueue.step.on_error == OnError::Retry;
        self.record.write(Happening::EnqueueEnded { item: enqueue.item.clone(), acceptance });
        self.progress(PRODUCER_CLIENT.to_owned());
        if again {
            self.repeated_enqueues.push((Instant::now() + ENQUEUE_REPEAT, enqueue));
        } else if let Some(item) = enqueue.rest.pop_front() {
            self.subject_enqueues_next(SubjectEnqueue { item, ..enqueue });
        }
        Ok(())
    }

    fn consumer_returned(&mut self, index: usize, id: u64, returned: Returned) -> Result<(), Inconclusive> {
        let (now, pace) = (Instant::now(), self.set.pace);
        let given_up = self.cancelling.remove(&id);
        let Some(actor) = self.cast.get_mut(index) else { return Ok(()) };
        let consumer = actor.consumer.name.clone();
        let client = actor.consumer.client.clone();
        let mut listing = Listing::Listed;
        let mut token = None;
        let mut spin = None;
        let returned = match returned {
            Returned::Unsupported if given_up => return Err(Inconclusive::Unsupported("cancel".to_owned())),
            Returned::Unsupported => {
                return Err(Inconclusive::Unsupported(actor.consumer.call.name().to_owned()));
            }
            Returned::Item { item, ack } => {
                token = ack.clone();
                let item = item_of(&item);
                if item.starts_with(PROBE_PREFIX) {
                    actor.served()
                } else {
                    actor.succeeded(now, pace)
                }
                Returned::Item { item, ack }
            }
            // What is not a queue's call is made once.
            Returned::Done => {
                actor.served();
                Returned::Done
            }
            Returned::Error(text) => {
                let failure = actor.failed(now, pace);
                listing = failure.listing;
                spin = failure.spin;
                Returned::Error(text)
            }
        };
        if given_up {
            actor.standing = Standing::Stopped;
        }
        self.no_longer_waiting(&client);
        if let Some(failures) = spin {
            self.record.write(Happening::CallsSpinning { consumer: consumer.clone(), failures });
        }
        if listing == Listing::Listed {
            self.record.write(Happening::Returned { consumer, call: id, returned });
        }
        self.progress(client.clone());
        if let Some(token) = token {
            let id = self.new_call();
            self.acks.insert(id, index);
            self.set.ask(Request::Call { id, client, call: Call::Ack { token } });
        }
        Ok(())
    }

    /// An acknowledgement that fails is a failure of its consumer's.
    fn acknowledged(&mut self, index: usize, id: u64, returned: Returned) -> Result<(), Inconclusive> {
        match returned {
            Returned::Done => Ok(()),
            Returned::Error(_) => {
                if let Some(actor) = self.cast.get(index) {
                    let consumer = actor.consumer.name.clone();
                    self.record.write(Happening::Returned { consumer, call: id, returned });
                }
                Ok(())
            }
            Returned::Unsupported => Err(Inconclusive::Unsupported("ack".to_owned())),
            Returned::Item { item, .. } => {
                Err(Inconclusive::Protocol(format!("an acknowledgement returned the item {item:?}")))
            }
        }
    }

    fn no_longer_waiting(&mut self, client: &str) {
        if let Some(waiting) = self.waiting.get_mut(client) {
            *waiting = waiting.saturating_sub(1);
        }
    }
}
