//! What makes a run prove nothing: what the stage says does, and a history in which the proof itself is missing.

use super::{aftermath, ledger::Ledger};
use crate::history::{Happening, Inconclusive};

/// Why the run proves nothing; none if it proves something.
pub(super) fn judge(ledger: &Ledger<'_>) -> Option<Inconclusive> {
    let events = &ledger.history.events;
    let said = events.iter().find_map(|event| match &event.what {
        Happening::Inconclusive { why } => Some(why.clone()),
        _ => None,
    });
    let happened = |what: &Happening| events.iter().any(|event| event.what == *what);
    said.or_else(|| {
        (!happened(&Happening::PreflightPassed))
            .then(|| Inconclusive::Preflight("its history records no pre-flight".to_owned()))
    })
    .or_else(|| {
        // A dead process has nobody who could be deaf: what it did is proved without the control.
        let proved = ledger.death.is_some() || happened(&Happening::ControlServed);
        (!proved).then(|| match aftermath::probed(ledger).len() {
            0 => Inconclusive::Control("its history ends before the aftermath".to_owned()),
            waiting => Inconclusive::Control(format!("its history records {waiting} probes and no control")),
        })
    })
}
