//! The runs of a campaign, summed up: a line of the table.

use std::{fmt, time::Duration};

use deadwatch::verdict::Verdict;

use super::{campaign::Campaign, ran::Ran, tally::LostReplies};

/// What the runs of one campaign came to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Total {
    /// Which campaign.
    pub campaign: Campaign,
    /// The first seed; each further run has the next one.
    pub first_seed: u64,
    /// How many runs were made.
    pub runs: usize,
    /// Of those that did not survive.
    pub failed: Vec<Failed>,
    /// Items that were acknowledged to their producers.
    pub items: usize,
    /// Items that were handed out.
    pub handed_out: usize,
    /// Those of them that Go's consumers got.
    pub to_go: usize,
    /// How lost replies were settled.
    pub ambiguous: LostReplies,
    /// How often an etcd was killed.
    pub kills: u64,
    /// How often one was compacted.
    pub compactions: u64,
    /// Replies that the wire kept from clients.
    pub replies_lost: u64,
    /// Cut, silent, late connections, and roles.
    pub others: u64,
    /// Logins, the first ones included.
    pub logins: u64,
    /// Calls that were given up while there were items.
    pub drops: u64,
    /// Lost items.
    pub lost: usize,
    /// Doubled items.
    pub doubled: usize,
    /// Items out of order.
    pub reordered: usize,
    /// The runs' times, added up.
    pub took: Duration,
}

/// A run that did not survive.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Failed {
    /// Its seed.
    pub seed: u64,
    /// How many items it was to enqueue.
    pub items: usize,
    /// What the harness says of it.
    pub verdict: Verdict,
    /// What is wrong.
    pub complaints: Vec<String>,
}

impl Total {
    /// That of no runs.
    pub const fn of(campaign: Campaign, first_seed: u64) -> Self {
        Self {
            campaign,
            first_seed,
            runs: 0,
            failed: Vec::new(),
            items: 0,
            handed_out: 0,
            to_go: 0,
            ambiguous: LostReplies { applied: 0, void: 0, unknown: 0 },
            kills: 0,
            compactions: 0,
            replies_lost: 0,
            others: 0,
            logins: 0,
            drops: 0,
            lost: 0,
            doubled: 0,
            reordered: 0,
            took: Duration::ZERO,
        }
    }

    /// One run more: of this seed and size, and what it came to, or why it could not be made.
    pub fn add(&mut self, seed: u64, items: usize, ran: Result<Ran, String>) {
        self.runs += 1;
        let ran = match ran {
            Ok(ran) => ran,
            Err(problem) => {
                let complaints = vec![format!("could not {problem}")];
                self.failed.push(Failed { seed, items, verdict: Verdict::Inconclusive, complaints });
                return;
            }
        };
        let Ran { suffered, marks, complaints, .. } = ran;
        self.items += marks.acknowledged;
        self.handed_out += marks.handed_out;
        self.to_go += marks.to_go;
        self.ambiguous = self.ambiguous + suffered.ambiguous;
        self.kills += suffered.kills;
        self.compactions += suffered.compactions;
        self.replies_lost += suffered.replies_lost;
        self.others += suffered.others;
        self.logins += suffered.logins;
        self.drops += suffered.drops;
        self.lost += marks.lost;
        self.doubled += marks.doubled;
        self.reordered += marks.reordered;
        self.took += suffered.took;
        if marks.verdict != Verdict::Survives || !complaints.is_empty() {
            self.failed.push(Failed { seed, items, verdict: marks.verdict, complaints });
        }
    }

    fn seeds(&self) -> String {
        match self.runs {
            0 | 1 => self.first_seed.to_string(),
            runs => format!("{}-{}", self.first_seed, self.first_seed + runs as u64 - 1),
        }
    }

    fn verdict(&self) -> String {
        match (self.runs, self.failed.len()) {
            (0, _) => "not made".to_owned(),
            (_, 0) => Verdict::Survives.to_string(),
            (runs, failed) => format!("{failed} of {runs} failed"),
        }
    }
}

/// A line for each campaign.
pub struct Table<'a>(pub &'a [Total]);

/// The table's columns, as many as [`cells`] makes.
const HEAD: [&str; 17] = [
    "campaign",
    "seeds",
    "items",
    "handed out",
    "to Go",
    "applied",
    "void",
    "unknown",
    "kills",
    "compactions",
    "others",
    "logins",
    "drops",
    "lost",
    "doubled",
    "reordered",
    "verdict",
];

fn cells(total: &Total) -> [String; 17] {
    let Total { items, handed_out, to_go, ambiguous, kills, compactions, others, logins, drops, .. } = total;
    let LostReplies { applied, void, unknown } = ambiguous;
    [
        total.campaign.name().to_owned(),
        total.seeds(),
        items.to_string(),
        handed_out.to_string(),
        to_go.to_string(),
        applied.to_string(),
        void.to_string(),
        unknown.to_string(),
        kills.to_string(),
        compactions.to_string(),
        others.to_string(),
        logins.to_string(),
        drops.to_string(),
        total.lost.to_string(),
        total.doubled.to_string(),
        total.reordered.to_string(),
        total.verdict(),
    ]
}

impl fmt::Display for Table<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let lines: Vec<_> =
            std::iter::once(HEAD.map(str::to_owned)).chain(self.0.iter().map(cells)).collect();
        for line in &lines {
            for (column, cell) in line.iter().enumerate() {
                let width = lines.iter().map(|line| line[column].len()).max().unwrap_or_default();
                // Names and verdicts begin at the left, numbers end at the right.
                match column {
                    0 => write!(f, "{cell:width$}")?,
                    16 => write!(f, "  {cell}")?,
                    _ => write!(f, "  {cell:>width$}")?,
                }
            }
            writeln!(f)?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_run_that_could_not_be_made_is_a_failure_that_lost_nothing() {
        let mut total = Total::of(Campaign::Kills, 3);
        total.add(3, 10, Err("start an etcd".to_owned()));
        assert_eq!((total.lost, total.failed.len()), (0, 1));
        assert_eq!(total.failed[0].complaints, ["could not start an etcd"]);
        assert!(Table(&[total]).to_string().ends_with("1 of 1 failed\n"));
    }
}
