//! Many runs: a line for each, and the timelines of those that are worth a look.

use std::fmt::Write;

use unicode_width::UnicodeWidthStr;

use super::{
    Paint, WIDTH,
    prose::{padded, wrapped},
    timeline::{self, heading},
};
use crate::report::{Ink, RunView, Standing, difference, words::in_short};

/// So few runs are all shown with their timelines.
const FEW: usize = 2;

/// All runs: the timelines of those that differ from their snapshots or are new and unsafe, and of all where there are
/// few; then a line for each of many, and how many there are of each kind. Ends with a line end.
pub fn summary(runs: &[RunView<'_>], paint: Paint) -> String {
    let mut page = String::new();
    let looked_at = |run: &&RunView<'_>| runs.len() <= FEW || Standing::of(run).is_finding();
    // Writing to a string does not fail.
    for run in runs.iter().filter(looked_at) {
        let _ = writeln!(page, "{}", run_in_full(run, paint));
    }
    if runs.len() > FEW {
        for line in lines(runs, paint) {
            let _ = writeln!(page, "{line}");
        }
        page.push('\n');
    }
    page + &totals(runs, paint) + "\n"
}

/// One run: its timeline, and how it compares with its snapshot. What is ignored has no timeline, only its reason. Ends
/// with a line end.
pub(in crate::report) fn run_in_full(run: &RunView<'_>, paint: Paint) -> String {
    let standing = Standing::of(run);
    let said = paint.text(standing.ink(), standing.said());
    if let (Standing::Ignored, Some(why)) = (standing, &run.judgement.inconclusive) {
        let mut lines = heading(run.history, None, paint).to_vec();
        lines.push(String::new());
        lines.extend(wrapped(&format!("ignored: {why}"), " "));
        return lines.join("\n") + "\n";
    }
    let mut shown = timeline::drawn(run.history, run.judgement, run.seed_worth_naming(), paint);
    let _ = writeln!(shown, " {said}");
    for line in difference::of(run) {
        let ink = match line {
            difference::Line::Expected(_) => Ink::Bad,
            difference::Line::Found(_) => Ink::Good,
            difference::Line::Same(_) => Ink::Faint,
        };
        let _ = writeln!(shown, "{}", paint.text(ink, &format!(" {} {}", line.sign(), line.text())));
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
        let standing = Standing::of(run);
        let said = said_in_line(standing);
        let row: Vec<_> = row.iter().zip(widths).map(|(cell, width)| padded(cell, width)).collect();
        let (ink, came_to) = match standing {
            Standing::Ignored => (Ink::Faint, "ignored".to_owned()),
            _ => (Ink::from(run.judgement.verdict), run.judgement.verdict.to_string()),
        };
        let came_to = paint.text(ink, &padded(&came_to, VERDICT));
        let sign = paint.text(standing.ink(), standing.sign());
        let mut line = format!(" {sign} {}  {came_to}", row.join("  "));
        if !said.is_empty() {
            let _ = write!(line, "  {}", paint.text(standing.ink(), said));
        }
        lines.push(line.trim_end().to_owned());
        if let Some(why) = &run.judgement.inconclusive {
            let seed = match (standing, run.seed_worth_naming()) {
                (Standing::Inconclusive, Some(seed)) => format!(" (seed {seed})"),
                _ => String::new(),
            };
            lines.extend(wrapped(&format!("{why}{seed}"), "     "));
        }
    }
    lines
}

/// How wide `inconclusive` is, the longest verdict.
const VERDICT: usize = 12;

/// What a line says beside its mark: nothing where all is as it should be, which leaves room for the names, and nothing
/// of what is ignored, which stands in the verdict's place.
const fn said_in_line(standing: Standing) -> &'static str {
    match standing {
        Standing::AsExpected | Standing::Ignored => "",
        other => other.said(),
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

/// `12 runs, seed 7: 10 as the snapshot says, 2 different from the snapshot`.
fn totals(runs: &[RunView<'_>], paint: Paint) -> String {
    let kinds = [
        Standing::AsExpected,
        Standing::Differs,
        Standing::NewAndUnsafe,
        Standing::New,
        Standing::Inconclusive,
        Standing::Ignored,
    ];
    let told: Vec<_> = kinds
        .into_iter()
        .filter_map(|kind| {
            let count = runs.iter().filter(|run| Standing::of(run) == kind).count();
            (count > 0).then(|| paint.text(kind.ink(), &format!("{count} {}", kind.counted())))
        })
        .collect();
    let number = match runs.len() {
        0 => return "nothing ran".to_owned(),
        1 => "1 run".to_owned(),
        many => format!("{many} runs"),
    };
    // One invocation has one seed.
    let seed = match runs.first().map(|run| run.seed) {
        None | Some(0) => String::new(),
        Some(seed) => format!(", seed {seed}"),
    };
    format!("{number}{seed}: {}", told.join(", "))
}
