//! What was aimed at, and whether it was reached.

use std::fmt;

use serde::{Deserialize, Serialize};

use super::{
    number::shown,
    row::{Better, Row, Side, Unit},
};

/// An aim of a row.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Goal {
    /// So many times as good as the recipe.
    TimesRecipe(f64),
    /// At least this share of the raw loop, from 0 to 1.
    ShareOfRaw(f64),
    /// So many times as good as the queue in another row.
    TimesRow {
        /// The other row's id.
        row: String,
        /// What it is called in a sentence.
        called: String,
        /// How many times.
        times: f64,
    },
    /// A value of its own: at least that, or at most, as its unit has it.
    Value(f64),
}

/// What became of a goal.
#[derive(Clone, Debug, PartialEq)]
pub enum Verdict {
    /// Reached, at so much.
    Reached(String),
    /// Missed, at so much.
    Missed(String),
    /// A figure that it needs is missing.
    Unmeasured,
}

impl Goal {
    /// How the goal reads: `>= 400 x recipe`.
    pub fn reads(&self, unit: Unit) -> String {
        match self {
            Self::TimesRecipe(times) => format!(">= {} x recipe", shown(*times)),
            Self::ShareOfRaw(share) => format!(">= {} of raw", percent(*share)),
            Self::TimesRow { called, times, .. } => format!(">= {} x {called}", shown(*times)),
            Self::Value(value) => {
                let sign = match unit.better() {
                    Better::More => ">=",
                    Better::Less => "<=",
                };
                format!("{sign} {} {}", shown(*value), unit.sign())
            }
        }
    }

    /// Whether `row` reaches it; `all` has the rows that it may refer to.
    pub fn verdict(&self, row: &Row, all: &[Row]) -> Verdict {
        let Some(queue) = &row.queue else { return Verdict::Unmeasured };
        let (times, goal) = match self {
            Self::TimesRecipe(goal) => (row.times(Side::Recipe), *goal),
            Self::ShareOfRaw(goal) => (row.times(Side::Raw), *goal),
            Self::TimesRow { row: id, times, .. } => {
                let other = all.iter().find(|other| &other.id == id).and_then(|other| other.queue.as_ref());
                (other.map(|other| row.unit.factor(queue.value, other.value)), *times)
            }
            Self::Value(goal) => (Some(row.unit.factor(queue.value, *goal)), 1.0),
        };
        let Some(times) = times else { return Verdict::Unmeasured };
        let is = match self {
            Self::TimesRecipe(_) | Self::TimesRow { .. } => format!("{} x", shown(times)),
            Self::ShareOfRaw(_) => percent(times),
            Self::Value(_) => format!("{} {}", shown(queue.value), row.unit.sign()),
        };
        if times >= goal { Verdict::Reached(is) } else { Verdict::Missed(is) }
    }
}

impl fmt::Display for Verdict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Reached(_) => f.write_str("yes"),
            Self::Missed(is) => write!(f, "NO ({is})"),
            Self::Unmeasured => f.write_str("?"),
        }
    }
}

/// A share as a percentage.
pub(super) fn percent(share: f64) -> String {
    format!("{} %", shown(share * 100.0))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::comparison::{Cell, row::Place};

    fn row(unit: Unit, recipe: f64, raw: f64, queue: f64) -> Row {
        let cell = |value| Some(Cell { value, runs: 1, measured: "2026-08-01".to_owned() });
        Row {
            id: "a".to_owned(),
            what: "a".to_owned(),
            unit,
            recipe: cell(recipe),
            raw: cell(raw),
            raw_is: None,
            queue: cell(queue),
            goals: Vec::new(),
            place: Place::Table,
        }
    }

    #[test]
    fn a_goal_is_reached_at_its_bound_and_missed_below_it() {
        let row = row(Unit::ItemsPerSecond, 10.0, 8_000.0, 4_000.0);
        let verdict = |goal: Goal| goal.verdict(&row, &[]);
        assert_eq!(verdict(Goal::TimesRecipe(400.0)), Verdict::Reached("400 x".to_owned()));
        assert_eq!(verdict(Goal::TimesRecipe(400.1)), Verdict::Missed("400 x".to_owned()));
        assert_eq!(verdict(Goal::ShareOfRaw(0.5)), Verdict::Reached("50 %".to_owned()));
        assert_eq!(verdict(Goal::ShareOfRaw(0.6)), Verdict::Missed("50 %".to_owned()));
        assert_eq!(verdict(Goal::Value(4_000.0)), Verdict::Reached("4,000 /s".to_owned()));
        assert_eq!(verdict(Goal::Value(4_001.0)), Verdict::Missed("4,000 /s".to_owned()));
    }

    #[test]
    fn of_what_shall_be_low_a_goal_is_a_bound_from_above() {
        let row = row(Unit::RequestsPerItem, 2.0, 0.008, 0.01);
        assert_eq!(Goal::Value(0.02).reads(row.unit), "<= 0.02 req");
        assert_eq!(Goal::Value(0.02).verdict(&row, &[]), Verdict::Reached("0.01 req".to_owned()));
        assert_eq!(Goal::Value(0.009).verdict(&row, &[]), Verdict::Missed("0.01 req".to_owned()));
        assert_eq!(Goal::TimesRecipe(201.0).verdict(&row, &[]), Verdict::Missed("200 x".to_owned()));
    }

    #[test]
    fn a_goal_beside_another_row_looks_it_up_and_cannot_be_judged_without_it() {
        let (row, mut other) = (row(Unit::ItemsPerSecond, 1.0, 1.0, 50.0), row_called("one"));
        let goal = Goal::TimesRow { row: "one".to_owned(), called: "one caller".to_owned(), times: 0.5 };
        assert_eq!(goal.verdict(&row, &[other.clone()]), Verdict::Reached("0.50 x".to_owned()));
        other.queue = None;
        assert_eq!(goal.verdict(&row, &[other]), Verdict::Unmeasured);
        assert_eq!(goal.verdict(&row, &[]), Verdict::Unmeasured);
    }

    fn row_called(id: &str) -> Row {
        Row { id: id.to_owned(), ..row(Unit::ItemsPerSecond, 1.0, 1.0, 100.0) }
    }
}
