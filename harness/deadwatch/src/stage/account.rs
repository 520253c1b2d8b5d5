//! The account of items when all is over: those that are neither stored nor handed out. The aftermath asks.
//!
//! A claim takes an item out of etcd before its consumer hears of it. An item in between is not lost yet. Pure.

use std::collections::BTreeSet;

use crate::{
    history::{Acceptance, Happening},
    subject::Returned,
};

/// Whether an item that was acknowledged, or one of these probes, was not among those stored and has reached nobody.
pub(super) fn is_open<'a>(
    happened: impl Iterator<Item = &'a Happening>,
    probes: &'a [String],
    stored: &'a [String],
) -> bool {
    let mut missing: BTreeSet<&str> = probes.iter().map(String::as_str).collect();
    let mut handed_out = BTreeSet::new();
    for happening in happened {
        match happening {
            Happening::EnqueueEnded { item, acceptance: Acceptance::Acknowledged } => {
                missing.insert(item);
            }
            Happening::Returned { returned: Returned::Item { item, .. }, .. } => {
                handed_out.insert(item.as_str());
            }
            _ => {}
        }
    }
    let stored: BTreeSet<&str> = stored.iter().map(String::as_str).collect();
    missing.iter().any(|item| !stored.contains(item) && !handed_out.contains(item))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn acknowledged(item: &str) -> Happening {
        Happening::EnqueueEnded { item: item.to_owned(), acceptance: Acceptance::Acknowledged }
    }

    fn handed_out(item: &str) -> Happening {
        let returned = Returned::Item { item: item.to_owned(), ack: None };
        Happening::Returned { consumer: "1".to_owned(), call: 1, returned }
    }

    #[test]
    fn an_acknowledged_item_or_a_probe_is_stored_or_handed_out_or_open() {
        let probes = ["p".to_owned()];
        let both = ["a".to_owned(), "p".to_owned()];
        let none = [];
        assert!(!is_open([acknowledged("a")].iter(), &probes, &both));
        assert!(!is_open([acknowledged("a"), handed_out("p")].iter(), &probes, &both[..1]));
        assert!(is_open([acknowledged("a"), handed_out("p")].iter(), &probes, &none));
        assert!(is_open([acknowledged("a"), handed_out("a")].iter(), &probes, &none));
    }

    #[test]
    fn what_was_never_acknowledged_is_not_looked_for() {
        let refused = Happening::EnqueueEnded {
            item: "a".to_owned(),
            acceptance: Acceptance::Unknown("no".to_owned()),
        };
        assert!(!is_open([refused].iter(), &[], &[]));
    }
}
