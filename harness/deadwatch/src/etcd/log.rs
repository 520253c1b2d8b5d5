//! The last lines of a server's log.

/// How many lines of a server's log are kept for reports.
pub(super) const KEPT_LINES: usize = 200;
/// How many of them an error quotes.
const QUOTED_LINES: usize = 15;

/// The last lines of a text, as many as a report shows.
pub(super) fn kept(text: &str) -> String {
    last_lines(text, KEPT_LINES)
}

/// The last lines of a log, as many as an error quotes, indented.
pub(super) fn quoted(log: &str) -> String {
    if log.trim().is_empty() {
        return "    (it is empty)".to_owned();
    }
    last_lines(log, QUOTED_LINES).lines().map(|line| format!("    {line}")).collect::<Vec<_>>().join("\n")
}

fn last_lines(text: &str, count: usize) -> String {
    let lines: Vec<&str> = text.lines().collect();
    lines[lines.len().saturating_sub(count)..].join("\n")
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used)]

    use super::*;

    #[test]
    fn an_error_quotes_the_last_lines_indented() {
        let text: String = (0..30).map(|number| format!("line {number}\n")).collect();
        let quoted = quoted(&text);
        assert!(quoted.starts_with("    line 15\n"), "{quoted}");
        assert!(quoted.ends_with("    line 29"), "{quoted}");
    }

    #[test]
    fn a_report_shows_the_last_lines() {
        let text: String = (0..300).map(|number| format!("{number}\n")).collect();
        assert_eq!(kept(&text).lines().next(), Some("100"));
        assert_eq!(kept("short\n"), "short");
    }

    #[test]
    fn an_empty_log_is_called_empty() {
        assert_eq!(quoted(" \n"), "    (it is empty)");
    }
}
