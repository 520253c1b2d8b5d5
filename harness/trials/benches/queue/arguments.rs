//! The command line.

use clap::{Parser, ValueEnum};

/// Measures etcd-queue beside the recipe of etcd's Go client and beside a raw loop, on an etcd of its own.
#[derive(Debug, Parser)]
#[command(name = "queue")]
pub struct Arguments {
    /// What to measure; everything if none is named
    #[arg(value_enum)]
    parts: Vec<Part>,
    /// Each once, and the recipe with no more than 1,000 items
    #[arg(long, conflicts_with = "whole")]
    quick: bool,
    /// The recipe with 30,000 items too, and four consumers of it with 10,000: a quarter of an hour more
    #[arg(long)]
    whole: bool,
    /// Write etcd-queue's page of figures; what was not measured is kept from the last time, with its date
    #[arg(long)]
    save: bool,
    /// Measure nothing: write the page again from the figures that are kept
    #[arg(long, conflicts_with_all = ["save", "quick", "whole", "parts"])]
    render: bool,
    /// The release of etcd, built in target/etcd/
    #[arg(long, default_value = "3.5.5")]
    pub etcd: String,
    /// The release of clientv3 whose recipe it is, built in target/original/
    #[arg(long, default_value = "3.5.11")]
    pub client: String,
    /// What `cargo bench` adds
    #[arg(long, hide = true)]
    bench: bool,
}

/// A part of the measurements.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Part {
    /// Backlogs of 100 to 30,000 items: rate, requests, etcd's CPU
    Drain,
    /// Storing items, with 1 and with 64 callers
    Enqueue,
    /// How soon an item reaches a consumer that waits
    Wait,
    /// Storing and taking at the same time
    Flow,
    /// Taking items at least once: claims and acknowledgements
    Lease,
    /// Storing on a cluster of three, one of which is dead, hangs, or was the leader
    Members,
    /// A backlog of a million items
    Memory,
}

/// How much is measured.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Extent {
    Quick,
    Usual,
    Whole,
}

impl Extent {
    /// So many runs, but one where it must be quick.
    pub fn runs(self, runs: usize) -> usize {
        if self == Self::Quick { runs.min(1) } else { runs }
    }

    /// One run, if as much as that is to be measured.
    pub fn once_from(self, least: Self) -> usize {
        usize::from(self >= least)
    }
}

/// What is to be done.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Work {
    Measure,
    Render,
}

impl Arguments {
    pub fn parts(&self) -> &[Part] {
        if self.parts.is_empty() { Part::value_variants() } else { &self.parts }
    }

    pub fn extent(&self) -> Extent {
        match (self.quick, self.whole) {
            (true, _) => Extent::Quick,
            (false, true) => Extent::Whole,
            (false, false) => Extent::Usual,
        }
    }

    pub fn work(&self) -> Work {
        if self.render { Work::Render } else { Work::Measure }
    }

    pub fn writes(&self) -> bool {
        self.save || self.render
    }
}

/// What this program does as a child of itself: `queue child consume ENDPOINT PREFIX 126`.
#[derive(Debug, Parser)]
pub enum Role {
    /// Takes items and says how many, until its stdin ends
    Consume { endpoint: String, prefix: String, each: usize },
    /// Takes one item, then many, and says how long the first took and how much memory all
    First { endpoint: String, prefix: String, then: usize },
}

/// The word that makes this program its own child.
pub const CHILD: &str = "child";

impl Role {
    pub fn parse_if_asked() -> Option<Self> {
        let mut words = std::env::args().skip(1).peekable();
        words.next_if(|word| word == CHILD)?;
        Some(Self::parse_from(std::iter::once(CHILD.to_owned()).chain(words)))
    }
}
