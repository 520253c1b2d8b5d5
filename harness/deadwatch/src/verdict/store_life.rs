//! Stores that were wiped or restored: what a step took away, and what it brought back.
//!
//! It excuses nobody, and accuses nobody wrongly. An item that went with the store is not lost. An item that came back
//! counts as stored anew, so it may be handed out anew. Where it is open whether an item was in the store at that
//! moment, it is neither missed nor held against anybody.

use super::ledger::{Item, Position};
use crate::{
    history::{Happening, History, ServerState},
    scenario::{Action, Data, Restart},
};

/// A server was started on other data than it had.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Replacement {
    /// Where it went down.
    down: Position,
    /// Where it was up again.
    up: Position,
    /// When its data were copied; none: it came back empty.
    saved: Option<Saving>,
}

/// A copy of the data was made between these two.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Saving {
    began: Position,
    done: Position,
}

/// All replacements of a history, in order.
pub(super) fn replacements(history: &History) -> Vec<Replacement> {
    let (mut began, mut down, mut saved) = (0, 0, None);
    let mut found = Vec::new();
    for (position, event) in history.events.iter().enumerate() {
        match &event.what {
            Happening::SaveBegan => began = position,
            Happening::Server { state: ServerState::Down } => down = position,
            Happening::Acted { step } => match history.scenario.steps.get(*step).map(|step| &step.action) {
                Some(Action::Save) => saved = Some(Saving { began, done: position }),
                Some(Action::Restart(Restart { data: Data::Wiped, .. })) => {
                    found.push(Replacement { down, up: position, saved: None });
                }
                Some(Action::Restart(Restart { data: Data::Saved, .. })) => {
                    found.push(Replacement { down, up: position, saved });
                }
                _ => {}
            },
            _ => {}
        }
    }
    found
}

impl Replacement {
    /// Whether the store may lack an item since then that was acknowledged there and not handed out by then. It has it
    /// for certain if it was acknowledged before the copy was begun, or if its write was begun on the new store.
    pub(super) fn may_have_taken(&self, item: &Item<'_>) -> bool {
        let Some((acknowledged, _)) = item.acknowledged else { return true };
        let on_the_new_store = item.began.0 > self.up;
        let in_the_copy = self.saved.is_some_and(|saving| acknowledged < saving.began);
        !on_the_new_store && !in_the_copy
    }

    /// Whether an item that was handed out at `first` may have been in the store again since then, and so be handed out
    /// at `second`. `removal` says when handing out removes it.
    pub(super) fn may_have_brought_back(
        &self,
        item: Option<&Item<'_>>,
        first: Position,
        second: Position,
        removal: Removal,
    ) -> bool {
        if !(first < self.up && self.up < second) {
            return false;
        }
        // A producer that was not answered writes it once more, on a store that knows nothing of the first time.
        let written_again = item.is_some_and(|item| {
            item.began.0 < self.up && item.acknowledged.is_none_or(|(position, _)| position > self.down)
        });
        let in_the_copy = self.saved.is_some_and(|saving| {
            let was_there = item.is_none_or(|item| item.began.0 < saving.done);
            let was_gone = removal == Removal::BeforeHandingOut && first < saving.began;
            was_there && !was_gone
        });
        written_again || in_the_copy
    }

    /// Whether it lies between the two.
    pub(super) fn is_between(&self, first: Position, second: Position) -> bool {
        first < self.up && self.up < second
    }
}

/// When a queue removes an item from the store.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Removal {
    /// Before it hands the item out.
    BeforeHandingOut,
    /// When it is acknowledged.
    WhenAcknowledged,
}
