//! The runs of a campaign of processes, summed up: a line of the table.

use std::fmt;

use deadwatch::verdict::Verdict;

use super::{ordeal::Ordeal, ran::Ran, suffered::Suffered};

/// What the runs of one campaign came to.
#[derive(Clone, Debug)]
pub struct Total {
    /// Which campaign.
    pub ordeal: Ordeal,
    /// The first seed; each further run has the next one.
    pub first_seed: u64,
    /// How many runs were made.
    pub runs: u64,
    /// How each of those ended that did not survive.
    pub failed: Vec<Verdict>,
    releases: Vec<String>,
    suffered: Suffered,
    items: usize,
    handed_out: usize,
    in_dead_hands: usize,
    presumed: usize,
    lost: usize,
    doubled: usize,
    stuck: usize,
    took_s: u64,
}

impl Total {
    /// That of no runs.
    pub fn of(ordeal: Ordeal, first_seed: u64) -> Self {
        Self {
            ordeal,
            first_seed,
            runs: 0,
            failed: Vec::new(),
            releases: Vec::new(),
            suffered: Suffered::default(),
            items: 0,
            handed_out: 0,
            in_dead_hands: 0,
            presumed: 0,
            lost: 0,
            doubled: 0,
            stuck: 0,
            took_s: 0,
        }
    }

    /// One run more, or one that could not be made.
    pub fn add(&mut self, ran: Option<&Ran>) {
        self.runs += 1;
        let Some(ran) = ran else {
            self.failed.push(Verdict::Inconclusive);
            return;
        };
        let release = ran.plan.version.to_string();
        if !self.releases.contains(&release) {
            self.releases.push(release);
        }
        self.suffered += ran.suffered;
        self.items += ran.account.items;
        self.handed_out += ran.account.handed_out;
        self.in_dead_hands += ran.account.in_dead_hands;
        self.presumed += ran.account.presumed + ran.account.doubtful;
        self.lost += ran.lost();
        self.doubled += ran.doubled();
        self.stuck += ran.stuck();
        self.took_s += ran.took.as_secs();
        if ran.verdict != Verdict::Survives {
            self.failed.push(ran.verdict);
        }
    }

    fn cells(&self) -> Vec<String> {
        let seeds = match self.runs {
            0 | 1 => self.first_seed.to_string(),
            runs => format!("{}-{}", self.first_seed, self.first_seed + runs - 1),
        };
        let verdict = match (self.runs, self.failed.len()) {
            (0, _) => "not made".to_owned(),
            (_, 0) => Verdict::Survives.to_string(),
            (runs, failed) => format!("{failed} of {runs} failed"),
        };
        let Suffered { late, kills, closes, closes_in_outage, pauses, member_kills, .. } = self.suffered;
        let Suffered { leaders, outages, crossings, replies_lost, .. } = self.suffered;
        let numbers = [
            self.items as u64,
            self.handed_out as u64,
            self.in_dead_hands as u64,
            self.presumed as u64,
            late,
            kills,
            closes,
            closes_in_outage,
            pauses,
            member_kills,
            leaders,
            outages,
            crossings,
            replies_lost,
            self.took_s,
            self.lost as u64,
            self.doubled as u64,
            self.stuck as u64,
        ];
        let head = [self.ordeal.name().to_owned(), self.releases.join(" "), seeds];
        head.into_iter().chain(numbers.map(|number| number.to_string())).chain([verdict]).collect()
    }
}

/// The table's columns, as many as a total has cells.
const HEAD: [&str; 22] = [
    "campaign",
    "etcd",
    "seeds",
    "items",
    "handed out",
    "dead hands",
    "presumed",
    "late",
    "kills",
    "closes",
    "in outage",
    "pauses",
    "member kills",
    "leaders",
    "outages",
    "crossings",
    "replies lost",
    "seconds",
    "lost",
    "doubled",
    "stuck",
    "verdict",
];

/// A line for each campaign, and one for all; nothing where there are none.
pub struct Table<'a>(pub &'a [Total]);

impl fmt::Display for Table<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.0.is_empty() {
            return Ok(());
        }
        let mut lines: Vec<Vec<String>> = vec![HEAD.map(str::to_owned).to_vec()];
        lines.extend(self.0.iter().map(Total::cells));
        let widths: Vec<usize> = (0..HEAD.len())
            .map(|column| lines.iter().map(|line| line[column].len()).max().unwrap_or_default())
            .collect();
        for line in &lines {
            let cells = line.iter().zip(&widths).enumerate().map(|(column, (cell, width))| match column {
                // Names begin at the left, numbers end at the right.
                0..3 => format!("{cell:width$}"),
                column if column + 1 == HEAD.len() => cell.clone(),
                _ => format!("{cell:>width$}"),
            });
            writeln!(f, "{}", cells.collect::<Vec<_>>().join("  "))?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_run_that_could_not_be_made_is_a_failure_that_lost_nothing() {
        let mut total = Total::of(Ordeal::Held, 3);
        total.add(None);
        assert_eq!((total.lost, total.failed.len()), (0, 1));
        assert!(Table(&[total]).to_string().ends_with("1 of 1 failed\n"));
        assert_eq!(Total::of(Ordeal::Held, 1).cells().len(), HEAD.len());
    }
}
