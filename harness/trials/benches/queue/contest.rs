//! Contestants that take turns, and the rows that come of it.

use std::collections::BTreeMap;

use trials::comparison::{Goal, Median, Place, Row, Unit, quantile};

use crate::{
    Outcome,
    arguments::Part,
    drain, enqueue, flow,
    ground::{Ground, Measured},
    lease, members, million,
};

/// One task for several contestants.
#[derive(Debug)]
pub struct Contest {
    pub part: Part,
    pub name: String,
    pub contestants: Vec<Contestant>,
    pub lines: Vec<Line>,
}

/// Someone who does it, so many times; not at all if it would take too long.
#[derive(Debug)]
pub struct Contestant {
    pub name: &'static str,
    pub runs: usize,
    pub doing: Doing,
}

/// What is done.
#[derive(Clone, Copy, Debug)]
pub enum Doing {
    Drain { items: usize, by: drain::By },
    Enqueue { items: usize, by: enqueue::By },
    Flow { flow: flow::Flow, by: flow::By },
    Lease { items: usize, by: lease::By },
    Members { items: usize, trouble: members::Trouble, by: members::By },
    Million { by: million::By },
}

/// A row to be made of what contestants did.
#[derive(Debug)]
pub struct Line {
    pub id: String,
    pub what: String,
    pub metric: Metric,
    pub recipe: Option<&'static str>,
    pub raw: Option<&'static str>,
    pub raw_is: &'static str,
    pub queue: &'static str,
    pub goals: Vec<Goal>,
    pub place: Place,
}

/// What is looked at.
#[derive(Clone, Copy, Debug)]
pub enum Metric {
    Rate,
    Wall,
    /// The latency that this share of the items does not exceed.
    Latency(f64),
    Requests,
    EtcdCpu,
    Peak,
}

impl Metric {
    const fn unit(self) -> Unit {
        match self {
            Self::Rate => Unit::ItemsPerSecond,
            Self::Wall | Self::Latency(_) => Unit::Milliseconds,
            Self::Requests => Unit::RequestsPerItem,
            Self::EtcdCpu => Unit::MicrosecondsPerItem,
            Self::Peak => Unit::Mebibytes,
        }
    }

    fn of(self, measured: &Measured) -> Option<f64> {
        let (done, items) = (&measured.done, measured.done.items as f64);
        match self {
            Self::Rate => Some(items / done.wall.as_secs_f64()),
            Self::Wall => Some(done.wall.as_secs_f64() * 1e3),
            Self::Latency(share) => quantile(&done.latencies_ms, share),
            Self::Requests => Some(measured.requests / items),
            Self::EtcdCpu => Some(measured.etcd_cpu.as_secs_f64() * 1e6 / items),
            Self::Peak => Some(done.peak_bytes? as f64 / f64::from(1 << 20)),
        }
    }
}

impl Contest {
    /// Lets all take turns, each in another order, so that what changes meanwhile touches all alike.
    pub async fn run(&self, ground: &Ground, today: &str) -> Outcome<Vec<Row>> {
        self.names_exist()?;
        let mut results: BTreeMap<&str, Vec<Measured>> = BTreeMap::new();
        let rounds = self.contestants.iter().map(|contestant| contestant.runs).max().unwrap_or_default();
        for round in 0..rounds {
            let (first, others) = self.contestants.split_at(round % self.contestants.len());
            for contestant in others.iter().chain(first).filter(|contestant| round < contestant.runs) {
                let measured = contestant.doing.perform(ground).await?;
                let (items, wall) = (measured.done.items as f64, measured.done.wall.as_secs_f64());
                eprintln!("{}, {}: {wall:.3} s, {:.0} items/s", self.name, contestant.name, items / wall);
                results.entry(contestant.name).or_default().push(measured);
            }
        }
        Ok(self.lines.iter().map(|line| line.row(&results, today)).collect())
    }

    /// A line that names nobody would never get a figure, and nobody would notice.
    fn names_exist(&self) -> Outcome<()> {
        let is_here = |name: &str| self.contestants.iter().any(|contestant| contestant.name == name);
        for line in &self.lines {
            let mut names = [line.recipe, line.raw, Some(line.queue)].into_iter().flatten();
            if let Some(name) = names.find(|name| !is_here(name)) {
                return Err(format!("measure {}: no contestant is called {name:?}", line.id).into());
            }
        }
        Ok(())
    }

    /// The rows without figures.
    pub fn rows(&self, today: &str) -> Vec<Row> {
        self.lines.iter().map(|line| line.row(&BTreeMap::new(), today)).collect()
    }
}

impl Doing {
    async fn perform(self, ground: &Ground) -> Outcome<Measured> {
        match self {
            Self::Drain { items, by } => drain::run(ground, items, by).await,
            Self::Enqueue { items, by } => enqueue::run(ground, items, by).await,
            Self::Flow { flow, by } => flow::run(ground, flow, by).await,
            Self::Lease { items, by } => lease::run(ground, items, by).await,
            Self::Members { items, trouble, by } => members::run(ground, items, trouble, by).await,
            Self::Million { by } => million::run(ground, by).await,
        }
    }
}

impl Line {
    /// A rate of something.
    pub fn new(id: &str, what: &str) -> Self {
        Self {
            id: id.to_owned(),
            what: what.to_owned(),
            metric: Metric::Rate,
            recipe: None,
            raw: None,
            raw_is: "",
            queue: "",
            goals: Vec::new(),
            place: Place::Table,
        }
    }

    /// Whose figures these are; of the raw loop also what it does.
    pub fn beside(
        self,
        recipe: Option<&'static str>,
        raw: Option<(&'static str, &'static str)>,
        queue: &'static str,
    ) -> Self {
        let raw_is = raw.map_or("", |(_, is)| is);
        Self { recipe, raw: raw.map(|(name, _)| name), raw_is, queue, ..self }
    }

    /// Something other than a rate.
    pub fn of(self, metric: Metric) -> Self {
        Self { metric, ..self }
    }

    pub fn aims(self, goals: Vec<Goal>) -> Self {
        Self { goals, ..self }
    }

    pub fn charted(self) -> Self {
        Self { place: Place::Chart, ..self }
    }

    fn row(&self, results: &BTreeMap<&str, Vec<Measured>>, today: &str) -> Row {
        let cell = |name: &str| {
            let mut median = Median::default();
            results
                .get(name)?
                .iter()
                .filter_map(|measured| self.metric.of(measured))
                .for_each(|value| median.add(value));
            median.cell(today)
        };
        Row {
            id: self.id.clone(),
            what: self.what.clone(),
            unit: self.metric.unit(),
            recipe: self.recipe.and_then(cell),
            raw: self.raw.and_then(cell),
            raw_is: self.raw.map(|_| self.raw_is.to_owned()),
            queue: cell(self.queue),
            goals: self.goals.clone(),
            place: self.place,
        }
    }
}

/// A number of items, for the reader.
pub fn thousands(number: usize) -> String {
    match number {
        0..=999 => number.to_string(),
        _ => format!("{},{:03}", number / 1_000, number % 1_000),
    }
}
