//! The chart: bars on a log scale, as SVG that is readable on light and dark pages.

use std::fmt::Write;

use super::{
    Comparison, Row,
    number::shown,
    row::{Better, Place, Side, Unit},
};

const WIDTH: f64 = 700.0;
/// Where bars begin; the labels are left of it.
const LEFT: f64 = 232.0;
/// How long the longest bar can be; its value stands right of it.
const LONGEST: f64 = 360.0;
const BAR: f64 = 13.0;
const GAP: f64 = 12.0;
const HEADING: f64 = 52.0;

/// Colours that stand out on white and on black; the text follows the page's scheme.
const STYLE: &str = "text { font: 12px system-ui, sans-serif; fill: #24292f } .head { font-weight: 600; font-size: 13px } \
    .faint { fill: #6e7781; font-size: 11px } .grid { stroke: #8c959f; stroke-opacity: .35 } \
    .recipe { fill: #c4622d } .raw { fill: #8c959f } .queue { fill: #2f81c4 } \
    @media (prefers-color-scheme: dark) { text { fill: #e6edf3 } .faint { fill: #9198a1 } }";

/// The chart of all rows that belong in it, a group for each unit.
pub fn chart(comparison: &Comparison) -> String {
    let charted = |row: &&Row| row.place == Place::Chart && row.queue.is_some();
    let rows: Vec<&Row> = comparison.rows.iter().filter(charted).collect();
    let mut units: Vec<Unit> = rows.iter().map(|row| row.unit).collect();
    units.sort();
    units.dedup();
    let mut canvas = Canvas::default();
    canvas.legend(&comparison.machine.date);
    for unit in units {
        let group: Vec<&Row> = rows.iter().filter(|row| row.unit == unit).copied().collect();
        canvas.group(unit, &group);
    }
    canvas.finish()
}

/// A scale of whole decades.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Decades {
    first: i32,
    last: i32,
}

impl Decades {
    /// The fewest decades that give every one of these values a bar.
    fn around(values: impl Iterator<Item = f64> + Clone) -> Self {
        let (low, high) =
            (values.clone().fold(f64::INFINITY, f64::min), values.fold(f64::NEG_INFINITY, f64::max));
        // A value on the first line would have no bar.
        let first = (low.log10() - 0.05).floor() as i32;
        Self { first, last: (high.log10().ceil() as i32).max(first + 1) }
    }

    /// How long the bar of a value is.
    fn length(self, value: f64) -> f64 {
        let share = (value.log10() - f64::from(self.first)) / f64::from(self.last - self.first);
        share.clamp(0.0, 1.0) * LONGEST
    }
}

#[derive(Debug, Default)]
struct Canvas {
    body: String,
    /// Where the next thing goes.
    y: f64,
}

impl Canvas {
    fn text(&mut self, x: f64, y: f64, class: &str, anchor: &str, text: &str) {
        let text = text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;");
        let _ = writeln!(
            self.body,
            r#"<text x="{x:.0}" y="{y:.0}" class="{class}" text-anchor="{anchor}">{text}</text>"#
        );
    }

    fn bar(&mut self, y: f64, length: f64, class: &str) {
        let (width, height) = (length.max(1.0), BAR - 2.0);
        let _ = writeln!(
            self.body,
            r#"<rect x="{LEFT:.0}" y="{y:.0}" width="{width:.1}" height="{height:.0}" rx="1" class="{class}"/>"#
        );
    }

    fn legend(&mut self, date: &str) {
        let mut x = LEFT;
        for (side, name) in Side::ALL.into_iter().zip(["Go recipe", "raw loop", "etcd-queue"]) {
            let _ = writeln!(
                self.body,
                r#"<rect x="{x:.0}" y="8" width="11" height="11" rx="1" class="{}"/>"#,
                side.name()
            );
            self.text(x + 16.0, 18.0, "", "start", name);
            x += 100.0;
        }
        self.text(WIDTH - 8.0, 18.0, "faint", "end", date);
        self.y = 26.0;
    }

    fn group(&mut self, unit: Unit, rows: &[&Row]) {
        let values = rows
            .iter()
            .flat_map(|row| Side::ALL.into_iter().filter_map(|side| row.cell(side)))
            .map(|cell| cell.value);
        let decades = Decades::around(values);
        let top = self.y + HEADING;
        let better = match unit.better() {
            Better::More => "longer is better",
            Better::Less => "shorter is better",
        };
        self.text(8.0, self.y + 24.0, "head", "start", title(unit));
        self.text(8.0, self.y + 40.0, "faint", "start", &format!("log scale; {better}"));
        let bottom = top + rows.iter().map(|row| height(row) + GAP).sum::<f64>();
        for decade in decades.first..=decades.last {
            let x = LEFT + decades.length(10_f64.powi(decade));
            let _ = writeln!(
                self.body,
                r#"<line x1="{x:.1}" x2="{x:.1}" y1="{:.0}" y2="{:.0}" class="grid"/>"#,
                top - 6.0,
                bottom - GAP + 4.0
            );
            self.text(x, top - 10.0, "faint", "middle", &shown(10_f64.powi(decade)));
        }
        self.y = top;
        for row in rows {
            self.row(row, decades);
        }
    }

    fn row(&mut self, row: &Row, decades: Decades) {
        self.text(LEFT - 8.0, self.y + height(row) / 2.0 + 4.0, "", "end", &row.what);
        let mut y = self.y;
        for side in Side::ALL {
            let Some(cell) = row.cell(side) else { continue };
            let length = decades.length(cell.value);
            self.bar(y, length, side.name());
            let times = match side {
                Side::Queue => row.times(Side::Recipe).map(|times| format!(" = {} x", shown(times))),
                Side::Recipe | Side::Raw => None,
            };
            let label = shown(cell.value) + &times.unwrap_or_default();
            self.text(LEFT + length + 5.0, y + BAR - 3.0, "", "start", &label);
            y += BAR;
        }
        self.y = y + GAP;
    }

    fn finish(self) -> String {
        let height = self.y + 4.0;
        format!(
            "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {WIDTH:.0} {height:.0}\" width=\"{WIDTH:.0}\" \
             height=\"{height:.0}\" role=\"img\">\n<title>etcd-queue beside the recipe of etcd's Go client and a raw \
             loop</title>\n<style>{STYLE}</style>\n{}</svg>\n",
            self.body
        )
    }
}

fn height(row: &Row) -> f64 {
    Side::ALL.into_iter().filter(|side| row.cell(*side).is_some()).count() as f64 * BAR
}

const fn title(unit: Unit) -> &'static str {
    match unit {
        Unit::ItemsPerSecond => "Items per second",
        Unit::Milliseconds => "Milliseconds",
        Unit::RequestsPerItem => "Requests an item",
        Unit::MicrosecondsPerItem => "etcd's CPU, us an item",
        Unit::Mebibytes => "Memory, MiB",
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use crate::comparison::kept::tests::sample;

    #[test]
    fn a_bar_is_as_long_as_its_value_has_decades() {
        let decades = Decades::around([125.0, 75_000.0].into_iter());
        assert_eq!(decades, Decades { first: 2, last: 5 });
        assert!((decades.length(1_000.0) - LONGEST / 3.0).abs() < 1e-9);
        assert!((decades.length(100_000.0) - LONGEST).abs() < 1e-9);
        assert_eq!(Decades::around([10.0].into_iter()), Decades { first: 0, last: 1 });
    }

    #[test]
    fn the_chart_has_the_rows_that_belong_in_it_with_their_values_as_text() {
        let chart = chart(&sample());
        for text in
            [">Items per second<", ">75,000 = 600 x<", ">10,000 items, next_batch(126)<", ">1.10 = 40 x<"]
        {
            assert!(chart.contains(text), "{text} in {chart}");
        }
        assert!(!chart.contains("Requests an item"));
        assert_eq!(chart.matches("class=\"queue\"").count(), 3, "a bar each and the legend");
    }

    #[test]
    fn nothing_reaches_over_the_edge() {
        let mut sample = sample();
        sample.rows[0].queue.as_mut().unwrap().value = 99_999.0;
        let chart = chart(&sample);
        let widest = chart
            .lines()
            .filter_map(|line| line.strip_prefix("<text x=\"")?.split_once('"'))
            .filter(|(_, rest)| rest.contains("\"start\""))
            .map(|(x, rest)| {
                let text = rest.split_once('>').unwrap().1.split_once('<').unwrap().0;
                // 12 px text is less than 7 px a letter wide.
                x.parse::<f64>().unwrap() + text.chars().count() as f64 * 7.0
            })
            .fold(0.0, f64::max);
        assert!(widest > LEFT + LONGEST, "the longest bar's text is looked at");
        assert!(widest <= WIDTH, "{widest}");
    }
}
