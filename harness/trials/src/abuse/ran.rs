//! What a run came to: the harness's judgement of its history, beside what it went through.

use std::time::Duration;

use deadwatch::{
    history::{Acceptance, Happening, History},
    scenario::PROBE_PREFIX,
    subject::Returned,
    verdict::{Aftermath, Evidence, Finding, Judgement, Verdict, judge},
};

use super::{plan::GO, tally::LostReplies};

/// So many findings are told one by one.
const TOLD: usize = 5;

/// A run that was made.
#[derive(Clone, Debug)]
pub struct Ran {
    /// What happened.
    pub history: History,
    /// What it went through.
    pub suffered: Suffered,
    /// What its history means.
    pub marks: Marks,
    /// What is wrong, in words; empty where nothing is.
    pub complaints: Vec<String>,
}

/// What a run went through.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Suffered {
    /// How lost replies were settled, by the queues' own count.
    pub ambiguous: LostReplies,
    /// How many replies the wire kept from a client, one by one; what else was under way there is not in it.
    pub replies_lost: u64,
    /// How often etcd was killed.
    pub kills: u64,
    /// How often it was compacted.
    pub compactions: u64,
    /// How often something else went wrong, lost replies left out.
    pub others: u64,
    /// How many logins the wire saw: one for each client where there is authentication, and one for each dead token.
    pub logins: u64,
    /// How many calls were given up while items were enqueued or waited for.
    pub drops: u64,
    /// The producers that were not done when nothing had been handed out for a long time.
    pub stuck: Vec<String>,
    /// How many items were stored, and handed to nobody, when the producers were done or left behind: if there are
    /// some when producers are stuck, the consumers do not get on, and the producers may only wait for room.
    pub untaken: usize,
    /// What consumers that were closed could not put back.
    pub left_over: Vec<String>,
    /// How long all took.
    pub took: Duration,
}

/// What the checkers found, counted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Marks {
    /// Items that were acknowledged to their producers.
    pub acknowledged: usize,
    /// Items that were handed out, each time counted.
    pub handed_out: usize,
    /// Those of them that Go's consumers got.
    pub to_go: usize,
    /// Items that were acknowledged, handed to nobody, and no longer stored.
    pub lost: usize,
    /// Items that were handed out twice.
    pub doubled: usize,
    /// Items that a lone consumer got in the wrong order.
    pub reordered: usize,
    /// Items that were still stored when all was over.
    pub left: usize,
    /// The harness's verdict.
    pub verdict: Verdict,
}

impl Ran {
    /// Judges a run.
    pub fn of(history: History, suffered: Suffered) -> Self {
        let judgement = judge(&history);
        let count = |is: fn(&Evidence) -> usize| {
            judgement.findings.iter().map(|finding| is(&finding.evidence)).sum::<usize>()
        };
        let marks = Marks {
            acknowledged: history.events.iter().filter(|event| is_acknowledgement(&event.what)).count(),
            handed_out: takers(&history).count(),
            to_go: takers(&history).filter(|consumer| consumer.starts_with(GO)).count(),
            lost: count(|evidence| match evidence {
                Evidence::LostItem(_) => 1,
                Evidence::LostProbes(probes) => *probes,
                _ => 0,
            }),
            doubled: count(|evidence| usize::from(matches!(evidence, Evidence::HandedOutTwice(_)))),
            reordered: count(|evidence| usize::from(matches!(evidence, Evidence::WrongOrder { .. }))),
            left: left(&history),
            verdict: judgement.verdict,
        };
        let complaints = complaints(&judgement, &suffered);
        Self { history, suffered, marks, complaints }
    }
}

const fn is_acknowledgement(what: &Happening) -> bool {
    matches!(what, Happening::EnqueueEnded { acceptance: Acceptance::Acknowledged, .. })
}

/// Who was handed an item, for each that was.
fn takers(history: &History) -> impl Iterator<Item = &str> {
    history.events.iter().filter_map(|event| match &event.what {
        Happening::Returned { consumer, returned: Returned::Item { item, .. }, .. } => {
            (!item.starts_with(PROBE_PREFIX)).then_some(consumer.as_str())
        }
        _ => None,
    })
}

fn left(history: &History) -> usize {
    let stored = history.events.iter().find_map(|event| match &event.what {
        Happening::Stored { items } => Some(items.len()),
        _ => None,
    });
    stored.unwrap_or_default()
}

fn complaints(judgement: &Judgement, suffered: &Suffered) -> Vec<String> {
    let mut complaints: Vec<String> = judgement.findings.iter().take(TOLD).map(describe).collect();
    if let Some(more) = judgement.findings.len().checked_sub(TOLD).filter(|more| *more > 0) {
        complaints.push(format!("{more} findings more"));
    }
    if let Some(Aftermath::Deaf(names)) = &judgement.aftermath {
        complaints.push(format!("deaf in the end: {}", names.join(", ")));
    }
    complaints.extend(judgement.inconclusive.iter().map(ToString::to_string));
    complaints.extend(suffered.stuck.iter().map(|who| describe_stuck(who, suffered.untaken)));
    if suffered.ambiguous.unknown > 0 {
        complaints.push(format!("{} lost replies could not be settled", suffered.ambiguous.unknown));
    }
    complaints.extend(suffered.left_over.iter().map(|who| format!("could not put back: {who}")));
    complaints
}

fn describe_stuck(who: &str, untaken: usize) -> String {
    match untaken {
        0 => format!("stuck: {who}, which stores nothing"),
        _ => format!("stuck: {who}, while nobody takes the {untaken} items that are stored"),
    }
}

fn describe(finding: &Finding) -> String {
    let at_s = finding.at.as_secs_f64();
    match &finding.evidence {
        Evidence::LostItem(item) => format!("{item}, enqueued by {at_s:.3} s, is lost"),
        Evidence::HandedOutTwice(item) => {
            format!("{item} was handed out twice, at {at_s:.3} s to {}", finding.consumers.join(", "))
        }
        other => format!("at {at_s:.3} s: {other:?}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_is_stuck_is_told_apart_from_who_waits_for_stuck_consumers() {
        assert_eq!(describe_stuck("producer-1", 0), "stuck: producer-1, which stores nothing");
        let waits = "stuck: producer-1, while nobody takes the 34 items that are stored";
        assert_eq!(describe_stuck("producer-1", 34), waits);
    }
}
