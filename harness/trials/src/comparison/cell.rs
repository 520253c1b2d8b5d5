//! One side's figure in one row.

use serde::{Deserialize, Serialize};

/// A measured value.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Cell {
    /// How much, in the unit of its row.
    pub value: f64,
    /// Of how many runs it is the median.
    pub runs: usize,
    /// On which day, as in 2026-08-01.
    pub measured: String,
}

/// The values of several runs.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Median(Vec<f64>);

impl Median {
    /// Adds a run's value.
    pub fn add(&mut self, value: f64) {
        self.0.push(value);
    }

    /// The cell of these runs; none, if there were none.
    pub fn cell(&self, measured: &str) -> Option<Cell> {
        let value = quantile(&self.0, 0.5)?;
        Some(Cell { value, runs: self.0.len(), measured: measured.to_owned() })
    }
}

/// The smallest of the values that a share of them (from 0 to 1) does not exceed: the nearest rank. None, if there are
/// no values.
pub fn quantile(values: &[f64], share: f64) -> Option<f64> {
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    let rank = (share * sorted.len() as f64).ceil() as usize;
    sorted.get(rank.saturating_sub(1)).copied()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_quantile_is_a_value_that_was_measured() {
        let values: Vec<f64> = (1..=200).rev().map(f64::from).collect();
        assert_eq!(quantile(&values, 0.5), Some(100.0));
        assert_eq!(quantile(&values, 0.99), Some(198.0));
        assert_eq!(quantile(&values, 1.0), Some(200.0));
        assert_eq!(quantile(&[], 0.5), None);
    }

    #[test]
    fn a_cell_is_the_median_of_its_runs_whatever_their_order() {
        let mut runs = Median::default();
        assert_eq!(runs.cell("2026-08-01"), None);
        for value in [9.0, 1.0, 2.0] {
            runs.add(value);
        }
        let cell = Cell { value: 2.0, runs: 3, measured: "2026-08-01".to_owned() };
        assert_eq!(runs.cell("2026-08-01"), Some(cell));
    }
}
