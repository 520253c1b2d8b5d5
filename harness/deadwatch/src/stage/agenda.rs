//! What is due when: a scenario's steps and starts in the order in which they are issued.

use std::time::Duration;

use crate::scenario::Scenario;

/// Something that is due.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Item {
    /// The step with this index in the file.
    Step(usize),
    /// The start of the consumer with this index in the file.
    Start(usize),
}

impl Item {
    /// What it is called in a history: `step 2`, `the start of consumer 1`.
    pub(super) fn describe(self, scenario: &Scenario) -> String {
        match self {
            Self::Step(index) => format!("step {}", index + 1),
            Self::Start(index) => match scenario.consumers.get(index) {
                Some(consumer) => format!("the start of consumer {}", consumer.name),
                None => format!("the start of consumer {}", index + 1),
            },
        }
    }
}

/// The items that are not issued yet, earliest first; at the same instant steps first, each kind in file order.
#[derive(Clone, Debug)]
pub(super) struct Agenda {
    /// Latest first, so that the next one is popped from the end.
    left: Vec<(Duration, Item)>,
}

impl Agenda {
    pub(super) fn of(scenario: &Scenario) -> Self {
        let steps = scenario.steps.iter().enumerate().map(|(index, step)| (step.at, Item::Step(index)));
        let starts = scenario
            .consumers
            .iter()
            .enumerate()
            .map(|(index, consumer)| (consumer.start, Item::Start(index)));
        let mut left: Vec<_> = steps.chain(starts).collect();
        // The sort is stable: what is equal keeps the order of the chain, steps before starts.
        left.sort_by_key(|(at, _)| *at);
        left.reverse();
        Self { left }
    }

    /// When the next item is due.
    pub(super) fn next_due(&self) -> Option<Duration> {
        self.left.last().map(|(at, _)| *at)
    }

    /// Takes the next item if it is due by `now`.
    pub(super) fn take_due(&mut self, now: Duration) -> Option<(Duration, Item)> {
        self.left.pop_if(|(at, _)| *at <= now)
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use crate::scenario::testing;

    #[test]
    fn at_the_same_instant_steps_come_first_and_file_order_is_kept() {
        let scenario = testing::scenario(&["5s", "0s", "5s"], &[("5s", "a"), ("1s", "b"), ("5s", "c")]);
        let mut agenda = Agenda::of(&scenario);
        let mut order = Vec::new();
        while let Some((_, item)) = agenda.take_due(Duration::from_secs(10)) {
            order.push(item);
        }
        let expected =
            [Item::Start(1), Item::Step(1), Item::Step(0), Item::Step(2), Item::Start(0), Item::Start(2)];
        assert_eq!(order, expected);
    }

    #[test]
    fn what_is_not_due_is_not_taken() {
        let scenario = testing::scenario(&["5s"], &[]);
        let mut agenda = Agenda::of(&scenario);
        assert_eq!(agenda.take_due(Duration::from_millis(4_999)), None);
        assert_eq!(agenda.next_due(), Some(Duration::from_secs(5)));
        assert!(agenda.take_due(Duration::from_secs(5)).is_some());
    }
}
