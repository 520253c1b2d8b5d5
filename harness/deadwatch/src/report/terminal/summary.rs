//! Many runs: a line for each, and the timelines of those that are worth a look.

use std::fmt::Write;

use similar::{ChangeTag, TextDiff};
use unicode_width::UnicodeWidthStr;

use super::{
    Ink, Paint, WIDTH,
    prose::{in_short, padded, verdict_ink, wrapped},
    timeline,
};
use crate::{
    history::{History, Inconclusive},
    report::snapshot::{SnapshotState, text},
    verdict::{Judgement, Verdict},
};

/// So few runs are all shown with their timelines.
const FEW: usize = 2;

/// A run, and how it compares with its snapshot.
#[derive(Clone, Copy, Debug)]
pub struct RunView<'a> {
    /// What happened.
    pub history: &'a History,
    /// What it means.
    pub judgement: &'a Judgement,
    /// How it compares.
    pub snapshot: &'a SnapshotState,
}

/// What there is to see of a run.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Standing {
    AsExpected,
    /// No snapshot, and not unsafe.
    New,
    /// No snapshot, and unsafe.
    NewAndUnsafe,
    Differs,
    Inconclusive,
    Ignored,
}

impl Standing {
    fn of(run: &RunView<'_>) -> Self {
        match (&run.judgement.inconclusive, run.snapshot) {
            (Some(Inconclusive::Unsupported(_)), _) => Self::Ignored,
            (Some(_), _) => Self::Inconclusive,
            (None, SnapshotState::Match) => Self::AsExpected,
            (None, SnapshotState::Differs { .. }) => Self::Differs,
            (None, SnapshotState::None) => match run.judgement.verdict {
                Verdict::Unsafe => Self::NewAndUnsafe,
                Verdict::Survives | Verdict::FailsSafely | Verdict::Inconclusive => Self::New,
            },
        }
    }

    const fn said(self) -> (Ink, &'static str, &'static str) {
        match self {
            Self::AsExpected => (Ink::Good, "=", "as its snapshot says"),
            Self::New => (Ink::Normal, "+", "no snapshot"),
            Self::NewAndUnsafe => (Ink::Bad, "+", "no snapshot"),
            Self::Differs => (Ink::Bad, "≠", "differs from its snapshot"),
            Self::Inconclusive => (Ink::Warning, "?", "proves nothing"),
            Self::Ignored => (Ink::Faint, "-", "ignored"),
        }
    }

    fn is_worth_a_look(self) -> bool {
        matches!(self, Self::Differs | Self::NewAndUnsafe)
    }
}

/// All runs: the timelines of those that differ from their snapshots or are new and unsafe, and of all where there are
/// few; then a line for each of many, and how many there are of each kind. Ends with a line end.
pub fn summary(runs: &[RunView<'_>], paint: Paint) -> String {
    let mut page = String::new();
    let looked_at = |run: &&RunView<'_>| runs.len() <= FEW || Standing::of(run).is_worth_a_look();
    // Writing to a string does not fail.
    for run in runs.iter().filter(looked_at) {
        let _ = writeln!(page, "{}{}", timeline(run.history, run.judgement, paint), compared(run, paint));
    }
    if runs.len() > FEW {
        for line in lines(runs, paint) {
            let _ = writeln!(page, "{line}");
        }
        page.push('\n');
    }
    page + &totals(runs, paint) + "\n"
}

/// How a run compares with its snapshot, each differing line shown.
fn compared(run: &RunView<'_>, paint: Paint) -> String {
    let (ink, _, said) = Standing::of(run).said();
    let mut shown = format!(" {}\n", paint.text(ink, said));
    if let SnapshotState::Differs { expected } = run.snapshot {
        let actual = text(run.judgement);
        for change in TextDiff::from_lines(expected.as_str(), actual.as_str()).iter_all_changes() {
            let (ink, sign) = match change.tag() {
                ChangeTag::Delete => (Ink::Bad, '-'),
                ChangeTag::Insert => (Ink::Good, '+'),
                ChangeTag::Equal => (Ink::Faint, ' '),
            };
            let line = format!(" {sign} {}", change.value().trim_end());
            let _ = writeln!(shown, "{}", paint.text(ink, &line));
        }
    }
    shown
}

/// A line for each run, its columns as wide as they need to be.
fn lines(runs: &[RunView<'_>], paint: Paint) -> Vec<String> {
    let cells: Vec<[String; 5]> = runs.iter().map(cells).collect();
    let widest = |column: usize| cells.iter().map(|row| row.get(column).map_or(0, |cell| cell.width())).max();
    let mut widths: [usize; 5] = std::array::from_fn(|column| widest(column).unwrap_or(0));
    // A mark before, two spaces between, the verdict and what is said of the snapshot after.
    let said = runs.iter().map(|run| said_in_line(Standing::of(run)).width()).max().unwrap_or(0);
    let fixed = 3 + 2 * cells_gaps() + VERDICT + said;
    let mut too_wide = (widths.iter().sum::<usize>() + fixed).saturating_sub(WIDTH);
    for column in [2, 0, 3] {
        if let Some(width) = widths.get_mut(column) {
            let cut = too_wide.min(width.saturating_sub(9));
            *width -= cut;
            too_wide -= cut;
        }
    }
    let mut lines = Vec::new();
    for (run, row) in runs.iter().zip(&cells) {
        let (ink, mark, _) = Standing::of(run).said();
        let said = said_in_line(Standing::of(run));
        let row: Vec<_> = row.iter().zip(widths).map(|(cell, width)| padded(cell, width)).collect();
        let verdict = padded(&run.judgement.verdict.to_string(), VERDICT);
        let verdict = paint.text(verdict_ink(run.judgement.verdict), &verdict);
        let mut line = format!(" {} {}  {verdict}", paint.text(ink, mark), row.join("  "));
        if !said.is_empty() {
            let _ = write!(line, "  {}", paint.text(ink, said));
        }
        lines.push(line.trim_end().to_owned());
        if let Some(why) = &run.judgement.inconclusive {
            lines.extend(wrapped(&why.to_string(), "     "));
        }
    }
    lines
}

/// How wide `inconclusive` is, the longest verdict.
const VERDICT: usize = 12;

/// What a line says beside its mark: nothing where all is as it should be, which leaves room for the names.
const fn said_in_line(standing: Standing) -> &'static str {
    match standing {
        Standing::AsExpected => "",
        other => other.said().2,
    }
}

const fn cells_gaps() -> usize {
    6
}

fn cells(run: &RunView<'_>) -> [String; 5] {
    let scenario = &run.history.scenario;
    [
        scenario.name.clone(),
        scenario.etcd.version.to_string(),
        run.history.subject.clone(),
        run.history.backend.clone(),
        in_short(run.judgement),
    ]
}

/// `12 runs: 10 as their snapshots say, 2 differ from their snapshots`.
fn totals(runs: &[RunView<'_>], paint: Paint) -> String {
    let kinds = [
        (Standing::AsExpected, "as the snapshot says"),
        (Standing::Differs, "different from the snapshot"),
        (Standing::NewAndUnsafe, "unsafe, without a snapshot"),
        (Standing::New, "without a snapshot"),
        (Standing::Inconclusive, "inconclusive"),
        (Standing::Ignored, "ignored"),
    ];
    let told: Vec<_> = kinds
        .into_iter()
        .filter_map(|(kind, words)| {
            let count = runs.iter().filter(|run| Standing::of(run) == kind).count();
            let (ink, _, _) = kind.said();
            (count > 0).then(|| paint.text(ink, &format!("{count} {words}")))
        })
        .collect();
    let runs = match runs.len() {
        0 => return "nothing ran".to_owned(),
        1 => "1 run".to_owned(),
        many => format!("{many} runs"),
    };
    format!("{runs}: {}", told.join(", "))
}
