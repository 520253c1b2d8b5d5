//! The judgement of a history: every report is made from it.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use super::{
    Aftermath, CallResult, Evidence, Explanation, Finding, HandedOut, Outcome, Verdict, aftermath, crash,
    duplicated, error, false_success, inconclusive, ledger::Ledger, lost, reordered, results, rule, spin,
};
use crate::history::{History, Inconclusive};

/// What a history means.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Judgement {
    /// What became of each consumer, in file order.
    pub consumers: Vec<ConsumerJudgement>,
    /// The worst of the consumers' outcomes; none if the run proves nothing.
    pub outcome: Option<Outcome>,
    /// Who still takes an item when all is over; none if the run proves nothing.
    pub aftermath: Option<Aftermath>,
    /// What the run says about its subject.
    pub verdict: Verdict,
    /// Why the run proves nothing, if so.
    pub inconclusive: Option<Inconclusive>,
    /// The items that consumers got.
    pub handed_out: HandedOut,
    /// Every broken promise, worst first, then in order of time.
    pub findings: Vec<Finding>,
    /// What happened, in one sentence.
    pub explanation: Explanation,
}

/// What became of one consumer.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ConsumerJudgement {
    /// Its name.
    pub name: String,
    /// The worst that is found of it.
    pub outcome: Outcome,
    /// What its calls came to.
    pub results: BTreeSet<CallResult>,
}

/// Judges a history.
pub fn judge(history: &History) -> Judgement {
    let ledger = Ledger::of(history);
    let mut findings: Vec<Finding> = [
        crash::check(&ledger),
        lost::check(&ledger),
        duplicated::check(&ledger),
        reordered::check(&ledger),
        false_success::check(&ledger),
        spin::check(&ledger),
        error::check(&ledger),
    ]
    .concat();
    findings.sort_by_key(|finding| (finding.evidence.outcome(), finding.at));
    let consumers: Vec<_> = ledger.consumers().map(|name| judge_consumer(&ledger, &findings, name)).collect();
    let inconclusive = inconclusive::judge(&ledger);
    let (outcome, aftermath) = match inconclusive {
        Some(_) => (None, None),
        None => (consumers.iter().map(|consumer| consumer.outcome).min(), Some(aftermath::judge(&ledger))),
    };
    let verdict = match (outcome, &aftermath) {
        (Some(outcome), Some(aftermath)) => rule::verdict(outcome, aftermath),
        _ => Verdict::Inconclusive,
    };
    let explanation = Explanation::of(&ledger, &findings, aftermath.as_ref(), inconclusive.as_ref());
    Judgement {
        consumers,
        outcome,
        aftermath,
        verdict,
        inconclusive,
        handed_out: HandedOut::of(&ledger),
        findings,
        explanation,
    }
}

fn judge_consumer(ledger: &Ledger<'_>, findings: &[Finding], name: &str) -> ConsumerJudgement {
    let of_it = findings.iter().filter(|finding| finding.consumers.iter().any(|consumer| consumer == name));
    let worst = of_it.map(|finding| &finding.evidence).map(Evidence::outcome).min();
    ConsumerJudgement {
        name: name.to_owned(),
        outcome: worst.unwrap_or(Outcome::Healthy),
        results: results::of(ledger, name),
    }
}
