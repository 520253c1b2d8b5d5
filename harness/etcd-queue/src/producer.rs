//! The task that stores items in the order they were given. What is given while one transaction is under way
//! goes into the next one together; the next one is sent when the last one is answered, so that one queue's
//! items are committed in the order they were given in.
//!
//! A transaction whose reply is lost is settled by its slot (see `slot.rs`) before anything else is stored.

use std::sync::Arc;

use tokio::sync::mpsc;
use tokio::time::Instant;

use crate::access::{Access, Setback};
use crate::clock::Clock;
use crate::error::{Error, Operation};
use crate::key::Sequence;
use crate::lanes::Lanes;
use crate::meter::{Ending, Meter};
use crate::orders::{Order, Orders};
use crate::pace::{Pace, pause};
use crate::protocol::claim::Lane;
use crate::protocol::slot::Doubt;
use crate::protocol::storing::{Fate, Pair, Stored};
use crate::session::Session;
use crate::store;

pub(crate) struct Producer {
    pub(crate) access: Access,
    pub(crate) incoming: mpsc::UnboundedReceiver<Order>,
    pub(crate) orders: Orders,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) sequence: Sequence,
    pub(crate) lanes: Lanes,
    pub(crate) pace: Pace,
    /// How many items one transaction may hold, whatever etcd takes.
    pub(crate) most_items: usize,
    pub(crate) meter: Meter,
}

/// Why a batch was not stored.
enum Failed {
    /// Each item by itself may fare better.
    Together(Error),
    /// Nothing can be stored now.
    For(Error),
}

impl Producer {
    /// Ends when the last handle of the queue is dropped.
    pub(crate) async fn run(mut self) {
        // Of a batch that was refused, so many items are sent one by one.
        let mut singles = 0;
        loop {
            self.gather();
            if self.orders.is_empty() {
                match self.incoming.recv().await {
                    Some(order) => self.orders.add(order),
                    None => break,
                }
                continue;
            }
            let most = if singles > 0 { 1 } else { self.most_items.min(self.access.most_items()) };
            let key_bytes = 2 * (self.access.prefix().name().len() + 20);
            let count = self.orders.fitting(key_bytes, most);
            let values = self.orders.first(count);
            singles = usize::saturating_sub(singles, 1);
            let count = values.len();
            match self.store(values).await {
                Ok(()) => {
                    self.meter.enqueued.increment(u64::try_from(count).unwrap_or(0));
                    self.orders.stored(count);
                    if count > 1 {
                        // Callers that enqueue one item after another have their next one ready at once:
                        // let them give it, so that they travel together and not by halves.
                        tokio::task::yield_now().await;
                    }
                }
                Err(Failed::Together(_)) if count > 1 => singles = count,
                Err(Failed::Together(error)) => self.orders.fail_first(error),
                Err(Failed::For(error @ Error::Unsettled { .. })) => self.orders.fail(count, &error),
                Err(Failed::For(error)) => {
                    self.gather();
                    self.orders.fail_all(&error);
                }
            }
        }
        if let Some(session) = self.lanes.close() {
            session.end(&self.access).await;
        }
    }

    fn gather(&mut self) {
        while let Ok(order) = self.incoming.try_recv() {
            self.orders.add(order);
        }
        self.orders.tidy();
    }

    /// Stores values in order, as long as it takes.
    async fn store(&mut self, values: Vec<Vec<u8>>) -> Result<(), Failed> {
        let mut lane = self.lane().await?;
        let mut pairs = self.under_new_keys(values);
        loop {
            pause(self.pace.rest(Instant::now())).await;
            self.meter.stores.increment(1);
            match store::send(&self.access, Operation::Enqueue, &pairs, &mut lane).await {
                Ok(Stored::All) => break,
                Ok(Stored::KeyInUse) => {
                    pairs = self.under_new_keys(pairs.into_iter().map(|(_, value)| value).collect());
                }
                Err(Setback::Unsent(reason)) => {
                    self.note("the enqueue is sent again", &reason);
                    if pairs.len() > self.access.most_items() {
                        self.lanes.give_back(lane);
                        return Err(Failed::Together(Error::Closed));
                    }
                }
                Ok(Stored::SlotGone) => {
                    self.lanes.give_back(lane);
                    lane = self.lane().await?;
                }
                Err(Setback::Lost(reason)) => {
                    self.note("an enqueue's reply was lost, settling it", &reason);
                    match self.fate(&pairs, &mut lane, Doubt::ReplyLost).await {
                        Ok(Fate::Stored) => break,
                        Ok(Fate::Void) => {}
                        Ok(Fate::Unknown) => {
                            self.lanes.give_back(lane);
                            return Err(Failed::For(unsettled(&pairs, reason)));
                        }
                        Err(error) => {
                            self.lanes.give_back(lane);
                            return Err(Failed::For(unsettled(&pairs, format!("{reason}; then {error}"))));
                        }
                    }
                }
                Err(Setback::Full(error)) => {
                    self.pace.setback(Instant::now());
                    let fate = match Doubt::of_full() {
                        Some(how) => self.fate(&pairs, &mut lane, how).await,
                        None => Ok(Fate::Void),
                    };
                    if let Ok(Fate::Stored) = fate {
                        break;
                    }
                    self.lanes.give_back(lane);
                    return Err(Failed::For(match fate {
                        Ok(Fate::Unknown) => unsettled(&pairs, error.to_string()),
                        Err(then) => unsettled(&pairs, format!("{error}; then {then}")),
                        Ok(Fate::Void | Fate::Stored) => error,
                    }));
                }
                Err(Setback::Final(error)) => {
                    self.pace.setback(Instant::now());
                    if !self.is_about_records(&error, &mut lane).await {
                        self.lanes.give_back(lane);
                        return Err(match error {
                            Error::TooLarge { .. } | Error::Refused { .. } => Failed::Together(error),
                            error => Failed::For(error),
                        });
                    }
                }
            }
        }
        self.pace.all_is_well();
        self.lanes.give_back(lane);
        Ok(())
    }

    fn under_new_keys(&mut self, values: Vec<Vec<u8>>) -> Vec<Pair> {
        let now = self.clock.unix_ns();
        let mut next_key = || self.access.prefix().key(self.sequence.next(now)).into_bytes().into();
        values.into_iter().map(|value| (next_key(), value)).collect()
    }

    /// A lane to store by; begins a session if there is none.
    async fn lane(&mut self) -> Result<Lane, Failed> {
        loop {
            if let Some(nonce) = self.lanes.wants_session(Instant::now()) {
                pause(self.pace.rest(Instant::now())).await;
                match Session::begin(&self.access, nonce, self.lanes.slots()).await {
                    Ok((session, slots)) => self.lanes.opened(session, slots, &self.access),
                    Err(Setback::Final(refusal) | Setback::Full(refusal)) => {
                        if let Err(error) = self.lanes.refused(refusal) {
                            self.pace.setback(Instant::now());
                            return Err(Failed::For(error));
                        }
                    }
                    Err(Setback::Unsent(reason) | Setback::Lost(reason)) => {
                        self.lanes.not_opened();
                        self.note("a session is begun again", &reason);
                    }
                }
            }
            if let Some(lane) = self.lanes.take(Instant::now()) {
                return Ok(lane);
            }
            pause(self.pace.rest(Instant::now())).await;
        }
    }

    /// Whether a refusal is about the records and not about the queue. Then the lane is a bare one now.
    async fn is_about_records(&mut self, error: &Error, lane: &mut Lane) -> bool {
        if !matches!((error, &*lane), (Error::PermissionDenied { .. }, Lane::Slot(_))) {
            return false;
        }
        let denial = match store::fate(&self.access, &[], lane, Doubt::ReplyLost).await {
            Err(Setback::Final(denial @ Error::PermissionDenied { .. })) => denial,
            _ => return false,
        };
        self.lanes.degrade(&denial);
        *lane = self.lanes.take_bare();
        true
    }

    /// What became of a transaction whose reply was lost; asks until it knows.
    async fn fate(&mut self, pairs: &[Pair], lane: &mut Lane, how: Doubt) -> Result<Fate, Error> {
        loop {
            pause(self.pace.rest(Instant::now())).await;
            match store::fate(&self.access, pairs, lane, how).await {
                Ok(fate) => {
                    tracing::info!(range = self.access.range(), ?fate, "an enqueue in doubt is settled");
                    self.meter.settled(
                        "enqueue",
                        match fate {
                            Fate::Stored => Ending::Applied,
                            Fate::Void => Ending::Void,
                            Fate::Unknown => Ending::Unknown,
                        },
                    );
                    return Ok(fate);
                }
                Err(Setback::Final(denial @ Error::PermissionDenied { .. }))
                    if matches!(lane, Lane::Slot(_)) =>
                {
                    self.lanes.degrade(&denial);
                    *lane = self.lanes.take_bare();
                }
                Err(Setback::Final(error) | Setback::Full(error)) => {
                    self.pace.setback(Instant::now());
                    return Err(error);
                }
                Err(Setback::Unsent(reason) | Setback::Lost(reason)) => {
                    self.note("an enqueue is still to be settled", &reason);
                }
            }
        }
    }

    fn note(&mut self, what: &'static str, reason: &str) {
        let rest = self.pace.setback(Instant::now());
        tracing::warn!(range = self.access.range(), reason, ?rest, "{what}");
    }
}

fn unsettled(pairs: &[Pair], reason: String) -> Error {
    let key = pairs.first().map_or_else(String::new, |(key, _)| key.escape_ascii().to_string());
    Error::Unsettled { key, reason }
}
