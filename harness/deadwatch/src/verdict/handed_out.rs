//! The items that consumers got, probes left out.

use std::{cmp::Ordering, collections::BTreeSet};

use serde::{Deserialize, Serialize};

use super::ledger::Ledger;

/// The items that consumers got, probes left out.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum HandedOut {
    /// Among several consumers: which order they came in is a race.
    Set(BTreeSet<String>),
    /// By a lone consumer, in order.
    Sequence(Vec<String>),
}

impl HandedOut {
    pub(super) fn of(ledger: &Ledger<'_>) -> Self {
        let items = ledger
            .hand_outs
            .iter()
            .filter(|hand_out| !hand_out.is_probe())
            .map(|hand_out| hand_out.item.to_owned());
        if ledger.history.scenario.consumers.len() == 1 {
            Self::Sequence(items.collect())
        } else {
            Self::Set(items.collect())
        }
    }

    /// The items: a sequence as it came, a set in [`natural_order`].
    pub fn items(&self) -> Vec<&str> {
        match self {
            Self::Sequence(items) => items.iter().map(String::as_str).collect(),
            Self::Set(items) => {
                let mut items: Vec<_> = items.iter().map(String::as_str).collect();
                items.sort_by(|a, b| natural_order(a, b));
                items
            }
        }
    }

    /// How many items there are.
    pub fn len(&self) -> usize {
        match self {
            Self::Sequence(items) => items.len(),
            Self::Set(items) => items.len(),
        }
    }

    /// Whether nothing was handed out.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

/// The order in which people expect numbered names: `a.2` before `a.10`.
pub fn natural_order(a: &str, b: &str) -> Ordering {
    let number = |text: &str| -> (String, Option<u64>) {
        let stem = text.trim_end_matches(|c: char| c.is_ascii_digit());
        let digits = text.get(stem.len()..).unwrap_or_default();
        (stem.to_owned(), digits.parse().ok())
    };
    number(a).cmp(&number(b)).then_with(|| a.cmp(b))
}
