//! The page of figures, as Markdown.

use std::fmt::Write;

use super::{
    Comparison, Row,
    goal::{Verdict, percent},
    number::shown,
    row::{Side, Unit},
    table::figure,
};

/// What stands above the figures.
const INTRODUCTION: &str = "\
# Figures

`etcd-queue` beside the recipe of etcd's Go client and beside a raw loop, on one etcd in one run. Made by `just bench`;
this page, its chart and `figures.json` are written by `just bench --whole --save`.

![Bars: items per second and milliseconds](figures.svg)

";

/// What stands below them.
const EXPLANATION: &str = "
## What is compared with what
- **recipe**: `Queue.Enqueue` and `Queue.Dequeue` of clientv3's recipes, imported as they are, compiled by Go, in a
  process of its own. Several consumers have a client each, as processes would; several enqueueing callers share one,
  which is faster.
- **recipe that reads 1,000**, in the column of the recipe: the least that one could change about it. It reads up to
  1,000 items at once and claims one after the other.
- **raw**: a loop of the Rust client that the queue uses, doing only what etcd must be asked for, with no regard for
  lost replies: the limit. It has no write slots unless a row says so.
- **queue**: `etcd-queue`, with its defaults, in one process with what is done to it unless a row says so.
- All on the same etcd, each time under a fresh prefix, with values of 128 bytes. A backlog is stored one item a
  transaction, as the recipe stores it. A drain begins before the first read, so that listing is part of it, and ends
  when the last item was handed over. Connecting is not part of it.
- At least once, a caller of `next_batch(126)`, one unless a row says so, acknowledges a batch together, and awaits that
  of up to four batches while it asks for the next; each of 64 callers of `next()` acknowledges its item before it asks
  for another. It ends with the last acknowledgement. The raw loops claim by a record beside the item, as the queue does,
  but without a session.
- Four callers share one queue; four consumers are four processes, or four clients of the recipe.
- Latency is from the call of `enqueue` to the return of the `next` that got the item, at a steady rate whether or not
  the consumer keeps up. The producer stores one after another; up to 1,600 a second is what it tries. There `next()`
  falls behind as soon as it takes longer than an enqueue, while batches grow with what has come; the raw loop batches.
- Figures are medians of up to five runs whose sides take turns; of the recipe's long ones there is one run. A star
  marks a figure of an earlier day (`figures.json` has the dates).
- `x recipe` and `of raw` say how many times as good the queue is: a higher rate, or a lower time, count or size.
- Requests are the unary ones that etcd has counted; CPU is that of etcd's threads.
- The client, the queue and etcd share one machine: absolute figures move with it, ratios much less.
";

/// The whole page.
pub fn page(comparison: &Comparison) -> String {
    let mut page = INTRODUCTION.to_owned() + &comparison.machine.sentence() + "\n";
    let mut parts: Vec<&str> = comparison.rows.iter().map(part).collect();
    parts.dedup();
    for name in parts {
        let rows: Vec<&Row> = comparison.rows.iter().filter(|row| part(row) == name).collect();
        let loops = loops(&rows);
        let _ = write!(
            page,
            "\n## {}\n| | recipe | raw | queue | | x recipe | of raw | goal |\n|---|--:|--:|--:|---|--:|--:|---|\n",
            heading(name)
        );
        page.extend(rows.iter().map(|row| line(comparison, row, &loops)));
        if !loops.is_empty() {
            page += "\nThe raw loops:\n";
        }
        for (number, is) in loops.iter().enumerate() {
            let _ = writeln!(page, "- {}: {is}", letter(number));
        }
    }
    page + EXPLANATION
}

/// What comes before the first stroke of a row's id.
fn part(row: &Row) -> &str {
    row.id.split('/').next().unwrap_or_default()
}

/// What the raw loops of these rows do, each once.
fn loops<'a>(rows: &[&'a Row]) -> Vec<&'a str> {
    let mut loops = Vec::new();
    for is in rows.iter().filter(|row| row.raw.is_some()).filter_map(|row| row.raw_is.as_deref()) {
        if !loops.contains(&is) {
            loops.push(is);
        }
    }
    loops
}

fn letter(number: usize) -> char {
    ('a'..='z').nth(number).unwrap_or('?')
}

fn line(comparison: &Comparison, row: &Row, loops: &[&str]) -> String {
    let side = |side| figure(comparison, row, side);
    let ratio = |side, show: fn(f64) -> String| row.times(side).map(show).unwrap_or_default();
    let mark = loops.iter().position(|is| row.raw.is_some() && row.raw_is.as_deref() == Some(is));
    let raw = side(Side::Raw) + &mark.map_or_else(String::new, |mark| format!(" ({})", letter(mark)));
    let of_raw = match row.unit {
        Unit::Mebibytes => String::new(),
        _ => ratio(Side::Raw, percent),
    };
    let goals: Vec<_> = row
        .goals
        .iter()
        .map(|goal| {
            let reads = goal.reads(row.unit).replace(">=", "≥").replace("<=", "≤");
            match goal.verdict(row, &comparison.rows) {
                Verdict::Reached(_) => format!("{reads}: yes"),
                Verdict::Missed(is) => format!("{reads}: **missed** ({is})"),
                Verdict::Unmeasured => format!("{reads}: not measured"),
            }
        })
        .collect();
    format!(
        "| {} | {} | {raw} | {} | {} | {} | {of_raw} | {} |\n",
        row.what,
        side(Side::Recipe),
        side(Side::Queue),
        row.unit.sign(),
        ratio(Side::Recipe, shown),
        goals.join("; ")
    )
}

fn heading(part: &str) -> &str {
    match part {
        "drain" => "Draining a backlog",
        "enqueue" => "Enqueueing",
        "wait" => "Waiting for an item",
        "flow" => "Enqueueing and taking at the same time",
        "lease" => "Taking at least once",
        "memory" => "A backlog of a million items",
        other => other,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::comparison::kept::tests::sample;

    #[test]
    fn each_part_has_a_table_that_says_what_was_missed() {
        let page = page(&sample());
        assert!(page.contains("\n## Draining a backlog\n| | recipe |"), "{page}");
        assert!(page.contains("\n## Waiting for an item\n"), "{page}");
        let line = "| 10,000 items, next_batch(126) | 125* | 100,000 (a) | 75,000 | /s | 600 | 75 % | \
            ≥ 400 x recipe: yes; ≥ 80 % of raw: **missed** (75 %) |\n";
        assert!(page.contains(line), "{page}");
        assert!(page.contains("\nThe raw loops:\n- a: 126 claims a transaction\n"), "{page}");
        assert!(page.contains("A processor, 2 cores"), "{page}");
    }
}
