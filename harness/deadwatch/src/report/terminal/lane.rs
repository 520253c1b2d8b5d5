//! A lane: a label, a picture of glyphs over the axis, and a note.

use std::collections::BTreeSet;

use super::{
    Ink, Paint,
    axis::COLUMNS,
    glyph::Glyph,
    prose::{fitted, padded},
};

/// How wide a lane's label is.
pub(in crate::report) const LABEL: usize = 13;

/// How wide a lane's note is: label, picture and note with their gaps come to the width of a report.
const NOTE: usize = 21;

/// One lane of a picture.
#[derive(Clone, Debug)]
pub(in crate::report) struct Lane {
    label: String,
    cells: [Option<Glyph>; COLUMNS],
    note: (Ink, String),
}

impl Lane {
    pub(in crate::report) fn new(label: impl Into<String>) -> Self {
        Self { label: label.into(), cells: [None; COLUMNS], note: (Ink::Normal, String::new()) }
    }

    /// What is said at the right end.
    pub(in crate::report) fn note(&mut self, ink: Ink, note: impl Into<String>) {
        self.note = (ink, note.into());
    }

    /// Something happens in this column.
    pub(in crate::report) fn mark(&mut self, column: usize, glyph: Glyph) {
        if let Some(cell) = self.cells.get_mut(column)
            && cell.is_none_or(|there| there <= glyph)
        {
            *cell = Some(glyph);
        }
    }

    /// Something goes on from one column to another, both included.
    pub(in crate::report) fn fill(&mut self, from: usize, to: usize, glyph: Glyph) {
        for column in from..=to {
            self.mark(column, glyph);
        }
    }

    /// The glyphs in it.
    pub(in crate::report) fn glyphs(&self) -> BTreeSet<Glyph> {
        self.cells.iter().flatten().copied().collect()
    }

    /// The lane in one line.
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

/// A line of the axis under or over lanes.
pub(in crate::report) fn beside_label(paint: Paint, text: &str) -> String {
    format!(" {} {}", " ".repeat(LABEL), paint.text(Ink::Faint, text))
}
