//! The table, for the terminal.

use super::{
    Comparison, Row,
    goal::percent,
    number::shown,
    row::{Side, Unit},
};

/// One line for each row: its figures, its ratios, its goals and whether they are reached. A figure of an earlier day
/// carries a star.
pub fn text(comparison: &Comparison) -> String {
    let head = ["", "recipe", "raw", "queue", "", "x recipe", "of raw", "goals"].map(str::to_owned);
    let lines: Vec<[String; 8]> =
        std::iter::once(head).chain(comparison.rows.iter().map(|row| line(comparison, row))).collect();
    let width = |column: usize| lines.iter().map(|line| line[column].chars().count()).max().unwrap_or(0);
    let widths: [usize; 8] = std::array::from_fn(width);
    let mut text = String::new();
    for line in &lines {
        for (column, cell) in line.iter().enumerate() {
            let width = widths[column];
            match column {
                0 => text += &format!("{cell:width$}"),
                4 => text += &format!(" {cell:width$}"),
                7 => text += &format!("  {cell}"),
                _ => text += &format!("  {cell:>width$}"),
            }
        }
        text.truncate(text.trim_end().len());
        text.push('\n');
    }
    text
}

fn line(comparison: &Comparison, row: &Row) -> [String; 8] {
    let ratio = |side, show: fn(f64) -> String| row.times(side).map(show).unwrap_or_default();
    let goals: Vec<_> = row
        .goals
        .iter()
        .map(|goal| format!("{}: {}", goal.reads(row.unit), goal.verdict(row, &comparison.rows)))
        .collect();
    [
        row.what.clone(),
        figure(comparison, row, Side::Recipe),
        figure(comparison, row, Side::Raw),
        figure(comparison, row, Side::Queue),
        row.unit.sign().to_owned(),
        ratio(Side::Recipe, shown),
        match row.unit {
            // Bytes beside a loop that holds nothing tell nothing.
            Unit::Mebibytes => String::new(),
            _ => ratio(Side::Raw, percent),
        },
        goals.join("; "),
    ]
}

/// A side's value as it is shown; a star says that it is of an earlier day.
pub(super) fn figure(comparison: &Comparison, row: &Row, side: Side) -> String {
    row.cell(side).map_or_else(String::new, |cell| {
        let star = if comparison.is_of_last_run(&cell.measured) { "" } else { "*" };
        shown(cell.value) + star
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::comparison::kept::tests::sample;

    #[test]
    fn a_line_has_the_sides_their_ratios_and_whether_the_goals_are_reached() {
        let expected = "                               recipe      raw   queue      x recipe  of raw  goals\n\
            10,000 items, next_batch(126)    125*  100,000  75,000 /s        600    75 %  >= 400 x recipe: yes; >= 80 % of raw: NO (75 %)\n\
            an item each 5 ms, p50             44     0.80    1.10 ms         40  72.7 %  >= 25 x recipe: yes\n\
            requests an item                                0.0083 req                    <= 0.02 req: yes\n";
        let text = text(&sample());
        assert_eq!(text, expected, "\n{text}");
    }
}
