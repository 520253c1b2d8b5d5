//! A history, sorted into the accounts that the checkers read: who enqueued what, who got what, who said what.

use std::{collections::BTreeMap, time::Duration};

use super::store_life::{Replacement, replacements};
use crate::{
    history::{Acceptance, Event, Happening, History},
    scenario::{Action, Consumer, PROBE_PREFIX, Producer},
    subject::{Death, Returned},
};

/// Where an event stands in the history. Order is told by this and not by times, of which two may be equal.
pub(super) type Position = usize;

/// The accounts of a history.
#[derive(Debug)]
pub(super) struct Ledger<'a> {
    pub(super) history: &'a History,
    /// What consumers were handed, in order.
    pub(super) hand_outs: Vec<HandOut<'a>>,
    /// Dequeues that returned without an item and without an error.
    pub(super) empty_successes: Vec<Returning<'a>>,
    /// Calls that passed a barrier or a lock.
    pub(super) passages: Vec<Returning<'a>>,
    /// Calls that were given up.
    pub(super) cancelled: Vec<Returning<'a>>,
    /// Errors that consumers' calls returned and that are listed one by one, in order.
    pub(super) errors: Vec<Failure<'a>>,
    /// The items, by value.
    pub(super) items: BTreeMap<&'a str, Item<'a>>,
    /// When and of what the subject's process died.
    pub(super) death: Option<(Duration, Position, &'a Death)>,
    /// Where the store was wiped or restored.
    pub(super) replacements: Vec<Replacement>,
    /// What is stored when all is over, where the history says so.
    pub(super) stored: Option<&'a [String]>,
    /// Where the aftermath begins.
    pub(super) timeline_ended: Option<Position>,
    /// Where the aftermath's bound was reached, if somebody was still waited for then.
    pub(super) bound_reached: Option<Position>,
}

/// A call of a consumer returned.
#[derive(Clone, Copy, Debug)]
pub(super) struct Returning<'a> {
    pub(super) position: Position,
    pub(super) at: Duration,
    pub(super) consumer: &'a str,
}

/// A consumer was handed an item.
#[derive(Clone, Copy, Debug)]
pub(super) struct HandOut<'a> {
    pub(super) by: Returning<'a>,
    pub(super) item: &'a str,
}

/// A consumer's call returned an error.
#[derive(Clone, Copy, Debug)]
pub(super) struct Failure<'a> {
    pub(super) by: Returning<'a>,
    pub(super) text: &'a str,
}

/// An item that a producer asked to have written.
#[derive(Clone, Copy, Debug)]
pub(super) struct Item<'a> {
    pub(super) prefix: &'a str,
    /// Who wrote it; none if no step names it.
    pub(super) producer: Option<Writer>,
    pub(super) began: (Position, Duration),
    /// When its producer was told that it is stored; none if it never was.
    pub(super) acknowledged: Option<(Position, Duration)>,
}

/// Somebody who writes items one after the other.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Writer {
    /// The harness's own producer, or the subject's: it writes what steps want written by one.
    Lone(Producer),
    /// One of those among whom a step has dealt its items out.
    OneOfSeveral {
        /// The step, from 0.
        step: usize,
        /// Which of them, from 0.
        share: usize,
    },
}

impl HandOut<'_> {
    pub(super) fn is_probe(&self) -> bool {
        is_probe(self.item)
    }
}

/// Whether the item is one of the aftermath's probes.
pub(super) fn is_probe(item: &str) -> bool {
    item.starts_with(PROBE_PREFIX)
}

impl<'a> Ledger<'a> {
    pub(super) fn of(history: &'a History) -> Self {
        let mut ledger = Self {
            history,
            hand_outs: Vec::new(),
            empty_successes: Vec::new(),
            passages: Vec::new(),
            cancelled: Vec::new(),
            errors: Vec::new(),
            items: BTreeMap::new(),
            death: None,
            replacements: replacements(history),
            stored: None,
            timeline_ended: None,
            bound_reached: None,
        };
        for (position, event) in history.events.iter().enumerate() {
            ledger.enter(position, event);
        }
        let producers = producers(history);
        for (value, item) in &mut ledger.items {
            item.producer = producers.get(value).copied();
        }
        ledger
    }

    fn enter(&mut self, position: Position, event: &'a Event) {
        let at = event.at();
        match &event.what {
            Happening::Returned { consumer, returned, .. } => {
                self.returned(Returning { position, at, consumer }, returned);
            }
            Happening::EnqueueBegan { item, prefix } => {
                self.items.entry(item).or_insert(Item {
                    prefix,
                    producer: None,
                    began: (position, at),
                    acknowledged: None,
                });
            }
            Happening::EnqueueEnded { item, acceptance: Acceptance::Acknowledged } => {
                if let Some(item) = self.items.get_mut(item.as_str()) {
                    item.acknowledged.get_or_insert((position, at));
                }
            }
            Happening::Died { death } => {
                self.death.get_or_insert((at, position, death));
            }
            Happening::Cancelled { consumer, .. } => {
                self.cancelled.push(Returning { position, at, consumer })
            }
            Happening::Stored { items } => self.stored = Some(items),
            Happening::TimelineEnded => self.timeline_ended = Some(position),
            Happening::BoundReached => self.bound_reached = Some(position),
            // Each checker that needs one of these reads it from the history itself.
            Happening::EnqueueEnded { acceptance: Acceptance::Unknown(_), .. }
            | Happening::PreflightPassed
            | Happening::Opened { .. }
            | Happening::Called { .. }
            | Happening::FailuresOmitted { .. }
            | Happening::CallsSpinning { .. }
            | Happening::RequestsSpinning { .. }
            | Happening::Issued { .. }
            | Happening::LoggedIn { .. }
            | Happening::TokenUsed { .. }
            | Happening::WatchRefused { .. }
            | Happening::WatchCompacted { .. }
            | Happening::Acted { .. }
            | Happening::StepRefused { .. }
            | Happening::SaveBegan
            | Happening::Server { .. }
            | Happening::Member { .. }
            | Happening::ReplyLost { .. }
            | Happening::RequestHeld { .. }
            | Happening::RequestReleased { .. }
            | Happening::RequestDropped { .. }
            | Happening::Unspent { .. }
            | Happening::Closed { .. }
            | Happening::Held { .. }
            | Happening::Released { .. }
            | Happening::Disconnected { .. }
            | Happening::Probed { .. }
            | Happening::ProbesStored { .. }
            | Happening::ControlServed
            | Happening::Inconclusive { .. } => {}
        }
    }

    fn returned(&mut self, by: Returning<'a>, returned: &'a Returned) {
        match returned {
            Returned::Item { item, .. } => self.hand_outs.push(HandOut { by, item }),
            Returned::Done if self.takes_items(by.consumer) => self.empty_successes.push(by),
            Returned::Done => self.passages.push(by),
            Returned::Error(text) => self.errors.push(Failure { by, text }),
            // The stage ends such a run as inconclusive.
            Returned::Unsupported => {}
        }
    }

    /// The consumer of this name.
    pub(super) fn consumer(&self, name: &str) -> Option<&'a Consumer> {
        self.history.scenario.consumers.iter().find(|consumer| consumer.name == name)
    }

    /// Whether this consumer's calls hand out items.
    pub(super) fn takes_items(&self, name: &str) -> bool {
        self.consumer(name).is_none_or(|consumer| consumer.call.takes_items())
    }

    /// The consumers' names in file order.
    pub(super) fn consumers(&self) -> impl Iterator<Item = &'a str> + use<'a> {
        self.history.scenario.consumers.iter().map(|consumer| consumer.name.as_str())
    }
}

/// Who enqueues which item, by the scenario's steps. Several are dealt the items in turn, as cards are.
fn producers(history: &History) -> BTreeMap<&str, Writer> {
    let mut producers = BTreeMap::new();
    for (step, action) in history.scenario.steps.iter().map(|step| &step.action).enumerate() {
        let Action::Enqueue(enqueue) = action else { continue };
        for (index, value) in enqueue.values.iter().enumerate() {
            let writer = match enqueue.producers {
                0 | 1 => Writer::Lone(enqueue.by),
                several => Writer::OneOfSeveral { step, share: index % several },
            };
            producers.insert(value.as_str(), writer);
        }
    }
    producers
}
