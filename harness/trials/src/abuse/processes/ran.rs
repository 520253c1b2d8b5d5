//! What a run came to, and what is wrong with it in words.

use std::{collections::BTreeMap, time::Duration};

use deadwatch::verdict::Verdict;

use super::{
    account::{Account, Wrong},
    plan::Plan,
    suffered::Suffered,
};

/// So many things of each kind are told one by one.
const TOLD: usize = 3;

/// A run that was made.
#[derive(Clone, Debug)]
pub struct Ran {
    /// What it was to be.
    pub plan: Plan,
    /// What it went through.
    pub suffered: Suffered,
    /// What it came to.
    pub account: Account,
    /// How long it took.
    pub took: Duration,
    /// Whether everybody had what was promised.
    pub verdict: Verdict,
    /// What is wrong, in words; empty where nothing is.
    pub complaints: Vec<String>,
}

impl Ran {
    /// Judges a run.
    pub fn of(plan: Plan, suffered: Suffered, account: Account, took: Duration) -> Self {
        let mut complaints = told(&account.wrong);
        // A full etcd refuses, and is to.
        let is_due = |error: &str| plan.quota_bytes.is_some() && error.contains("no space left");
        let errors = account.errors.iter().filter(|(error, _)| !is_due(error));
        complaints.extend(errors.map(|(error, count)| format!("{count} calls ended in: {error}")));
        if plan.quota_bytes.is_none() && account.presumed > 0 {
            complaints.push(format!("{} items were presumed though etcd was never full", account.presumed));
        }
        let verdict = if !complaints.is_empty() {
            Verdict::Unsafe
        } else if suffered.is_enough(&plan.least) {
            Verdict::Survives
        } else {
            complaints.push(format!("it was no abuse: expected {:?}, found {suffered:?}", plan.least));
            Verdict::Inconclusive
        };
        Self { plan, suffered, account, took, verdict, complaints }
    }

    /// Items that are lost.
    pub fn lost(&self) -> usize {
        self.account.count(|wrong| matches!(wrong, Wrong::Lost(..)))
    }

    /// Items that are doubled.
    pub fn doubled(&self) -> usize {
        self.account.count(|wrong| matches!(wrong, Wrong::Doubled(..)))
    }

    /// Items and workers that are stuck.
    pub fn stuck(&self) -> usize {
        self.account.count(|wrong| matches!(wrong, Wrong::Stuck(..) | Wrong::Ended(..)))
    }
}

/// The first of each kind, and how many more there are.
fn told(wrong: &[Wrong]) -> Vec<String> {
    let mut kinds: BTreeMap<&str, Vec<&Wrong>> = BTreeMap::new();
    for one in wrong {
        let kind = match one {
            Wrong::Lost(..) => "lost",
            Wrong::Doubled(..) => "doubled",
            Wrong::Stuck(..) => "stuck",
            Wrong::StoredThoughRefused(..) => "stored though refused",
            Wrong::Ended(..) => "workers",
        };
        kinds.entry(kind).or_default().push(one);
    }
    let of_a_kind = |(kind, all): (&str, Vec<&Wrong>)| {
        let more = all.len().saturating_sub(TOLD);
        let first = all.into_iter().take(TOLD).map(ToString::to_string).collect::<Vec<_>>();
        first.into_iter().chain((more > 0).then(|| format!("{kind}: {more} more")))
    };
    kinds.into_iter().flat_map(of_a_kind).collect()
}
