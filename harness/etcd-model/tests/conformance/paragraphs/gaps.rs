//! Where the model is known to say something else than etcd does: each with the reason, none for ever.
//!
//! A gap that has closed fails its test until it is taken off this list.

/// A case in which the model differs.
pub struct Gap {
    pub paragraph: &'static str,
    pub case: &'static str,
    /// The releases that the model differs from; empty: all.
    pub releases: &'static [&'static str],
    pub reason: &'static str,
}

const GAPS: [Gap; 0] = [];

/// Why the model is known to differ in a case, if it is.
pub fn known(paragraph: &str, case: &str, release: &str) -> Option<&'static str> {
    GAPS.iter()
        .find(|gap| {
            gap.paragraph == paragraph
                && gap.case == case
                && (gap.releases.is_empty() || gap.releases.contains(&release))
        })
        .map(|gap| gap.reason)
}
