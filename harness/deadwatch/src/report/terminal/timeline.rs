//! The timeline of one run, for a person to read at a glance.

use std::collections::BTreeSet;

use super::{
    Paint, WIDTH,
    axis::Axis,
    legend::legend,
    prose::{fitted, wrapped},
    row::{Row, beside_label},
};
use crate::{
    history::History,
    report::{
        Ink,
        picture::{self, Extent},
        words::setting,
    },
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
    if let Some(extent) = Extent::of([history]) {
        lines.extend(picture(history, judgement, &Axis::of(extent), paint));
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
    let rows = |lanes: Vec<picture::Lane>| lanes.iter().map(|lane| Row::of(lane, axis)).collect::<Vec<_>>();
    let consumers = rows(picture::consumers(history, judgement, LANES));
    let others = rows(picture::beside_consumers(history));
    let glyphs: BTreeSet<_> = consumers.iter().chain(&others).flat_map(Row::glyphs).collect();
    lines.extend(consumers.iter().map(|row| row.line(paint)));
    lines.extend(picture::unshown(judgement, LANES).map(|text| beside_label(paint, &text)));
    lines.extend(others.iter().map(|row| row.line(paint)));
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
