//! The timeline of one run, for a person to read at a glance.

use std::collections::BTreeSet;

use super::{
    Ink, Paint, WIDTH,
    axis::Axis,
    consumer_lane, etcd_lane,
    glyph::legend,
    lane::{Lane, beside_label},
    prose::{fitted, wrapped},
    token_lane,
};
use crate::{
    history::History,
    report::words::setting,
    verdict::{Aftermath, Judgement},
};

/// More consumers than this are told by their number.
const LANES: usize = 16;

/// The timeline: what ran, lanes over one axis of time, what it came to, and one sentence that says what happened.
/// Ends with a line end.
pub fn timeline(history: &History, judgement: &Judgement, paint: Paint) -> String {
    drawn(history, judgement, None, paint)
}

/// The same, with the seed of the run where it shall be named.
pub(super) fn drawn(history: &History, judgement: &Judgement, seed: Option<u64>, paint: Paint) -> String {
    let mut lines = heading(history, seed, paint).to_vec();
    lines.push(String::new());
    if let Some(axis) = Axis::of([history]) {
        lines.extend(picture(history, judgement, &axis, paint));
    }
    lines.push(String::new());
    lines.push(came_to(judgement, paint));
    lines.extend(wrapped(&judgement.explanation.to_string(), " "));
    lines.join("\n") + "\n"
}

/// What ran where, and the scenario's title.
pub(super) fn heading(history: &History, seed: Option<u64>, paint: Paint) -> [String; 2] {
    let scenario = &history.scenario;
    let seed = seed.map_or(String::new(), |seed| format!(", seed {seed}"));
    let setting = setting(scenario, Some(&history.subject), &history.backend);
    // Whatever has to be cut, the seed is what makes a run again.
    let setting = fitted(&setting, WIDTH - seed.len()) + &seed;
    [paint.text(Ink::Strong, &setting), fitted(&scenario.title, WIDTH)]
}

fn picture(history: &History, judgement: &Judgement, axis: &Axis, paint: Paint) -> Vec<String> {
    let [labels, ticks] = axis.ruler();
    let mut lines = vec![beside_label(paint, &labels), beside_label(paint, &ticks)];
    let consumers = consumer_lane::lanes(history, judgement, axis, LANES);
    let etcds: Vec<_> =
        etcd_lane::producer(history, axis).into_iter().chain(etcd_lane::etcd(history, axis)).collect();
    let tokens = token_lane::lanes(history, axis);
    let glyphs: BTreeSet<_> = consumers.iter().chain(&etcds).chain(&tokens).flat_map(Lane::glyphs).collect();
    lines.extend(consumers.iter().map(|lane| lane.line(paint)));
    lines.extend(consumer_lane::unshown(judgement, LANES).map(|text| beside_label(paint, &text)));
    lines.extend(etcds.iter().chain(&tokens).map(|lane| lane.line(paint)));
    lines.push(String::new());
    lines.extend(legend(&glyphs, paint));
    lines
}

/// `outcome error · aftermath deaf (1): consumer 1 · verdict unsafe`.
fn came_to(judgement: &Judgement, paint: Paint) -> String {
    let verdict = judgement.verdict.to_string();
    let verdict = format!("verdict {}", paint.text(judgement.verdict.into(), &verdict));
    let (Some(outcome), Some(aftermath)) = (judgement.outcome, &judgement.aftermath) else {
        return format!(" {verdict}");
    };
    let outcome = paint.text(outcome.into(), &outcome.to_string());
    let (ink, aftermath) = match aftermath {
        Aftermath::Healthy => (Ink::Good, aftermath.to_string()),
        Aftermath::Dead => (Ink::Bad, aftermath.to_string()),
        Aftermath::Deaf(names) => {
            (Ink::Bad, fitted(&format!("{aftermath}: consumer {}", names.join(", ")), WIDTH / 3))
        }
    };
    format!(" outcome {outcome}  ·  aftermath {}  ·  {verdict}", paint.text(ink, &aftermath))
}
