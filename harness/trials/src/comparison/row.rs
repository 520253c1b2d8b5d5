//! One thing that was measured on up to three sides.

use serde::{Deserialize, Serialize};

use super::{cell::Cell, goal::Goal};

/// A line of the table.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Row {
    /// What goals of other rows call it, and what keeps its figures from one run to the next: `drain/10000/batch`.
    pub id: String,
    /// What was measured, for the reader.
    pub what: String,
    /// What its values are.
    pub unit: Unit,
    /// The recipe of etcd's Go client.
    pub recipe: Option<Cell>,
    /// A raw loop of the client that the queue uses.
    pub raw: Option<Cell>,
    /// What the raw loop does.
    pub raw_is: Option<String>,
    /// The queue.
    pub queue: Option<Cell>,
    /// What was aimed at.
    pub goals: Vec<Goal>,
    /// Whether it is in the chart.
    pub place: Place,
}

/// Where a row is shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Place {
    /// In the table alone.
    Table,
    /// In the chart too.
    Chart,
}

/// Who is compared.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Side {
    /// The recipe of etcd's Go client.
    Recipe,
    /// A raw loop.
    Raw,
    /// The queue.
    Queue,
}

impl Side {
    /// All of them, in the order in which they are shown.
    pub const ALL: [Self; 3] = [Self::Recipe, Self::Raw, Self::Queue];

    /// Its name.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Recipe => "recipe",
            Self::Raw => "raw",
            Self::Queue => "queue",
        }
    }
}

/// What is counted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Unit {
    /// Items per second.
    ItemsPerSecond,
    /// Milliseconds.
    Milliseconds,
    /// Requests to etcd per item.
    RequestsPerItem,
    /// Microseconds of etcd's CPU time per item.
    MicrosecondsPerItem,
    /// Mebibytes.
    Mebibytes,
}

/// Which values are better.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Better {
    /// High ones.
    More,
    /// Low ones.
    Less,
}

impl Unit {
    /// Which values are better.
    pub const fn better(self) -> Better {
        match self {
            Self::ItemsPerSecond => Better::More,
            Self::Milliseconds | Self::RequestsPerItem | Self::MicrosecondsPerItem | Self::Mebibytes => {
                Better::Less
            }
        }
    }

    /// What stands behind a value.
    pub const fn sign(self) -> &'static str {
        match self {
            Self::ItemsPerSecond => "/s",
            Self::Milliseconds => "ms",
            Self::RequestsPerItem => "req",
            Self::MicrosecondsPerItem => "us",
            Self::Mebibytes => "MiB",
        }
    }

    /// How many times as good a value is as another.
    pub fn factor(self, value: f64, other: f64) -> f64 {
        match self.better() {
            Better::More => value / other,
            Better::Less => other / value,
        }
    }
}

impl Row {
    /// A side's figure.
    pub fn cell(&self, side: Side) -> Option<&Cell> {
        match side {
            Side::Recipe => self.recipe.as_ref(),
            Side::Raw => self.raw.as_ref(),
            Side::Queue => self.queue.as_ref(),
        }
    }

    /// Where a side's figure goes.
    pub fn cell_mut(&mut self, side: Side) -> &mut Option<Cell> {
        match side {
            Side::Recipe => &mut self.recipe,
            Side::Raw => &mut self.raw,
            Side::Queue => &mut self.queue,
        }
    }

    /// How many times as good as that side the queue is.
    pub fn times(&self, side: Side) -> Option<f64> {
        Some(self.unit.factor(self.queue.as_ref()?.value, self.cell(side)?.value))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_higher_rate_and_a_shorter_time_are_so_many_times_as_good() {
        assert!((Unit::ItemsPerSecond.factor(500.0, 100.0) - 5.0).abs() < 1e-9);
        assert!((Unit::Milliseconds.factor(2.0, 50.0) - 25.0).abs() < 1e-9);
    }
}
