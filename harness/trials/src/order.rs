//! Runs on the embedded etcd, in virtual time.

use deadwatch::{
    etcd::{Choice, Source},
    run::Order,
    scenario::{Library, LibraryError, LoadError, Scenario},
    subject::Subject,
};

/// Every scenario of this repository.
///
/// # Errors
/// The folder can't be read, or holds a file that is no scenario.
pub fn library() -> Result<Vec<Scenario>, NoLibrary> {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/../../scenarios");
    let library = Library::at(folder.as_ref())?;
    library.names().iter().map(|name| Ok(library.load(name)?.scenario)).collect()
}

/// A run of the scenario with one of the built-in subjects, on the embedded etcd.
pub fn on_embedded(scenario: &Scenario, subject: Subject, seed: u64) -> Order {
    let choice = Choice { source: Source::Embedded, reasons: Vec::new() };
    Order { scenario: scenario.clone(), subject, choice, seed }
}

/// Why there are no scenarios.
#[derive(Debug, thiserror::Error)]
pub enum NoLibrary {
    /// The folder can't be read.
    #[error(transparent)]
    Folder(#[from] LibraryError),
    /// A file is no scenario.
    #[error(transparent)]
    File(#[from] LoadError),
}
