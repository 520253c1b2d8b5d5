//! A lane: what went on and what happened to one thing, over time.

use std::time::Duration;

use super::Glyph;
use crate::report::Ink;

/// One lane of a picture.
#[derive(Clone, Debug)]
pub(in crate::report) struct Lane {
    /// Whose it is.
    pub(in crate::report) label: String,
    /// What went on.
    pub(in crate::report) spans: Vec<Span>,
    /// What happened.
    pub(in crate::report) marks: Vec<Mark>,
    /// What it came to.
    pub(in crate::report) note: (Ink, String),
}

/// Something that went on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::report) struct Span {
    /// From when on.
    pub(in crate::report) from: Duration,
    /// Until when; may lie beyond the end of a picture.
    pub(in crate::report) to: Duration,
    /// What.
    pub(in crate::report) glyph: Glyph,
}

/// Something that happened.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::report) struct Mark {
    /// When.
    pub(in crate::report) at: Duration,
    /// What.
    pub(in crate::report) glyph: Glyph,
    /// More about it: an item, an error's text; may be empty.
    pub(in crate::report) detail: String,
}

impl Lane {
    pub(super) fn new(label: impl Into<String>) -> Self {
        Self { label: label.into(), spans: Vec::new(), marks: Vec::new(), note: (Ink::Normal, String::new()) }
    }

    pub(super) fn span(&mut self, from: Duration, to: Duration, glyph: Glyph) {
        self.spans.push(Span { from, to, glyph });
    }

    pub(super) fn mark(&mut self, at: Duration, glyph: Glyph, detail: impl Into<String>) {
        self.marks.push(Mark { at, glyph, detail: detail.into() });
    }

    pub(super) fn note(&mut self, ink: Ink, note: impl Into<String>) {
        self.note = (ink, note.into());
    }

    /// The lane, if there is anything in it.
    pub(super) fn unless_empty(self) -> Option<Self> {
        (!self.spans.is_empty() || !self.marks.is_empty()).then_some(self)
    }

    /// How many marks of this kind there are.
    pub(super) fn count(&self, glyph: Glyph) -> usize {
        self.marks.iter().filter(|mark| mark.glyph == glyph).count()
    }
}

/// `1 reply lost`, `3 replies lost`; none of none.
pub(super) fn counted(count: usize, one: &str, many: &str) -> Option<String> {
    match count {
        0 => None,
        1 => Some(format!("1 {one}")),
        _ => Some(format!("{count} {many}")),
    }
}

/// To a tenth of a second, which is as much as anybody reads off a picture: `6 s`, `0.2 s`.
pub(super) fn spelt(length: Duration) -> String {
    let seconds = format!("{:.1}", length.as_secs_f64());
    format!("{} s", seconds.strip_suffix(".0").unwrap_or(&seconds))
}
