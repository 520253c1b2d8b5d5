//! Whether a call might pass a barrier or a lock: the part of [`super::false_success`] that knows the recipes' gates.

use std::collections::BTreeSet;

use super::ledger::{Ledger, Position, Returning};
use crate::{
    history::Happening,
    scenario::{Action, Consumer, ConsumerCall, Delete},
};

/// How many a double barrier waits for.
const PARTICIPANTS: usize = 2;

/// Whether the call had what it waited for at any moment while it was open.
pub(super) fn may_pass(ledger: &Ledger<'_>, by: &Returning<'_>, consumer: &Consumer) -> bool {
    let gate = Gate { ledger, key: &consumer.prefix };
    match consumer.call {
        ConsumerCall::DoubleBarrierEnter => {
            // Who wants to leave and has not entered enters first.
            let entering = [ConsumerCall::DoubleBarrierEnter, ConsumerCall::DoubleBarrierLeave];
            gate.released(by.position)
                || gate.callers(&entering, by.position) + gate.harness_inside(by.position) >= PARTICIPANTS
        }
        ConsumerCall::DoubleBarrierLeave => {
            let leaving = [ConsumerCall::DoubleBarrierLeave];
            let all = gate.cast(&leaving).min(PARTICIPANTS);
            gate.released(by.position) || (gate.was_open(by) && gate.callers(&leaving, by.position) >= all)
        }
        // These never return without an item; if one did, that is another finding.
        ConsumerCall::Dequeue | ConsumerCall::PriorityDequeue => true,
        ConsumerCall::BarrierWait | ConsumerCall::Lock | ConsumerCall::ReadLock => gate.was_open(by),
    }
}

/// A barrier or a lock, as a history tells of it.
struct Gate<'a> {
    ledger: &'a Ledger<'a>,
    key: &'a str,
}

/// Whether the harness lets anybody pass.
#[derive(Clone, Copy, PartialEq, Eq)]
enum State {
    Held,
    Open,
}

impl Gate<'_> {
    /// What this event makes of it, if anything.
    fn becomes(&self, what: &Happening) -> Option<State> {
        match what {
            Happening::Held { key } if key == self.key => Some(State::Held),
            Happening::Released { key } if key == self.key => Some(State::Open),
            Happening::Acted { step } => {
                let step = self.ledger.history.scenario.steps.get(*step)?;
                self.is_deleted(&step.action).then_some(State::Open)
            }
            _ => None,
        }
    }

    /// Whether a step deletes what holds it: its key, or a key below.
    fn is_deleted(&self, action: &Action) -> bool {
        match action {
            Action::Delete(Delete::Key(key)) => key.starts_with(self.key),
            Action::Delete(Delete::Prefix(prefix)) => {
                prefix.starts_with(self.key) || self.key.starts_with(prefix.as_str())
            }
            _ => false,
        }
    }

    /// Whether it was open at any moment between the call and its return.
    fn was_open(&self, by: &Returning<'_>) -> bool {
        let called = self.call_of(by);
        let mut state = State::Open;
        for (position, event) in self.ledger.history.events.iter().enumerate().take(by.position) {
            if position >= called && state == State::Open {
                return true;
            }
            state = self.becomes(&event.what).unwrap_or(state);
        }
        state == State::Open
    }

    /// Whether the harness has ever let everybody pass before this.
    fn released(&self, before: Position) -> bool {
        let events = self.ledger.history.events.iter().take(before);
        events.into_iter().any(|event| self.becomes(&event.what) == Some(State::Open))
    }

    /// Where the call was made that returned so.
    fn call_of(&self, by: &Returning<'_>) -> Position {
        let before = self.ledger.history.events.iter().enumerate().take(by.position);
        let mut calls = before.filter(|(_, event)| match &event.what {
            Happening::Called { consumer, .. } => consumer == by.consumer,
            _ => false,
        });
        calls.next_back().map_or(by.position, |(position, _)| position)
    }

    /// How many consumers had made one of these calls on it before.
    fn callers(&self, calls: &[ConsumerCall], before: Position) -> usize {
        let callers: BTreeSet<&str> = self
            .ledger
            .history
            .events
            .iter()
            .take(before)
            .filter_map(|event| match &event.what {
                Happening::Called { consumer, .. } => self.ledger.consumer(consumer),
                _ => None,
            })
            .filter(|consumer| calls.contains(&consumer.call) && consumer.prefix == self.key)
            .map(|consumer| consumer.name.as_str())
            .collect();
        callers.len()
    }

    /// Whether the harness is one of a double barrier's participants by then, as a number.
    fn harness_inside(&self, before: Position) -> usize {
        let held = |what: &Happening| self.becomes(what) == Some(State::Held);
        let events = self.ledger.history.events.iter().take(before);
        usize::from(events.into_iter().any(|event| held(&event.what)))
    }

    /// How many consumers make one of these calls on it.
    fn cast(&self, calls: &[ConsumerCall]) -> usize {
        let consumers = &self.ledger.history.scenario.consumers;
        let at_it = |consumer: &&Consumer| calls.contains(&consumer.call) && consumer.prefix == self.key;
        consumers.iter().filter(at_it).count()
    }
}
