//! The library of reviewed snapshots: compiled into the program, or a folder that takes its place.

use std::{
    collections::BTreeSet,
    fmt, fs, io,
    path::{Path, PathBuf},
};

use include_dir::{Dir, DirEntry, include_dir};

use super::{WriteAs, file};
use crate::report::whole_file;

static COMPILED_IN: Dir<'_> = include_dir!("$CARGO_MANIFEST_DIR/../../snapshots");

/// What ends the name of a snapshot's file.
const ENDING: &str = ".snap";

/// The library.
#[derive(Clone, Debug)]
pub struct Snapshots {
    place: Place,
}

#[derive(Clone, Debug)]
enum Place {
    CompiledIn,
    Folder(PathBuf),
}

/// Whose a snapshot is: it lies at `SCENARIO/SUBJECT.snap`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Owner {
    /// The scenario's name, such as `auth/story`.
    pub scenario: String,
    /// The subject's name.
    pub subject: String,
}

impl fmt::Display for Owner {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}{ENDING}", self.scenario, self.subject)
    }
}

/// What comparing a run with its snapshot came to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SnapshotState {
    /// The run did what the snapshot says.
    Match,
    /// It did something else.
    Differs {
        /// What the snapshot says.
        expected: String,
    },
    /// There is no snapshot of this scenario and subject.
    None,
}

/// A snapshot could not be read or written.
#[derive(Debug, thiserror::Error)]
pub enum SnapshotError {
    /// A file or folder could not be read.
    #[error("read the snapshot {path}: {source}")]
    Read {
        /// Which.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// A file could not be written.
    #[error("write the snapshot {path}: {source}")]
    Write {
        /// Which.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// The library is compiled in.
    #[error("write the snapshot {0}: this library is compiled into the program; name a folder of snapshots")]
    CompiledIn(Owner),
    /// Only a subject with a plain name has snapshots.
    #[error("write a snapshot for the subject {0:?}: expected a name of letters, digits, `-`, `_` and `.`")]
    Unnamed(String),
}

impl Snapshots {
    /// The library that was reviewed when this program was built.
    pub const fn compiled_in() -> Self {
        Self { place: Place::CompiledIn }
    }

    /// The library in this folder, which need not exist yet.
    pub fn at(folder: impl Into<PathBuf>) -> Self {
        Self { place: Place::Folder(folder.into()) }
    }

    /// Compares the text of a run with the snapshot of its scenario and subject. A subject that is a command has none.
    ///
    /// # Errors
    /// If the snapshot is there and can't be read.
    pub fn compare(&self, scenario: &str, subject: &str, text: &str) -> Result<SnapshotState, SnapshotError> {
        Ok(match self.text(scenario, subject)? {
            Some(expected) if expected.trim_end() == text.trim_end() => SnapshotState::Match,
            Some(expected) => SnapshotState::Differs { expected },
            None => SnapshotState::None,
        })
    }

    /// The text of the snapshot, if there is one.
    ///
    /// # Errors
    /// If the snapshot is there and can't be read.
    pub fn text(&self, scenario: &str, subject: &str) -> Result<Option<String>, SnapshotError> {
        let Ok(owner) = Owner::named(scenario, subject) else { return Ok(None) };
        Ok(self.read(&owner)?.map(|content| file::text(&content)))
    }

    /// Writes the text of a run as the snapshot of its scenario and subject, or as a proposal beside it; an accepted
    /// snapshot takes the place of its proposal. Returns the file.
    ///
    /// # Errors
    /// If the library is compiled in, the subject is a command, or the file can't be written.
    pub fn write(
        &self,
        scenario: &str,
        subject: &str,
        text: &str,
        write_as: WriteAs,
    ) -> Result<PathBuf, SnapshotError> {
        let owner = Owner::named(scenario, subject)?;
        let Place::Folder(folder) = &self.place else { return Err(SnapshotError::CompiledIn(owner)) };
        let accepted = folder.join(owner.to_string());
        let proposed = folder.join(format!("{owner}.new"));
        let path = match write_as {
            WriteAs::Accepted => accepted,
            WriteAs::Proposed => proposed.clone(),
        };
        let failed = |source| SnapshotError::Write { path: path.clone(), source };
        if let Some(parent) = path.parent() {
            fs::create_dir_all(parent).map_err(failed)?;
        }
        whole_file::write(&path, &file::written(&owner, text)).map_err(failed)?;
        if write_as == WriteAs::Accepted && proposed.exists() {
            fs::remove_file(&proposed).map_err(failed)?;
        }
        Ok(path)
    }

    /// Whose snapshots there are: one that no scenario and subject owns is an orphan.
    ///
    /// # Errors
    /// If the folder can't be read.
    pub fn owners(&self) -> Result<BTreeSet<Owner>, SnapshotError> {
        let mut paths = Vec::new();
        match &self.place {
            Place::CompiledIn => list_compiled_in(&COMPILED_IN, &mut paths),
            Place::Folder(folder) => list_folder(folder, folder, &mut paths)?,
        }
        Ok(paths.iter().filter_map(|path| Owner::of_path(path)).collect())
    }

    fn read(&self, owner: &Owner) -> Result<Option<String>, SnapshotError> {
        match &self.place {
            Place::CompiledIn => {
                let found = COMPILED_IN.get_file(owner.to_string());
                Ok(found.and_then(|file| file.contents_utf8()).map(str::to_owned))
            }
            Place::Folder(folder) => {
                let path = folder.join(owner.to_string());
                match fs::read_to_string(&path) {
                    Ok(content) => Ok(Some(content)),
                    Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
                    Err(source) => Err(SnapshotError::Read { path, source }),
                }
            }
        }
    }
}

impl Owner {
    /// The owner of these names, if they can be a path below the library.
    fn named(scenario: &str, subject: &str) -> Result<Self, SnapshotError> {
        let plain = |part: &str| {
            let signs = part.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.'));
            signs && !part.starts_with('.') && !part.is_empty()
        };
        if scenario.split('/').all(plain) && plain(subject) {
            Ok(Self { scenario: scenario.to_owned(), subject: subject.to_owned() })
        } else {
            Err(SnapshotError::Unnamed(subject.to_owned()))
        }
    }

    fn of_path(path: &Path) -> Option<Self> {
        let (scenario, file) = path.to_str()?.rsplit_once('/')?;
        Some(Self { scenario: scenario.to_owned(), subject: file.strip_suffix(ENDING)?.to_owned() })
    }
}

fn list_compiled_in(folder: &Dir<'_>, paths: &mut Vec<PathBuf>) {
    for entry in folder.entries() {
        match entry {
            DirEntry::Dir(inner) => list_compiled_in(inner, paths),
            DirEntry::File(file) => paths.push(file.path().to_owned()),
        }
    }
}

/// Lists all files below `folder` by their paths below `root`; nothing if the root itself is missing.
fn list_folder(root: &Path, folder: &Path, paths: &mut Vec<PathBuf>) -> Result<(), SnapshotError> {
    let failed = |source| SnapshotError::Read { path: folder.to_owned(), source };
    let entries = match fs::read_dir(folder) {
        Ok(entries) => entries,
        Err(error) if error.kind() == io::ErrorKind::NotFound && folder == root => return Ok(()),
        Err(error) => return Err(failed(error)),
    };
    for entry in entries {
        let entry = entry.map_err(failed)?;
        let path = entry.path();
        if entry.file_type().map_err(failed)?.is_dir() {
            list_folder(root, &path, paths)?;
        } else if let Ok(below) = path.strip_prefix(root) {
            paths.push(below.to_owned());
        }
    }
    Ok(())
}
