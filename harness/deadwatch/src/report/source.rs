//! Where a scenario was read from.

/// A scenario's file, where there is one beside the program.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Source {
    /// Its path, as it is shown.
    pub path: String,
    /// What it says.
    pub text: String,
}
