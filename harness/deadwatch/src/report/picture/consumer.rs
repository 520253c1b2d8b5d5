//! The lane of a consumer: when it waits, what it gets, how it ends.

use std::time::Duration;

use super::{Glyph, Lane, last};
use crate::{
    history::{Happening, History},
    report::Ink,
    scenario::{OnError, PROBE_PREFIX},
    subject::Returned,
    verdict::{Aftermath, ConsumerJudgement, Evidence, Judgement, Outcome},
};

/// The lanes of the first consumers, at most so many.
pub(in crate::report) fn consumers(history: &History, judgement: &Judgement, most: usize) -> Vec<Lane> {
    let shown = judgement.consumers.iter().take(most);
    shown.map(|consumer| lane(history, judgement, consumer)).collect()
}

/// Says how many consumers are not shown, if there are more than so many.
pub(in crate::report) fn unshown(judgement: &Judgement, most: usize) -> Option<String> {
    let more = judgement.consumers.len().saturating_sub(most);
    (more > 0).then(|| format!("… and {more} more consumers"))
}

fn lane(history: &History, judgement: &Judgement, consumer: &ConsumerJudgement) -> Lane {
    let name = consumer.name.as_str();
    let deaf = match &judgement.aftermath {
        Some(Aftermath::Deaf(names)) => names.contains(&consumer.name),
        Some(Aftermath::Healthy | Aftermath::Dead) | None => false,
    };
    let mut lane = Lane::new(format!("consumer {name}"));
    let began = began(history, name);
    if let Some(began) = began {
        let ended = ended(history, name);
        let spun = spinning_since(judgement, name).unwrap_or(ended);
        let unheard = if deaf { history.scenario.length.clamp(began, spun.max(began)) } else { spun };
        let phases =
            [(began, unheard, Glyph::Waiting), (unheard, spun, Glyph::Deaf), (spun, ended, Glyph::Spinning)];
        for (from, to, glyph) in phases.into_iter().filter(|(from, to, _)| from < to) {
            lane.span(from, to, glyph);
        }
        for (at, glyph, detail) in marks(history, name) {
            if at <= ended {
                lane.mark(at, glyph, detail);
            }
        }
    }
    match (judgement.outcome, consumer.outcome) {
        // What was seen before a run turned out to prove nothing is no outcome.
        (None, _) => {}
        (Some(_), Outcome::Crash) if began.is_none() => lane.note(Ink::Bad, "crash before it began"),
        (Some(_), outcome) if deaf => lane.note(Ink::Bad, format!("{outcome}, then deaf")),
        (Some(_), outcome) => lane.note(outcome.into(), outcome.to_string()),
    }
    lane
}

/// When it made its first call.
fn began(history: &History, name: &str) -> Option<Duration> {
    history.events.iter().find_map(|event| match &event.what {
        Happening::Called { consumer, .. } if consumer == name => Some(event.at()),
        _ => None,
    })
}

/// When it ended: by an error, by a probe, by success where it calls only once, given up, by the process's death, or
/// with the history.
fn ended(history: &History, name: &str) -> Duration {
    let of_that_name = history.scenario.consumers.iter().find(|consumer| consumer.name == name);
    let stops = of_that_name.is_some_and(|consumer| consumer.on_error == OnError::Stop);
    let calls_once = of_that_name.is_some_and(|consumer| !consumer.call.takes_items());
    let end = history.events.iter().find_map(|event| match &event.what {
        Happening::Returned { consumer, returned, .. } if consumer == name => match returned {
            Returned::Error(_) if stops => Some(event.at()),
            Returned::Done if calls_once => Some(event.at()),
            Returned::Item { item, .. } if item.starts_with(PROBE_PREFIX) => Some(event.at()),
            Returned::Error(_) | Returned::Done | Returned::Item { .. } | Returned::Unsupported => None,
        },
        Happening::Cancelled { consumer, .. } if consumer == name => Some(event.at()),
        Happening::Died { .. } | Happening::BoundReached => Some(event.at()),
        _ => None,
    });
    end.unwrap_or_else(|| last(history))
}

fn spinning_since(judgement: &Judgement, name: &str) -> Option<Duration> {
    let mut spins = judgement.findings.iter().filter(|finding| {
        matches!(finding.evidence, Evidence::FailingCalls(_) | Evidence::Requests(_))
            && finding.consumers.iter().any(|consumer| consumer == name)
    });
    spins.next().map(|finding| finding.at)
}

fn marks<'a>(history: &'a History, name: &'a str) -> impl Iterator<Item = (Duration, Glyph, String)> + 'a {
    history.events.iter().filter_map(move |event| {
        let (glyph, detail) = match &event.what {
            Happening::Returned { consumer, returned, .. } if consumer == name => match returned {
                Returned::Item { item, .. } if item.starts_with(PROBE_PREFIX) => {
                    (Glyph::Probe, String::new())
                }
                Returned::Item { item, .. } => (Glyph::Item, item.clone()),
                Returned::Done => (Glyph::Done, String::new()),
                Returned::Error(text) => (Glyph::Failed, text.clone()),
                Returned::Unsupported => return None,
            },
            Happening::Cancelled { consumer, .. } if consumer == name => (Glyph::Cancelled, String::new()),
            Happening::Died { death } => (Glyph::Died, death.cause.clone()),
            _ => return None,
        };
        Some((event.at(), glyph, detail))
    })
}
