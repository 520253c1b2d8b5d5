//! What varies from run to run is taken out of a text: addresses, ports, revisions, counts, times.
//!
//! A snapshot holds the texts of errors and panics, and it is one for every backend, machine and run.

use std::sync::LazyLock;

use regex::{Captures, Regex};

/// What is looked for, in this order at each place, and what is put there; none: it is kept as it is.
const RULES: [(&str, Option<&str>); 10] = [
    // Go's words for one and the same cut connection: which of them is a matter of what arrives first, the end or what
    // the other side had not read yet (clientv3 by grpc-go internal/transport/http2_client.go, reader).
    (
        r"error reading from server: (?:EOF|read tcp \S+->\S+: read: connection reset by peer)",
        Some("error reading from server: <end or reset>"),
    ),
    (r#"(?:https?|unix|passthrough|dns)://[^\s"',;)\]]+"#, Some("<address>")),
    (r"\[[0-9a-fA-F:.]*:[0-9a-fA-F:.]*(?:%\w+)?\](?::\d+)?", Some("<address>")),
    (r"\b\d{1,3}(?:\.\d{1,3}){3}(?::\d+)?\b", Some("<address>")),
    (r"\blocalhost:\d+\b", Some("<address>")),
    (r"\b\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d(?:\.\d+)?(?:Z|[+-]\d\d:?\d\d)?", Some("<time>")),
    (r"\b(?:\d+(?:\.\d+)?(?:ns|us|µs|ms|s|m|h))+\b", Some("<time>")),
    // The original's sources are pinned: its line numbers are facts. Those of other sources move with every edit.
    (r"\b[\w-]+\.go:\d+", None),
    // A number inside a word is part of a name: h2, v3, a.1.
    (r"\b[A-Za-z_][\w.-]*\w", None),
    (r"\b(?:0x[0-9a-fA-F]+|\d+(?:\.\d+)*)\b", Some("<n>")),
];

/// The rules as one pattern; none if it does not compile, which a test rules out.
static PATTERN: LazyLock<Option<Regex>> = LazyLock::new(|| {
    let alternatives: Vec<_> = RULES.iter().map(|(pattern, _)| format!("({pattern})")).collect();
    Regex::new(&alternatives.join("|")).ok()
});

/// The line and column of a place in a Rust source.
static RUST_PLACE: LazyLock<Option<Regex>> = LazyLock::new(|| Regex::new(r"(\.rs)(?::\d+)+").ok());

/// The text without what varies, in one line.
///
/// ```
/// # use deadwatch::verdict::redact;
/// assert_eq!(redact("dial tcp 127.0.0.1:2379: refused after 3 tries"), "dial tcp <address>: refused after <n> tries");
/// ```
pub fn redact(text: &str) -> String {
    let line = text.split_whitespace().collect::<Vec<_>>().join(" ");
    let (Some(pattern), Some(rust_place)) = (PATTERN.as_ref(), RUST_PLACE.as_ref()) else { return line };
    let line = rust_place.replace_all(&line, "$1");
    pattern.replace_all(&line, replacement).into_owned()
}

fn replacement(found: &Captures<'_>) -> String {
    let whole = || found.get(0).map_or("", |all| all.as_str()).to_owned();
    let rule = RULES.iter().enumerate().find(|(index, _)| found.get(index + 1).is_some());
    match rule {
        Some((_, (_, Some(placeholder)))) => (*placeholder).to_owned(),
        Some((_, (_, None))) | None => whole(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_varies_is_taken_out_and_what_tells_is_kept() {
        let texts = [
            // Addresses and ports.
            ("dial tcp 127.0.0.1:34567: connection refused", "dial tcp <address>: connection refused"),
            ("dial tcp [::1]:2379: connection refused", "dial tcp <address>: connection refused"),
            ("endpoint http://localhost:2379, unreachable", "endpoint <address>, unreachable"),
            ("at localhost:2379 (0x1f)", "at <address> (<n>)"),
            // Revisions, counts, keys.
            ("revision 17 is older than 23", "revision <n> is older than <n>"),
            (
                "received message larger than max (2097157 vs. 2097152)",
                "received message larger than max (<n> vs. <n>)",
            ),
            ("key /test/1700000000123456789 is gone", "key /test/<n> is gone"),
            // Times.
            ("timed out after 7.003s", "timed out after <time>"),
            ("timed out after 1m30s, at 2024-01-05T10:11:12.5Z", "timed out after <time>, at <time>"),
            // A cut connection.
            (
                "desc = error reading from server: read tcp 127.0.0.1:4->127.0.0.1:5: read: connection reset by peer",
                "desc = error reading from server: <end or reset>",
            ),
            ("error reading from server: EOF", "error reading from server: <end or reset>"),
            ("read failed: EOF", "read failed: EOF"),
            // What stays.
            (
                "rpc error: code = PermissionDenied desc = etcdserver: permission denied",
                "rpc error: code = PermissionDenied desc = etcdserver: permission denied",
            ),
            ("h2 protocol error, item a.1 of v3", "h2 protocol error, item a.1 of v3"),
            ("nil pointer dereference at queue.go:70", "nil pointer dereference at queue.go:70"),
            // Places in sources that change, and texts of several lines.
            ("panicked at src/naive.rs:70:13:\n  no event", "panicked at src/naive.rs: no event"),
        ];
        for (text, expected) in texts {
            assert_eq!(redact(text), expected);
        }
    }

    #[test]
    fn a_text_without_what_varies_stays_the_same_a_second_time() {
        let once = redact("revision 17 at 10.0.0.1:2379 after 3s");
        assert_eq!(redact(&once), once);
    }
}
