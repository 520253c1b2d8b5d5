//! A lane drawn in a line: a label, signs over the axis, and a note.

use std::collections::BTreeSet;

use unicode_width::UnicodeWidthStr;

use super::{
    Paint,
    axis::{Axis, COLUMNS},
    prose::{fitted, padded},
};
use crate::report::{
    Ink,
    picture::{Glyph, Lane},
};

/// How wide a row's label is.
const LABEL: usize = 13;

/// How wide a row's note is: label, picture and note with their gaps come to the width of a report.
const NOTE: usize = 21;

/// A lane over columns of time. Of two signs in one column the one is shown that comes later in the list of all.
#[derive(Clone, Debug)]
pub(in crate::report) struct Row {
    label: String,
    cells: [Option<Glyph>; COLUMNS],
    note: (Ink, String),
}

impl Row {
    /// The lane over this axis.
    pub(in crate::report) fn of(lane: &Lane, axis: &Axis) -> Self {
        let mut row = Self { label: label(&lane.label), cells: [None; COLUMNS], note: lane.note.clone() };
        for span in lane.spans.iter().filter(|span| span.from < axis.end()) {
            for column in axis.column(span.from)..=axis.column(span.to) {
                row.mark(column, span.glyph);
            }
        }
        for mark in &lane.marks {
            row.mark(axis.column(mark.at), mark.glyph);
        }
        row
    }

    fn mark(&mut self, column: usize, glyph: Glyph) {
        if let Some(cell) = self.cells.get_mut(column)
            && cell.is_none_or(|there| there <= glyph)
        {
            *cell = Some(glyph);
        }
    }

    /// The signs in it.
    pub(in crate::report) fn glyphs(&self) -> BTreeSet<Glyph> {
        self.cells.iter().flatten().copied().collect()
    }

    /// The row in one line.
    pub(in crate::report) fn line(&self, paint: Paint) -> String {
        let picture: String = self
            .cells
            .chunk_by(|one, next| one == next)
            .map(|run| match run.first().copied().flatten() {
                Some(glyph) => paint.text(glyph.ink(), &glyph.sign().to_string().repeat(run.len())),
                None => " ".repeat(run.len()),
            })
            .collect();
        let (ink, note) = &self.note;
        let label = padded(&self.label, LABEL);
        let line = format!(" {label} {picture}  {}", paint.text(*ink, &fitted(note, NOTE)));
        line.trim_end().to_owned()
    }
}

/// `consumer 1`, or a longer name alone: it tells more than the word before it.
fn label(label: &str) -> String {
    match label.strip_prefix("consumer ") {
        Some(name) if label.width() > LABEL => name.to_owned(),
        Some(_) | None => label.to_owned(),
    }
}

/// A line of the axis under or over rows.
pub(in crate::report) fn beside_label(paint: Paint, text: &str) -> String {
    format!(" {} {}", " ".repeat(LABEL), paint.text(Ink::Faint, text))
}
