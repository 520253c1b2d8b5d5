//! Names in a row, as a message writes them.

/// `a`, `b` or `c`.
pub(super) fn one_of(names: &[impl AsRef<str>]) -> String {
    joined(names, '`', "or")
}

/// "a", "b" or "c".
pub(super) fn one_of_values(values: &[impl AsRef<str>]) -> String {
    joined(values, '"', "or")
}

/// `a`, `b` and `c`.
pub(super) fn all_of(names: &[impl AsRef<str>]) -> String {
    joined(names, '`', "and")
}

fn joined(names: &[impl AsRef<str>], quote: char, last: &str) -> String {
    let quoted: Vec<String> = names.iter().map(|name| format!("{quote}{}{quote}", name.as_ref())).collect();
    match quoted.as_slice() {
        [] => "nothing".to_owned(),
        [only] => only.clone(),
        [front @ .., back] => format!("{} {last} {back}", front.join(", ")),
    }
}
