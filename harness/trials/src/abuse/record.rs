//! What happened in a run, written down by all who take part in it as the harness's own history.

use std::{
    collections::BTreeSet,
    sync::{Mutex, MutexGuard, PoisonError},
};

use deadwatch::{
    history::{Acceptance, Event, Happening},
    scenario::PROBE_PREFIX,
    subject::Returned,
};
use tokio::{sync::Notify, time::Instant};

/// The record of a run. The order in which it is written is the order of its history.
#[derive(Debug)]
pub struct Record {
    began: Instant,
    book: Mutex<Book>,
    /// Told of everything that is handed out.
    handed_out: Notify,
}

#[derive(Debug)]
struct Book {
    events: Vec<Event>,
    /// Acknowledged to their producers, and handed to nobody so far.
    awaited: BTreeSet<String>,
    /// Handed out, and not acknowledged to their producers so far.
    early: BTreeSet<String>,
    calls: u64,
    standing: Standing,
}

/// How far a run has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Standing {
    /// How many of those acknowledged were handed to nobody so far.
    pub awaited: usize,
    /// How many items were handed out.
    pub handed_out: u64,
}

impl Record {
    /// An empty one, in which time counts from now.
    pub fn new() -> Self {
        let began = Instant::now();
        let standing = Standing { awaited: 0, handed_out: 0 };
        let book =
            Book { events: Vec::new(), awaited: BTreeSet::new(), early: BTreeSet::new(), calls: 0, standing };
        Self { began, book: Mutex::new(book), handed_out: Notify::new() }
    }

    fn book(&self) -> MutexGuard<'_, Book> {
        self.book.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn event(&self, what: Happening) -> Event {
        Event { at_ns: i64::try_from(self.began.elapsed().as_nanos()).unwrap_or(i64::MAX), what }
    }

    /// Something happened.
    pub fn write(&self, what: Happening) {
        let mut book = self.book();
        let event = self.event(what);
        book.events.push(event);
    }

    /// A producer is about to enqueue these.
    pub fn enqueues_begin(&self, prefix: &str, items: &[String]) {
        let mut book = self.book();
        for item in items {
            let event = self.event(Happening::EnqueueBegan { item: item.clone(), prefix: prefix.to_owned() });
            book.events.push(event);
        }
    }

    /// A producer was answered: this item is stored, or this is why it may not be.
    pub fn enqueue_ended(&self, item: &str, answer: Result<(), String>) {
        let mut book = self.book();
        let acceptance = match answer {
            Ok(()) => {
                if !book.early.remove(item) {
                    book.awaited.insert(item.to_owned());
                }
                Acceptance::Acknowledged
            }
            Err(error) => Acceptance::Unknown(error),
        };
        let event = self.event(Happening::EnqueueEnded { item: item.to_owned(), acceptance });
        book.events.push(event);
    }

    /// A consumer makes a call; its number. One that is dropped is never heard of again in a history: it is open to the
    /// end, and whatever it may have taken must not be lost.
    pub fn called(&self, consumer: &str) -> u64 {
        let mut book = self.book();
        book.calls += 1;
        let call = book.calls;
        let event = self.event(Happening::Called { consumer: consumer.to_owned(), call });
        book.events.push(event);
        call
    }

    /// A call returned, with this item among others perhaps.
    pub fn returned(&self, consumer: &str, call: u64, returned: Returned) {
        let mut book = self.book();
        if let Returned::Item { item, .. } = &returned
            && !item.starts_with(PROBE_PREFIX)
        {
            if !book.awaited.remove(item) {
                book.early.insert(item.clone());
            }
            book.standing.handed_out += 1;
        }
        let event = self.event(Happening::Returned { consumer: consumer.to_owned(), call, returned });
        book.events.push(event);
        drop(book);
        self.handed_out.notify_waiters();
    }

    /// How far it has come.
    pub fn standing(&self) -> Standing {
        let book = self.book();
        Standing { awaited: book.awaited.len(), ..book.standing }
    }

    /// Waits until at most so many acknowledged items are still to be handed out.
    pub async fn at_most_awaited(&self, most: usize) {
        loop {
            let next = self.handed_out.notified();
            tokio::pin!(next);
            // From here on it hears of what is handed out, before it looks.
            next.as_mut().enable();
            if self.standing().awaited <= most {
                return;
            }
            next.await;
        }
    }

    /// The history so far, which is forgotten here.
    pub fn take_events(&self) -> Vec<Event> {
        std::mem::take(&mut self.book().events)
    }
}
