//! The lane of a consumer: when it waits, what it gets, how it ends.

use std::time::Duration;

use unicode_width::UnicodeWidthStr;

use super::{
    Ink,
    axis::Axis,
    glyph::Glyph,
    lane::{LABEL, Lane},
};
use crate::{
    history::{Happening, History},
    scenario::{OnError, PROBE_PREFIX},
    subject::Returned,
    verdict::{Aftermath, ConsumerJudgement, Evidence, Judgement, Outcome},
};

/// The lanes of the first consumers, at most so many.
pub(in crate::report) fn lanes(
    history: &History,
    judgement: &Judgement,
    axis: &Axis,
    most: usize,
) -> Vec<Lane> {
    let shown = judgement.consumers.iter().take(most);
    shown.map(|consumer| lane(history, judgement, consumer, axis)).collect()
}

/// Says how many consumers are not shown, if there are more than so many.
pub(in crate::report) fn unshown(judgement: &Judgement, most: usize) -> Option<String> {
    let more = judgement.consumers.len().saturating_sub(most);
    (more > 0).then(|| format!("… and {more} more consumers"))
}

fn lane(history: &History, judgement: &Judgement, consumer: &ConsumerJudgement, axis: &Axis) -> Lane {
    let name = consumer.name.as_str();
    let deaf = match &judgement.aftermath {
        Some(Aftermath::Deaf(names)) => names.contains(&consumer.name),
        Some(Aftermath::Healthy | Aftermath::Dead) | None => false,
    };
    let mut lane = Lane::new(label(name));
    let began = began(history, name);
    if let Some(began) = began {
        let ended = ended(history, name);
        let last = axis.column(ended);
        lane.fill(axis.column(began), last, Glyph::Waiting);
        if let Some(spun) = spinning_since(judgement, name) {
            lane.fill(axis.column(spun), last, Glyph::Spinning);
        }
        if deaf {
            lane.fill(axis.column(axis.timeline_end()), last, Glyph::Deaf);
        }
        for (at, glyph) in marks(history, name) {
            if at <= ended {
                lane.mark(axis.column(at), glyph);
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

/// `consumer 1`, or a longer name alone: it tells more than the word before it.
fn label(name: &str) -> String {
    let label = format!("consumer {name}");
    if label.width() <= LABEL { label } else { name.to_owned() }
}

/// When it made its first call.
fn began(history: &History, name: &str) -> Option<Duration> {
    history.events.iter().find_map(|event| match &event.what {
        Happening::Called { consumer, .. } if consumer == name => Some(event.at()),
        _ => None,
    })
}

/// When it ended: by an error, by a probe, by the process's death, or with the history.
fn ended(history: &History, name: &str) -> Duration {
    let consumers = &history.scenario.consumers;
    let stops = consumers.iter().any(|consumer| consumer.name == name && consumer.on_error == OnError::Stop);
    let end = history.events.iter().find_map(|event| match &event.what {
        Happening::Returned { consumer, returned, .. } if consumer == name => match returned {
            Returned::Error(_) if stops => Some(event.at()),
            Returned::Item { item, .. } if item.starts_with(PROBE_PREFIX) => Some(event.at()),
            _ => None,
        },
        Happening::Died { .. } | Happening::BoundReached => Some(event.at()),
        _ => None,
    });
    end.unwrap_or_else(|| history.events.last().map_or(Duration::ZERO, |event| event.at()))
}

fn spinning_since(judgement: &Judgement, name: &str) -> Option<Duration> {
    let mut spins = judgement.findings.iter().filter(|finding| {
        matches!(finding.evidence, Evidence::FailingCalls(_) | Evidence::Requests(_))
            && finding.consumers.iter().any(|consumer| consumer == name)
    });
    spins.next().map(|finding| finding.at)
}

fn marks<'a>(history: &'a History, name: &'a str) -> impl Iterator<Item = (Duration, Glyph)> + 'a {
    history.events.iter().filter_map(move |event| {
        let glyph = match &event.what {
            Happening::Returned { consumer, returned, .. } if consumer == name => match returned {
                Returned::Item { item, .. } if item.starts_with(PROBE_PREFIX) => Glyph::Probe,
                Returned::Item { .. } | Returned::Done => Glyph::Item,
                Returned::Error(_) => Glyph::Failed,
                Returned::Unsupported => return None,
            },
            Happening::Died { .. } => Glyph::Died,
            _ => return None,
        };
        Some((event.at(), glyph))
    })
}
