//! What one etcd process writes: its data, and its log.

use std::{
    fs::{self, File},
    path::{Path, PathBuf},
};

use crate::{etcd::EtcdError, reaper::Keeper};

/// A folder of an etcd's own, and what keeps both: all is gone with this.
#[derive(Debug)]
pub(super) struct Folder {
    path: PathBuf,
    pub(super) keeper: Keeper,
}

impl Folder {
    /// Makes an empty one.
    pub(super) fn make() -> Result<Self, EtcdError> {
        let keeper = Keeper::with_folder("etcd").map_err(EtcdError::Folder)?;
        let path = keeper.folder().map(Path::to_owned).unwrap_or_default();
        Ok(Self { path, keeper })
    }

    /// Where the data belong.
    pub(super) fn data(&self) -> PathBuf {
        self.path.join("data")
    }

    /// Where the secret belongs that tokens are signed with.
    pub(super) fn secret(&self) -> PathBuf {
        self.path.join("secret")
    }

    /// Its log.
    pub(super) fn log(&self) -> LogFile {
        LogFile(self.path.join("log"))
    }
}

/// The file that an etcd's output goes to, of all its lives.
#[derive(Clone, Debug)]
pub(super) struct LogFile(PathBuf);

impl LogFile {
    /// Opens it so that what is written comes after what is there.
    pub(super) fn append(&self) -> Result<File, EtcdError> {
        File::options().create(true).append(true).open(&self.0).map_err(EtcdError::Folder)
    }

    /// How long it is, bytes.
    pub(super) fn length(&self) -> usize {
        fs::metadata(&self.0).map_or(0, |seen| usize::try_from(seen.len()).unwrap_or(usize::MAX))
    }

    /// All of it.
    pub(super) fn text(&self) -> String {
        self.text_from(0)
    }

    /// What was written after it was so long, bytes.
    pub(super) fn text_from(&self, length: usize) -> String {
        let bytes = fs::read(&self.0).unwrap_or_default();
        String::from_utf8_lossy(bytes.get(length..).unwrap_or_default()).into_owned()
    }
}
