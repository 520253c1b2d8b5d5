//! All that was measured, as it is kept.

use serde::{Deserialize, Serialize};

use super::{
    machine::Machine,
    row::{Row, Side},
};

/// All rows, and where they were measured.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Comparison {
    /// The machine of the last run.
    pub machine: Machine,
    /// The rows, in the order in which they are shown.
    pub rows: Vec<Row>,
}

/// Why kept figures can't be used.
#[derive(Debug, thiserror::Error)]
#[error("read the kept figures: expected what a benchmark with --save has written: {0}")]
pub struct Unreadable(#[from] serde_json::Error);

impl Comparison {
    /// Reads what [`json`](Self::json) wrote.
    ///
    /// # Errors
    /// It is something else.
    pub fn parse(json: &str) -> Result<Self, Unreadable> {
        Ok(serde_json::from_str(json)?)
    }

    /// As it is kept in a file.
    ///
    /// # Errors
    /// A value is no number.
    pub fn json(&self) -> Result<String, Unreadable> {
        Ok(serde_json::to_string_pretty(self)? + "\n")
    }

    /// Fills what was not measured this time with what an earlier run measured; each cell keeps its date.
    pub fn keep(&mut self, earlier: &Self) {
        for row in &mut self.rows {
            // Said in other words, it may be another thing by now.
            let is_same = |old: &&Row| old.id == row.id && old.what == row.what && old.unit == row.unit;
            let Some(old) = earlier.rows.iter().find(is_same) else { continue };
            for side in Side::ALL {
                let cell = row.cell_mut(side);
                if cell.is_none() {
                    *cell = old.cell(side).cloned();
                }
            }
        }
    }

    /// Whether a cell is of the last run's day.
    pub(super) fn is_of_last_run(&self, measured: &str) -> bool {
        self.machine.date == measured
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
pub(super) mod tests {
    use super::*;
    use crate::comparison::{Cell, Goal, Unit, row::Place};

    /// One row of each kind.
    pub(in crate::comparison) fn sample() -> Comparison {
        let cell = |value| Some(Cell { value, runs: 3, measured: "2026-08-02".to_owned() });
        let drain = Row {
            id: "drain/10000/batch".to_owned(),
            what: "10,000 items, next_batch(126)".to_owned(),
            unit: Unit::ItemsPerSecond,
            recipe: Some(Cell { value: 125.0, runs: 1, measured: "2026-08-01".to_owned() }),
            raw: cell(100_000.0),
            raw_is: Some("126 claims a transaction".to_owned()),
            queue: cell(75_000.0),
            goals: vec![Goal::TimesRecipe(400.0), Goal::ShareOfRaw(0.8)],
            place: Place::Chart,
        };
        let wait = Row {
            id: "wait/5/p50".to_owned(),
            what: "an item each 5 ms, p50".to_owned(),
            unit: Unit::Milliseconds,
            recipe: cell(44.0),
            raw: cell(0.8),
            raw_is: None,
            queue: cell(1.1),
            goals: vec![Goal::TimesRecipe(25.0)],
            place: Place::Chart,
        };
        let requests = Row {
            id: "drain/10000/requests".to_owned(),
            what: "requests an item".to_owned(),
            unit: Unit::RequestsPerItem,
            recipe: None,
            raw: None,
            raw_is: None,
            queue: cell(0.0083),
            goals: vec![Goal::Value(0.02)],
            place: Place::Table,
        };
        let machine = Machine {
            date: "2026-08-02".to_owned(),
            cpu: "A processor".to_owned(),
            cores: 2,
            memory_gib: 15.6,
            kernel: "6.1.0".to_owned(),
            fsync_ms: 0.12,
            load: 0.5,
            etcd: "3.5.5".to_owned(),
            clientv3: "3.5.11".to_owned(),
        };
        Comparison { machine, rows: vec![drain, wait, requests] }
    }

    #[test]
    fn what_is_kept_can_be_read_again() {
        let sample = sample();
        assert_eq!(Comparison::parse(&sample.json().unwrap()).unwrap(), sample);
        assert!(Comparison::parse("{}").unwrap_err().to_string().contains("expected what a benchmark"));
    }

    #[test]
    fn the_committed_page_and_chart_are_those_of_the_committed_figures() {
        let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../etcd-queue/docs");
        let text = |name| std::fs::read_to_string(folder.join(name)).unwrap();
        let kept = Comparison::parse(&text("figures.json")).unwrap();
        let again = "run `just bench --render`";
        assert!(text("figures.md") == crate::comparison::page(&kept), "{again}");
        assert!(text("figures.svg") == crate::comparison::chart(&kept), "{again}");
    }

    #[test]
    fn the_names_of_what_is_charted_fit_beside_their_bars() {
        let json = include_str!("../../../etcd-queue/docs/figures.json");
        let kept = Comparison::parse(json).unwrap();
        let charted = kept.rows.iter().filter(|row| row.place == Place::Chart);
        let longest = charted.map(|row| row.what.chars().count()).max();
        assert!(longest.is_some_and(|longest| longest <= 33), "{longest:?}");
    }

    #[test]
    fn only_what_was_not_measured_is_taken_from_an_earlier_run() {
        let mut earlier = sample();
        earlier.rows[0].queue.as_mut().unwrap().value = 1.0;
        let mut now = sample();
        now.rows[0].recipe = None;
        now.rows[1].raw = None;
        now.rows[2].queue = None;
        earlier.rows[1].unit = Unit::Mebibytes;
        earlier.rows[2].what += " of 200";
        now.keep(&earlier);
        assert_eq!(now.rows[0], sample().rows[0]);
        // A figure in another unit, or of something else, is another figure.
        assert_eq!(now.rows[1].raw, None);
        assert_eq!(now.rows[2].queue, None);
    }
}
