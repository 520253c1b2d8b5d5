//! Numbered items in short: `a.1 … a.10` for ten of them in a row.

/// This many in a row are worth shortening.
const WORTH: usize = 4;

/// The items in their order, with those that count upwards in a row put as `first … last`.
pub(super) fn shortened(items: &[&str]) -> Vec<String> {
    let mut shown = Vec::new();
    let mut rest = items;
    while let Some((first, _)) = rest.split_first() {
        let length = run_length(rest);
        let (run, after) = rest.split_at(length);
        match run.last() {
            Some(last) if length >= WORTH => shown.push(format!("{first} … {last}")),
            _ => shown.extend(run.iter().map(|item| (*item).to_owned())),
        }
        rest = after;
    }
    shown
}

/// How many items from the first on have the same stem and count upwards by one; at least one.
fn run_length(items: &[&str]) -> usize {
    let follows = |pair: &[&str]| match pair {
        [one, next] => successor(one).as_deref() == Some(*next),
        _ => false,
    };
    1 + items.windows(2).take_while(|pair| follows(pair)).count()
}

/// `a.10` for `a.9`; none for what does not end in a number.
fn successor(item: &str) -> Option<String> {
    let stem = item.trim_end_matches(|c: char| c.is_ascii_digit());
    let number: u64 = item.get(stem.len()..)?.parse().ok()?;
    Some(format!("{stem}{}", number.checked_add(1)?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_counts_upwards_in_a_row_is_shortened() {
        assert_eq!(shortened(&["a.8", "a.9", "a.10", "a.11", "b"]), ["a.8 … a.11", "b"]);
        assert_eq!(shortened(&["a.1", "a.2", "a.3"]), ["a.1", "a.2", "a.3"]);
        assert_eq!(shortened(&["a.1", "a.2", "a.4", "a.3", "b.4"]), ["a.1", "a.2", "a.4", "a.3", "b.4"]);
        assert_eq!(shortened(&[]), [""; 0]);
    }
}
