//! What was measured, beside what gives it a meaning.

use std::{fmt, time::Duration};

/// One line of the table.
#[derive(Clone, Debug, PartialEq)]
pub struct Figure {
    /// What was measured.
    pub what: String,
    /// How much it is.
    pub value: Quantity,
    /// What stands beside it.
    pub beside: String,
    /// How much that is.
    pub other: Quantity,
}

/// A measured quantity.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Quantity {
    /// The less the better.
    Time(Duration),
    /// The more the better.
    PerSecond(f64),
}

impl Quantity {
    fn per_second(self) -> f64 {
        match self {
            Self::Time(time) => 1.0 / time.as_secs_f64(),
            Self::PerSecond(rate) => rate,
        }
    }
}

impl fmt::Display for Quantity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let text = match *self {
            Self::Time(time) if time >= Duration::from_secs(1) => format!("{:.2} s", time.as_secs_f64()),
            Self::Time(time) if time >= Duration::from_millis(1) => {
                format!("{:.2} ms", time.as_secs_f64() * 1e3)
            }
            Self::Time(time) => format!("{:.1} us", time.as_secs_f64() * 1e6),
            Self::PerSecond(rate) => format!("{} /s", grouped(rate)),
        };
        f.pad(&text)
    }
}

impl Figure {
    /// How many times as fast as what stands beside it.
    pub fn ratio(&self) -> f64 {
        self.value.per_second() / self.other.per_second()
    }
}

/// The figures as a table, one line each.
pub fn table(figures: &[Figure]) -> String {
    let width = |text: fn(&Figure) -> usize| figures.iter().map(text).max().unwrap_or_default();
    let (what, beside) =
        (width(|figure| figure.what.chars().count()), width(|figure| figure.beside.chars().count()));
    let line = |figure: &Figure| {
        let Figure { what: name, value, beside: other_name, other } = figure;
        format!(
            "{name:what$}  {value:>12}   {other_name:beside$}  {other:>12}   x {}\n",
            grouped(figure.ratio())
        )
    };
    figures.iter().map(line).collect()
}

/// A number that can be read: two digits after the point where it is small, groups of three where it is large.
fn grouped(number: f64) -> String {
    if number < 100.0 {
        return format!("{number:.2}");
    }
    let digits = format!("{number:.0}");
    let mut text = String::new();
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index) % 3 == 0 {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_shorter_time_and_a_higher_rate_are_so_many_times_as_fast() {
        let figure = |value, other| Figure { what: "a".into(), value, beside: "b".into(), other };
        let ms = |ms| Quantity::Time(Duration::from_millis(ms));
        assert!((figure(ms(2), ms(8)).ratio() - 4.0).abs() < 1e-9);
        assert!(
            (figure(Quantity::PerSecond(500.0), Quantity::PerSecond(1_000.0)).ratio() - 0.5).abs() < 1e-9
        );
    }

    #[test]
    fn a_line_reads_from_the_figure_to_its_ratio() {
        let figure = Figure {
            what: "the story".into(),
            value: Quantity::Time(Duration::from_millis(1)),
            beside: "as it happens".into(),
            other: Quantity::Time(Duration::from_secs(16)),
        };
        assert_eq!(table(&[figure]), "the story       1.00 ms   as it happens       16.00 s   x 16,000\n");
    }
}
