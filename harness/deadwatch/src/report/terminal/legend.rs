//! What the signs of a picture mean.

use std::collections::BTreeSet;

use super::{Paint, WIDTH};
use crate::report::picture::Glyph;

/// The legend of these signs, in as few lines as it takes.
pub(in crate::report) fn legend(glyphs: &BTreeSet<Glyph>, paint: Paint) -> Vec<String> {
    let mut lines: Vec<(usize, String)> = Vec::new();
    for glyph in glyphs {
        let entry = format!("{} {}", paint.text(glyph.ink(), &glyph.sign().to_string()), glyph.meaning());
        let width = 2 + glyph.meaning().chars().count();
        match lines.last_mut() {
            Some((used, line)) if *used + 3 + width <= WIDTH => {
                *used += 3 + width;
                line.push_str("   ");
                line.push_str(&entry);
            }
            _ => lines.push((1 + width, format!(" {entry}"))),
        }
    }
    lines.into_iter().map(|(_, line)| line).collect()
}
