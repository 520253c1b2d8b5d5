//! What one etcd process writes: its data, and its log.

use std::{
    fs::{self, File},
    io,
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

    /// Keeps a copy of the data in place of an earlier one. Whoever writes them must stand still meanwhile.
    pub(super) fn save(&self) -> impl Future<Output = Result<(), EtcdError>> + use<> {
        let (data, saved) = (self.data(), self.saved());
        beside(move || copy(&data, &saved))
    }

    /// Removes the data.
    pub(super) fn wipe(&self) -> impl Future<Output = Result<(), EtcdError>> + use<> {
        let data = self.data();
        beside(move || remove(&data))
    }

    /// Puts the copy of the data in their place; it is kept.
    pub(super) fn restore(&self) -> impl Future<Output = Result<(), EtcdError>> + use<> {
        let (data, saved) = (self.data(), self.saved());
        beside(move || copy(&saved, &data))
    }

    fn saved(&self) -> PathBuf {
        self.path.join("saved")
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

/// Does what blocks on another thread: a run has one of its own for everything else.
async fn beside(work: impl FnOnce() -> io::Result<()> + Send + 'static) -> Result<(), EtcdError> {
    let done = tokio::task::spawn_blocking(work).await;
    done.unwrap_or_else(|died| Err(io::Error::other(died))).map_err(EtcdError::Folder)
}

/// Copies a folder and all in it in place of another. Left out is what etcd only prepares for its log to go on in:
/// tens of megabytes that it makes again (etcd v3.5.5 server/wal/file_pipeline.go).
fn copy(from: &Path, to: &Path) -> io::Result<()> {
    remove(to)?;
    fs::create_dir_all(to)?;
    for entry in fs::read_dir(from)? {
        let entry = entry?;
        let target = to.join(entry.file_name());
        if entry.file_type()?.is_dir() {
            copy(&entry.path(), &target)?;
        } else if entry.path().extension().is_none_or(|end| end != "tmp") {
            fs::copy(entry.path(), target)?;
        }
    }
    // etcd wants its folders for itself.
    fs::set_permissions(to, fs::metadata(from)?.permissions())
}

/// Removes a folder, if it is there.
fn remove(folder: &Path) -> io::Result<()> {
    match fs::remove_dir_all(folder) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        done => done,
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
