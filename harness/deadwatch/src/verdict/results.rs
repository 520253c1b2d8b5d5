//! What the calls of a consumer came to, as the set of distinct texts that a snapshot holds.
//!
//! The aftermath's probes are left out: the aftermath itself says who took one. Errors there are in.
//!
//! **Items.** A snapshot is one for every backend, but which of several waiting consumers gets an item is a race that
//! two backends, or two runs, decide differently. So an item is among a consumer's results only if nobody else could
//! have got it; the items of a race are told by what was handed out in all.

use std::{collections::BTreeSet, fmt, time::Duration};

use serde::{Deserialize, Serialize};

use super::{
    ledger::{HandOut, Ledger},
    redact::redact,
};
use crate::{history::Happening, scenario::Consumer, scenario::OnError, subject::Death};

/// What a call came to.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum CallResult {
    /// It handed out this item.
    Item(String),
    /// A dequeue returned as done, with nothing.
    Nothing,
    /// It passed its barrier or its lock.
    Passed,
    /// Its owner gave it up.
    GivenUp,
    /// It returned an error: its text, what varies removed.
    Error(String),
    /// It was open when the process died: of what and where, what varies removed.
    Died(String),
}

impl fmt::Display for CallResult {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Item(item) if item.is_empty() => f.write_str("item \"\""),
            Self::Item(item) => write!(f, "item {item}"),
            Self::Nothing => f.write_str("done, without an item"),
            Self::Passed => f.write_str("passed"),
            Self::GivenUp => f.write_str("given up"),
            Self::Error(text) => write!(f, "error: {text}"),
            Self::Died(text) => write!(f, "died: {text}"),
        }
    }
}

/// How far apart two things must be for their order to be the same in every run. Steps and starts may be up to 250 ms
/// late, and later still their effects: with scenario times in steps of half a second, what is half a second apart is
/// always within this margin, and what is a second apart always beyond it.
const RACE_MARGIN: Duration = Duration::from_millis(750);

/// The results of the consumer's calls.
pub(super) fn of(ledger: &Ledger<'_>, consumer: &str) -> BTreeSet<CallResult> {
    let items = ledger
        .hand_outs
        .iter()
        .filter(|hand_out| hand_out.by.consumer == consumer && !hand_out.is_probe())
        .filter(|hand_out| !is_race(ledger, hand_out))
        .map(|hand_out| CallResult::Item(hand_out.item.to_owned()));
    let nothing =
        ledger.empty_successes.iter().filter(|by| by.consumer == consumer).map(|_| CallResult::Nothing);
    let passed = ledger.passages.iter().filter(|by| by.consumer == consumer).map(|_| CallResult::Passed);
    let given_up = ledger.cancelled.iter().filter(|by| by.consumer == consumer).map(|_| CallResult::GivenUp);
    let errors = ledger
        .errors
        .iter()
        .filter(|error| error.by.consumer == consumer)
        .map(|error| CallResult::Error(redact(error.text)));
    let died = ledger
        .death
        .filter(|_| has_open_call(ledger, consumer))
        .map(|(_, _, death)| CallResult::Died(describe(death)));
    items.chain(nothing).chain(passed).chain(given_up).chain(errors).chain(died).collect()
}

/// What a process died of and where, without what varies.
fn describe(death: &Death) -> String {
    let cause = redact(&death.cause);
    match &death.place {
        // Folders differ from machine to machine.
        Some(place) => format!("{cause} at {}", redact(place.rsplit(['/', '\\']).next().unwrap_or(place))),
        None => cause,
    }
}

/// Whether another consumer could have got the item: one that was on stage between the item's enqueue and its
/// hand-out, give or take the margin.
fn is_race(ledger: &Ledger<'_>, hand_out: &HandOut<'_>) -> bool {
    let item = ledger.items.get(hand_out.item);
    let offered = item.map_or(hand_out.by.at, |item| item.began.1);
    // A queue's range is its prefix without a slash (etcd client/v3/experimental/recipes/queue.go).
    let in_reach = |other: &&Consumer| {
        other.call.takes_items() && item.is_none_or(|item| item.prefix.starts_with(&other.prefix))
    };
    let others = ledger.history.scenario.consumers.iter().filter(|other| other.name != hand_out.by.consumer);
    let others = others.filter(in_reach);
    others.into_iter().any(|other| {
        other.start <= hand_out.by.at + RACE_MARGIN
            && stopped(ledger, other).is_none_or(|stop| stop + RACE_MARGIN >= offered)
    })
}

/// When the consumer stopped, if it did.
fn stopped(ledger: &Ledger<'_>, consumer: &Consumer) -> Option<Duration> {
    let failed = ledger.errors.iter().map(|error| error.by).filter(|_| consumer.on_error == OnError::Stop);
    let ended = ledger.passages.iter().chain(&ledger.cancelled).copied();
    failed.chain(ended).filter(|by| by.consumer == consumer.name).map(|by| by.at).min()
}

/// Whether the consumer had begun and not ended when the process died: it calls again at once, so a call was open.
fn has_open_call(ledger: &Ledger<'_>, name: &str) -> bool {
    let called = ledger.history.events.iter().any(|event| match &event.what {
        Happening::Called { consumer, .. } => consumer == name,
        _ => false,
    });
    let consumer = ledger.history.scenario.consumers.iter().find(|consumer| consumer.name == name);
    // Who took a probe is not called again.
    let served = ledger.hand_outs.iter().any(|hand_out| hand_out.is_probe() && hand_out.by.consumer == name);
    called && !served && consumer.is_some_and(|consumer| stopped(ledger, consumer).is_none())
}
