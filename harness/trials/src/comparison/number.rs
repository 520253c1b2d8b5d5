//! Numbers that can be read and compared at a glance.

/// Three digits or more, groups of three, and no more digits after the point than mean something.
pub(super) fn shown(number: f64) -> String {
    let size = number.abs();
    if size >= 100.0 {
        return grouped(number);
    }
    match size {
        10.0.. => without(".0", format!("{number:.1}")),
        0.1.. => without(".00", format!("{number:.2}")),
        _ => format!("{number:.4}").trim_end_matches('0').trim_end_matches('.').to_owned(),
    }
}

/// A whole number needs no point.
fn without(zeroes: &str, text: String) -> String {
    text.strip_suffix(zeroes).map(str::to_owned).unwrap_or(text)
}

fn grouped(number: f64) -> String {
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
    fn a_number_has_as_many_digits_as_its_size_deserves() {
        let numbers = [0.0082, 0.02, 0.9, 1.0, 2.345, 20.0, 44.44, 123.4, 1_234_567.8];
        let texts = ["0.0082", "0.02", "0.90", "1", "2.35", "20", "44.4", "123", "1,234,568"];
        assert_eq!(numbers.map(shown), texts);
    }
}
