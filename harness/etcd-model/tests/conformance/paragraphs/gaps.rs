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

const GAPS: [Gap; 2] = [
    Gap {
        paragraph: "maintenance",
        case: "members_that_are_not_there",
        releases: &[],
        reason: "the model is one member for ever: it has no MemberUpdate",
    },
    Gap {
        paragraph: "token",
        case: "signed_and_switched_off",
        releases: &["3.5.5"],
        reason: "3.5.5 checks a signed token's revision even when authentication is off",
    },
];

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
