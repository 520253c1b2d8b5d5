//! The axis of time that all lanes of a picture share.

use std::time::Duration;

use crate::report::picture::{Extent, STEPS_S};

/// How wide the picture between a lane's label and its note is.
pub(in crate::report) const COLUMNS: usize = 62;

/// The least distance of two labels in columns.
const LABEL_DISTANCE: f64 = 6.0;

/// From 0 s to some end, in equal columns; a labelled step is a whole number of them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::report) struct Axis {
    /// How long the timeline is; after it comes the aftermath.
    length: Duration,
    /// The distance of two labels.
    step: Duration,
    /// How many columns that is.
    step_columns: u32,
}

impl Axis {
    /// The axis that shows so much time.
    pub(in crate::report) fn of(extent: Extent) -> Self {
        let Extent { timeline: length, end: last } = extent;
        let columns = u32::try_from(COLUMNS).unwrap_or(u32::MAX);
        let step_of = |step: Duration| (step.as_secs_f64() / last.as_secs_f64() * f64::from(columns)).floor();
        let step = STEPS_S.map(Duration::from_secs).into_iter().find(|step| step_of(*step) >= LABEL_DISTANCE);
        let step = step.unwrap_or(last);
        #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)]
        let step_columns = step_of(step) as u32;
        Self { length, step, step_columns }
    }

    /// The column in which this time lies.
    pub(in crate::report) fn column(&self, at: Duration) -> usize {
        let column = at.as_nanos() * u128::from(self.step_columns) / self.step.as_nanos().max(1);
        usize::try_from(column).unwrap_or(usize::MAX).min(COLUMNS - 1)
    }

    /// The right end.
    pub(in crate::report) fn end(&self) -> Duration {
        let columns = u32::try_from(COLUMNS).unwrap_or(u32::MAX);
        self.step.saturating_mul(columns) / self.step_columns.max(1)
    }

    /// Two lines: the labels, and the ticks below them, the aftermath marked where there is room.
    pub(in crate::report) fn ruler(&self) -> [String; 2] {
        let mut labels = vec![' '; COLUMNS];
        let mut ticks = vec!['─'; COLUMNS];
        let mut at = Duration::ZERO;
        while at <= self.length {
            let column = self.column(at);
            put(&mut ticks, column, if column == 0 { "├" } else { "┬" });
            put(&mut labels, column, &at.as_secs().to_string());
            at += self.step;
        }
        let aftermath = self.column(self.length);
        for tick in ticks.iter_mut().skip(aftermath) {
            *tick = '╌';
        }
        put(&mut ticks, aftermath, "┊");
        let word = "aftermath";
        if COLUMNS.saturating_sub(aftermath) > word.len() {
            put(&mut ticks, aftermath + 1, word);
        }
        [labels.into_iter().collect::<String>().trim_end().to_owned() + " s", ticks.into_iter().collect()]
    }
}

/// Writes a text over what is there, as far as there is room.
fn put(line: &mut [char], column: usize, text: &str) {
    for (place, sign) in line.iter_mut().skip(column).zip(text.chars()) {
        *place = sign;
    }
}
