//! The promise: **an item is handed out once.**
//!
//! It is broken by all who got the item. The aftermath's probes are items like any other here.
//!
//! With `delivery = "at-least-once"` an item may be handed out again when its holder is gone: when it crashed, failed,
//! or let its session end. [`holder_may_be_gone`] is the place for that rule.
//!
//! An ambiguous operation is neither success nor failure: a dequeue that ended in an error has handed out nothing, so
//! whoever gets its item then gets it for the first time. An enqueue that ended in an error and was made again may have
//! stored its item twice: handed out twice it is a duplicate all the same, as a queue's promise begins with its
//! producer's call. Whether a holder's session has ended, nobody but the server knows: where its client was closed,
//! cut off or talked to a server that was away, it may have, and that is enough.
//!
//! What a store that was wiped or restored makes of this, [`super::store_life`] tells.

use std::collections::BTreeMap;

use super::{
    finding::{Evidence, Finding},
    ledger::{Failure, HandOut, Ledger, Position},
    store_life::Removal,
};
use crate::{
    history::{Happening, ServerState},
    scenario::{Action, BlackHole, Delivery, Reach},
};

pub(super) fn check(ledger: &Ledger<'_>) -> Vec<Finding> {
    let mut holders: BTreeMap<&str, Vec<HandOut<'_>>> = BTreeMap::new();
    for hand_out in &ledger.hand_outs {
        holders.entry(hand_out.item).or_default().push(*hand_out);
    }
    holders.into_values().filter_map(|hand_outs| judge_item(ledger, &hand_outs)).collect()
}

fn judge_item(ledger: &Ledger<'_>, hand_outs: &[HandOut<'_>]) -> Option<Finding> {
    let wrong = hand_outs.windows(2).find_map(|pair| match pair {
        [first, second]
            if !holder_may_be_gone(ledger, first, second) && !may_be_back(ledger, first, second) =>
        {
            Some(second)
        }
        _ => None,
    })?;
    let mut consumers: Vec<String> = Vec::new();
    for hand_out in hand_outs {
        if !consumers.iter().any(|name| name == hand_out.by.consumer) {
            consumers.push(hand_out.by.consumer.to_owned());
        }
    }
    let evidence = Evidence::HandedOutTwice(wrong.item.to_owned());
    Some(Finding { at: wrong.by.at, consumers, evidence })
}

/// Whether the item of `first` may have been free to be handed out again by the time of `second`.
fn holder_may_be_gone(ledger: &Ledger<'_>, first: &HandOut<'_>, second: &HandOut<'_>) -> bool {
    match ledger.history.scenario.queue.delivery {
        Delivery::Once => false,
        // A crash ends the timeline, and nothing is handed out after it.
        Delivery::AtLeastOnce => {
            let holder = first.by.consumer;
            let meanwhile = first.by.position..second.by.position;
            let failed =
                |error: &Failure<'_>| error.by.consumer == holder && meanwhile.contains(&error.by.position);
            ledger.errors.iter().any(failed)
                || omits_failures(ledger, holder, first.by.position)
                || ledger
                    .history
                    .events
                    .iter()
                    .skip(first.by.position)
                    .take(meanwhile.len())
                    .any(|event| may_end_session(ledger, holder, &event.what))
        }
    }
}

/// Whether the item may have been stored anew between the two, as the store was replaced by another.
fn may_be_back(ledger: &Ledger<'_>, first: &HandOut<'_>, second: &HandOut<'_>) -> bool {
    let removal = match ledger.history.scenario.queue.delivery {
        Delivery::Once => Removal::BeforeHandingOut,
        Delivery::AtLeastOnce => Removal::WhenAcknowledged,
    };
    let item = ledger.items.get(first.item);
    let (first, second) = (first.by.position, second.by.position);
    ledger.replacements.iter().any(|replaced| replaced.may_have_brought_back(item, first, second, removal))
}

/// Whether the holder failed so often that its failures are only counted: any of them may have come at any time.
fn omits_failures(ledger: &Ledger<'_>, holder: &str, since: Position) -> bool {
    ledger.history.events.iter().skip(since).any(|event| match &event.what {
        Happening::FailuresOmitted { consumer, count } => consumer == holder && *count > 0,
        _ => false,
    })
}

/// Whether this may have ended the session of a consumer.
fn may_end_session(ledger: &Ledger<'_>, holder: &str, what: &Happening) -> bool {
    let on = ledger.consumer(holder).map(|consumer| consumer.client.as_str());
    match what {
        Happening::Closed { client } | Happening::Disconnected { client } => on == Some(client),
        Happening::Server { state } => match state {
            ServerState::Down | ServerState::Paused | ServerState::Isolated => true,
            ServerState::Up | ServerState::Resumed | ServerState::Rejoined => false,
        },
        Happening::Acted { step } => {
            match ledger.history.scenario.steps.get(*step).map(|step| &step.action) {
                Some(Action::BlackHole(BlackHole { reach: Reach::All, .. })) => true,
                Some(Action::BlackHole(BlackHole { reach: Reach::Client(client), .. })) => on == Some(client),
                _ => false,
            }
        }
        _ => false,
    }
}
