//! What ends must have begun: a resume after its pause, in time and not in file order.

use std::{collections::BTreeMap, ops::Range, time::Duration};

use super::Check;
use crate::scenario::{Action, Data, ProblemKind, Restart, Step};

/// A restart that takes what a `save` has kept.
const SAVED: &str = "data = \"saved\"";

/// Something that goes on from one step to another: its kind, and the key or the member it is done to, if any.
type Open<'s> = (Pair, &'s str, Option<usize>);

/// Two kinds of steps of which the second ends what the first began.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Pair {
    Pause,
    Isolation,
    Requests,
    Barrier,
    Lock,
}

impl Pair {
    /// The names of the two.
    const fn names(self) -> (&'static str, &'static str) {
        match self {
            Self::Pause => ("pause", "resume"),
            Self::Isolation => ("isolate", "rejoin"),
            Self::Requests => ("hold-requests", "release-requests"),
            Self::Barrier => ("hold-barrier", "release-barrier"),
            Self::Lock => ("hold-lock", "release-lock"),
        }
    }
}

/// What a step does to a pair.
enum Part<'s> {
    Begins(Open<'s>),
    Ends(Open<'s>),
}

fn part(step: &Step) -> Option<Part<'_>> {
    let first = Some(step.member.unwrap_or(1));
    Some(match &step.action {
        Action::Pause => Part::Begins((Pair::Pause, "", step.member)),
        Action::Resume => Part::Ends((Pair::Pause, "", step.member)),
        Action::Isolate => Part::Begins((Pair::Isolation, "", first)),
        Action::Rejoin => Part::Ends((Pair::Isolation, "", first)),
        Action::HoldRequests(_) => Part::Begins((Pair::Requests, "", None)),
        Action::ReleaseRequests => Part::Ends((Pair::Requests, "", None)),
        Action::HoldBarrier(key) => Part::Begins((Pair::Barrier, key, None)),
        Action::ReleaseBarrier(key) => Part::Ends((Pair::Barrier, key, None)),
        Action::HoldLock(key) => Part::Begins((Pair::Lock, key, None)),
        Action::ReleaseLock(key) => Part::Ends((Pair::Lock, key, None)),
        _ => return None,
    })
}

/// Notes every step that ends what had not begun, or had begun at that very instant: a step does not hold up
/// the next, so the two would race.
pub(super) fn check(check: &mut Check, steps: &[(Step, Range<usize>)]) {
    let mut in_time: Vec<&(Step, Range<usize>)> = steps.iter().collect();
    in_time.sort_by_key(|(step, _)| step.at);
    let mut saved: Option<(Duration, Range<usize>)> = None;
    let mut open: BTreeMap<Open<'_>, (Duration, Range<usize>)> = BTreeMap::new();
    for (step, span) in in_time {
        match &step.action {
            Action::Save => saved = saved.or(Some((step.at, span.clone()))),
            Action::Restart(Restart { data: Data::Saved, .. }) => match &saved {
                None => check.wrong(span.clone(), ProblemKind::NothingBefore { step: SAVED, before: "save" }),
                Some((at, first)) if *at == step.at => {
                    let kind = ProblemKind::SameInstant { step: SAVED, before: "save", first: first.clone() };
                    check.wrong(span.clone(), kind);
                }
                Some(_) => {}
            },
            _ => {}
        }
        match part(step) {
            Some(Part::Begins(what)) => drop(open.insert(what, (step.at, span.clone()))),
            Some(Part::Ends(what)) => {
                let (before, after) = what.0.names();
                // What is still to be held back when others are let go is let go by another step.
                let began = match what.0 {
                    Pair::Requests => open.get(&what).cloned(),
                    Pair::Pause | Pair::Isolation | Pair::Barrier | Pair::Lock => open.remove(&what),
                };
                match began {
                    None => check.wrong(span.clone(), ProblemKind::NothingBefore { step: after, before }),
                    Some((at, first)) if at == step.at => {
                        let kind = ProblemKind::SameInstant { step: after, before, first };
                        check.wrong(span.clone(), kind);
                    }
                    Some(_) => {}
                }
            }
            None => {}
        }
    }
}
