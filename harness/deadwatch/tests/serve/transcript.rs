//! What clients say, and what of that differs from one etcd to the next.

use regex::Regex;

/// What stands for whatever varies: an address, a lease that the server named, how long something took, the numbers of
/// proposals (etcd counts its own too), the size of the file and
/// the share of it that is in use.
const VARYING: [(&str, &str); 8] = [
    (r"(127\.0\.0\.1|localhost):\d+", "ADDRESS"),
    (r"\b(?:32)?694d[0-9a-f]{12}\b", "LEASE"),
    (r"\b758[0-9]{16}\b", "LEASE-NUMBER"),
    (r"took( =)? [0-9.]+[nµm]?s", "took$1 TIME"),
    (r", 2, \d+, \d+, ", ", 2, INDEX, INDEX, "),
    (r"\b\d+ kB\b", "SIZE"),
    (r"\b\d+%", "SHARE"),
    (r"remaining\(\d+s\)", "remaining(TIME)"),
];

/// A line without what varies.
pub fn redacted(line: &str) -> String {
    VARYING.iter().fold(line.to_owned(), |line, (pattern, instead)| {
        Regex::new(pattern).unwrap().replace_all(&line, *instead).into_owned()
    })
}

/// Holds what was said against the transcript recorded under a name.
///
/// # Panics
/// If they differ.
pub fn compare(name: &str, said: &str) {
    insta::with_settings!({ prepend_module_to_snapshot => false, omit_expression => true }, {
        insta::assert_snapshot!(name, said);
    });
}
