//! The scenarios there are: those compiled in, or those of a folder that takes their place.

use std::{
    collections::BTreeMap,
    env, io, iter,
    path::{Path, PathBuf},
};

use include_dir::{Dir, include_dir};

use super::{
    LoadError, Parsed,
    folder::{scenario_stem, scenarios_below},
    load::{load_as, load_file},
    nearest::nearest_scenarios,
    parse,
};

/// The folder `scenarios/` of the source tree. The build script sees to it that a changed one is compiled in.
static COMPILED_IN: Dir<'static> = include_dir!("$CARGO_MANIFEST_DIR/../../scenarios");

/// A folder of this name takes the place of the scenarios that are compiled in.
const FOLDER: &str = "scenarios";

/// A set of scenarios, each known by a name such as `auth/story`.
#[derive(Clone, Debug)]
pub struct Library {
    /// Where the files lie; none: in this program.
    folder: Option<PathBuf>,
    files: BTreeMap<String, File>,
}

/// One scenario file.
#[derive(Clone, Debug)]
enum File {
    CompiledIn { path: String, text: &'static str },
    OnDisk(PathBuf),
}

/// Why a folder is no library.
#[derive(Debug, thiserror::Error, miette::Diagnostic)]
pub enum LibraryError {
    /// It cannot be read.
    #[error("could not read the scenarios in {folder}")]
    #[diagnostic(help("expected a folder of scenario files, such as the one of the source tree"))]
    Unreadable {
        /// The folder, as it was given.
        folder: String,
        /// Why not.
        source: io::Error,
    },
    /// It has no scenario in it.
    #[error("there is no scenario in {folder}")]
    #[diagnostic(help("expected at least one file whose name ends in `.toml`, in it or in a folder below"))]
    Empty {
        /// The folder, as it was given.
        folder: String,
    },
}

impl Library {
    /// The scenarios that this program was built with.
    pub fn compiled_in() -> Self {
        let mut files = BTreeMap::new();
        gather(&COMPILED_IN, &mut files);
        Self { folder: None, files }
    }

    /// The scenarios below a folder on disk.
    ///
    /// Errors: it cannot be read, or holds none.
    pub fn at(folder: &Path) -> Result<Self, LibraryError> {
        let shown = || folder.display().to_string();
        let found =
            scenarios_below(folder).map_err(|source| LibraryError::Unreadable { folder: shown(), source })?;
        if found.is_empty() {
            return Err(LibraryError::Empty { folder: shown() });
        }
        let files = found.into_iter().map(|(name, path)| (name, File::OnDisk(path))).collect();
        Ok(Self { folder: Some(folder.to_owned()), files })
    }

    /// The folder that was asked for; else a `scenarios/` with a scenario in it, in or above the working
    /// directory; else what is compiled in.
    ///
    /// Errors: the folder that was asked for, or the one that was found, cannot be read.
    pub fn find(explicit: Option<&Path>) -> Result<Self, LibraryError> {
        match explicit {
            Some(folder) => Self::at(folder),
            // Without a working directory there is nothing in or above it.
            None => Self::in_or_above(
                Path::new(""),
                env::current_dir().map_or(0, |here| here.ancestors().count()),
            ),
        }
    }

    /// The nearest library in a folder, or in one of so many above it. Paths stay relative to it, because
    /// messages show them and must read the same on every machine.
    fn in_or_above(here: &Path, folders: usize) -> Result<Self, LibraryError> {
        for height in 0..folders {
            let folder: PathBuf = [here]
                .into_iter()
                .chain(iter::repeat_n(Path::new(".."), height))
                .collect::<PathBuf>()
                .join(FOLDER);
            if !folder.is_dir() {
                continue;
            }
            match Self::at(&folder) {
                // Another project's folder of that name.
                Err(LibraryError::Empty { .. }) => {}
                found => return found,
            }
        }
        Ok(Self::compiled_in())
    }

    /// Where the scenarios lie; none: in this program.
    pub fn folder(&self) -> Option<&Path> {
        self.folder.as_deref()
    }

    /// The scenarios' names, sorted.
    pub fn names(&self) -> Vec<String> {
        self.files.keys().cloned().collect()
    }

    /// Loads a scenario by its name, or from a file.
    ///
    /// A file of this library has its name there, any other is named by its stem.
    ///
    /// Errors: there is neither; it cannot be read; it is wrong.
    pub fn load(&self, name_or_path: &str) -> Result<Parsed, LoadError> {
        match self.files.get(name_or_path) {
            Some(File::CompiledIn { path, text }) => Ok(parse(name_or_path, path, text)?),
            Some(File::OnDisk(path)) => load_as(name_or_path, path),
            None => self.load_path(name_or_path),
        }
    }

    fn load_path(&self, path: &str) -> Result<Parsed, LoadError> {
        let file = Path::new(path);
        if !file.exists() {
            let nearest = nearest_scenarios(path, &self.names());
            return Err(LoadError::Unknown { name: path.to_owned(), nearest });
        }
        match self.name_of(file) {
            Some(name) => load_as(name, file),
            None => load_file(file),
        }
    }

    /// The name of a file of this library, however its path is written.
    fn name_of(&self, file: &Path) -> Option<&str> {
        let file = file.canonicalize().ok()?;
        let same = |listed: &File| match listed {
            File::OnDisk(path) => path.canonicalize().is_ok_and(|path| path == file),
            File::CompiledIn { .. } => false,
        };
        self.files.iter().find(|(_, listed)| same(listed)).map(|(name, _)| name.as_str())
    }
}

fn gather(folder: &Dir<'static>, files: &mut BTreeMap<String, File>) {
    for file in folder.files() {
        let path = file.path().iter().filter_map(|part| part.to_str()).collect::<Vec<_>>().join("/");
        let is_scenario = path.split('/').next_back().is_some_and(|name| scenario_stem(name).is_some());
        if let (true, Some(name), Some(text)) =
            (is_scenario, path.strip_suffix(".toml"), file.contents_utf8())
        {
            let shown = format!("{FOLDER}/{path}");
            files.insert(name.to_owned(), File::CompiledIn { path: shown, text });
        }
    }
    folder.dirs().for_each(|below| gather(below, files));
}

#[cfg(test)]
mod tests;
