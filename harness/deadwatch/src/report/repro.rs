//! The screen of `deadwatch repro`: the same story for several subjects, below each other on one axis of time.
//!
//! It fits one screen: at most 100 columns, and 45 lines for four subjects with two consumers each.

use std::{collections::BTreeSet, ops::RangeInclusive};

use super::{
    Ink,
    picture::{self, Extent, Glyph},
    terminal::{
        Paint, WIDTH,
        axis::Axis,
        legend::legend,
        prose::{fitted, padded, wrapped},
        row::{Row, beside_label},
    },
    words::{in_short, setting},
};
use crate::{history::History, scenario::Scenario, verdict::Judgement};

/// More consumers of a subject than this are told by their number.
const LANES: usize = 4;

/// A screen has so many lines.
const SCREEN: usize = 45;

/// What happened to a subject takes so many lines at most; where the screen has no room for that, at least this.
const SENTENCE: RangeInclusive<usize> = 3..=6;

/// What became of one subject.
#[derive(Clone, Copy, Debug)]
pub enum Entry<'a> {
    /// It ran.
    Ran {
        /// What happened.
        history: &'a History,
        /// What it means.
        judgement: &'a Judgement,
    },
    /// It could not run here.
    CouldNotRun {
        /// The subject.
        subject: &'a str,
        /// Why not.
        reason: &'a str,
    },
}

/// The screen. Ends with a line end.
pub fn repro(scenario: &Scenario, backend: &str, entries: &[Entry<'_>], paint: Paint) -> String {
    let screen = |sentence: usize| screen(scenario, backend, entries, sentence, paint);
    let fits = SENTENCE.rev().map(screen).find(|lines| lines.len() <= SCREEN);
    fits.unwrap_or_else(|| screen(*SENTENCE.start())).join("\n") + "\n"
}

/// The screen's lines, at most so many for each sentence.
fn screen(
    scenario: &Scenario,
    backend: &str,
    entries: &[Entry<'_>],
    sentence: usize,
    paint: Paint,
) -> Vec<String> {
    let mut lines = vec![
        paint.text(Ink::Strong, &fitted(&scenario.title, WIDTH)),
        fitted(&setting(scenario, None, backend), WIDTH),
        String::new(),
    ];
    let mut glyphs = BTreeSet::new();
    if let Some(extent) = Extent::of(entries.iter().filter_map(Entry::history)) {
        let axis = Axis::of(extent);
        let [labels, ticks] = axis.ruler();
        lines.push(beside_label(paint, &labels));
        lines.push(beside_label(paint, &ticks));
        if let Some(lane) = entries.iter().filter_map(Entry::history).find_map(picture::refused) {
            let row = Row::of(&lane, &axis);
            glyphs.extend(row.glyphs());
            lines.push(row.line(paint));
        }
        for entry in entries {
            lines.push(String::new());
            lines.extend(entry.block(&axis, &mut glyphs, sentence, paint));
        }
    } else {
        lines.extend(entries.iter().flat_map(|entry| entry.reason(paint)));
    }
    lines.push(String::new());
    lines.extend(legend(&glyphs, paint));
    lines.push(String::new());
    lines.extend(entries.iter().map(|entry| entry.summary(paint)));
    lines.push(String::new());
    lines.extend(next(scenario, paint));
    lines
}

/// The sentence in at most so many lines; where it goes on, that is seen.
fn shortened(sentence: &str, most: usize) -> Vec<String> {
    let mut lines = wrapped(sentence, "   ");
    if lines.len() > most {
        lines.truncate(most);
        if let Some(last) = lines.last_mut() {
            *last = fitted(&format!("{last} …"), WIDTH);
        }
    }
    lines
}

impl<'a> Entry<'a> {
    fn history(&self) -> Option<&'a History> {
        match self {
            Self::Ran { history, .. } => Some(history),
            Self::CouldNotRun { .. } => None,
        }
    }

    fn subject(&self) -> &'a str {
        match self {
            Self::Ran { history, .. } => &history.subject,
            Self::CouldNotRun { subject, .. } => subject,
        }
    }

    /// Its head, its lanes and what happened to it, or why it could not run.
    fn block(&self, axis: &Axis, glyphs: &mut BTreeSet<Glyph>, sentence: usize, paint: Paint) -> Vec<String> {
        match self {
            Self::Ran { history, judgement } => {
                let mut lines = vec![self.head(paint)];
                let lanes = picture::consumers(history, judgement, LANES);
                let rows: Vec<_> = lanes.iter().map(|lane| Row::of(lane, axis)).collect();
                glyphs.extend(rows.iter().flat_map(Row::glyphs));
                lines.extend(rows.iter().map(|row| row.line(paint)));
                lines.extend(picture::unshown(judgement, LANES).map(|text| beside_label(paint, &text)));
                lines.extend(shortened(&judgement.explanation.to_string(), sentence));
                lines
            }
            Self::CouldNotRun { .. } => self.reason(paint),
        }
    }

    /// Why it could not run; nothing if it ran.
    fn reason(&self, paint: Paint) -> Vec<String> {
        match self {
            Self::Ran { .. } => Vec::new(),
            Self::CouldNotRun { reason, .. } => {
                let mut lines = vec![self.head(paint)];
                lines.extend(wrapped(&format!("Could not run here: {reason}"), "   "));
                lines
            }
        }
    }

    fn head(&self, paint: Paint) -> String {
        let subject = self.subject();
        let head = match described(subject) {
            Some(words) => format!("{}: {words}", paint.text(Ink::Strong, subject)),
            None => paint.text(Ink::Strong, &fitted(subject, WIDTH - 1)),
        };
        format!(" {head}")
    }

    /// The subject, its outcome and aftermath, and the verdict, in one line.
    fn summary(&self, paint: Paint) -> String {
        let subject = padded(self.subject(), 12);
        match self {
            Self::Ran { judgement, .. } => {
                let verdict = judgement.verdict.to_string();
                let verdict = paint.text(judgement.verdict.into(), &verdict);
                format!(" {subject} {} {verdict}", padded(&in_short(judgement), 32))
            }
            Self::CouldNotRun { .. } => format!(" {subject} {}", paint.text(Ink::Faint, "did not run")),
        }
    }
}

/// What a built-in subject is; none for any other.
fn described(subject: &str) -> Option<&'static str> {
    match subject {
        "naive" => Some("the recipe's logic retold in Rust, bug included"),
        "original" => Some("the recipe itself, in Go, untouched"),
        "checked" => Some("the recipe with upstream's proposed check: the watch's error is returned"),
        "resilient" => Some("the queue of the crate etcd-queue"),
        _ => None,
    }
}

/// What to do next.
fn next(scenario: &Scenario, paint: Paint) -> Vec<String> {
    let name = &scenario.name;
    let commands = [
        (format!("deadwatch run {name}"), "each timeline in full"),
        (format!("deadwatch run {name} --subject './my-consumer'"), "your own consumer, in any language"),
    ];
    let widest = commands.iter().map(|(command, _)| command.chars().count()).max().unwrap_or_default();
    let told = commands.iter().enumerate().map(|(index, (command, purpose))| {
        let before = if index == 0 { "Next:" } else { "" };
        let command = padded(command, widest.min(WIDTH - 44));
        fitted(&format!(" {before:5} {command}   {purpose}"), WIDTH)
    });
    told.map(|line| paint.text(Ink::Faint, &line)).collect()
}
