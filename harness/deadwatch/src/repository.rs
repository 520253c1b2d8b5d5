//! Binaries that the repository's own recipes build, in `target/etcd` and `target/original`: they are run only where
//! nobody else can have put them.

use std::{
    env, fs,
    os::unix::fs::MetadataExt,
    path::{Path, PathBuf},
};

use rustix::process::{getegid, geteuid};

/// The repository that the working directory is in, if it is in one.
pub(crate) fn root() -> Option<PathBuf> {
    let here = env::current_dir().ok()?;
    here.ancestors().find(|folder| is_root(folder)).map(Path::to_owned)
}

fn is_root(folder: &Path) -> bool {
    folder.join("harness/deadwatch/Cargo.toml").is_file() && folder.join("scenarios").is_dir()
}

/// Whether a file can only have been put there by whoever calls this program, or by root: the file and every folder
/// above it, where links lead to, belong to one of them, and nobody else may write to them. A file that is not there is
/// nobody's.
///
/// # Errors
/// Whose it may be, in words that read well after the file's path.
pub(crate) fn own(path: &Path) -> Result<(), String> {
    let Ok(real) = path.canonicalize() else { return Ok(()) };
    let (user, group) = (geteuid().as_raw(), getegid().as_raw());
    for part in real.ancestors() {
        let seen = fs::metadata(part).map_err(|error| format!("can't be looked at ({error})"))?;
        let owner =
            Ownership { user: seen.uid(), group: seen.gid(), mode: seen.mode(), is_folder: seen.is_dir() };
        if let Some(why) = owner.strange_to(user, group) {
            return Err(format!("is not run: {} {why}", part.display()));
        }
    }
    Ok(())
}

#[derive(Clone, Copy, Debug)]
struct Ownership {
    user: u32,
    group: u32,
    mode: u32,
    is_folder: bool,
}

const WRITABLE_BY_GROUP: u32 = 0o020;
const WRITABLE_BY_ALL: u32 = 0o002;
/// In a folder that has it, as the system's for temporary files, nobody can put a file in another's place.
const STICKY: u32 = 0o1000;

impl Ownership {
    /// Why somebody other than this user or root may have written it, if so.
    fn strange_to(self, user: u32, group: u32) -> Option<String> {
        if self.user != user && self.user != 0 {
            return Some(format!("belongs to user {}, not to you or root", self.user));
        }
        // A group with its user's own number has nobody else in it.
        let private = self.group == 0 || (self.group == group && group == user);
        let kept = self.is_folder && self.mode & STICKY != 0;
        let by_group = self.mode & WRITABLE_BY_GROUP != 0 && !private;
        let by_others = self.mode & WRITABLE_BY_ALL != 0 || by_group;
        (by_others && !kept).then(|| "may be written to by others".to_owned())
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used)]

    use std::os::unix::fs::PermissionsExt;

    use super::*;

    fn strange(user: u32, group: u32, mode: u32, is_folder: bool) -> bool {
        Ownership { user, group, mode, is_folder }.strange_to(1000, 1000).is_some()
    }

    #[test]
    fn what_belongs_to_the_caller_or_to_root_is_run() {
        assert!(!strange(1000, 1000, 0o755, false));
        assert!(!strange(0, 0, 0o755, false));
        assert!(!strange(1000, 1000, 0o775, true), "a group of one's own");
        assert!(!strange(0, 0, 0o1777, true), "the folder for temporary files");
    }

    #[test]
    fn what_somebody_else_may_have_put_there_is_not_run() {
        assert!(strange(1001, 1000, 0o755, false), "another's");
        assert!(strange(1000, 1000, 0o757, false), "written by all");
        assert!(strange(1000, 50, 0o775, false), "written by a group of many");
        assert!(strange(0, 0, 0o777, true), "a folder that is written by all");
        assert!(strange(1000, 1000, 0o1757, false), "only a folder keeps its files");
    }

    #[test]
    fn a_folder_above_counts_too_and_so_does_where_a_link_leads() {
        let place = tempfile::tempdir().unwrap();
        let inner = place.path().join("open/inner");
        fs::create_dir_all(&inner).unwrap();
        fs::write(inner.join("etcd"), "").unwrap();
        std::os::unix::fs::symlink(inner.join("etcd"), place.path().join("link")).unwrap();
        assert_eq!(own(&inner.join("etcd")), Ok(()));
        assert_eq!(own(&place.path().join("link")), Ok(()));
        let open = place.path().join("open");
        fs::set_permissions(&open, fs::Permissions::from_mode(0o777)).unwrap();
        let why = own(&inner.join("etcd")).unwrap_err();
        assert!(why.contains("open may be written to by others"), "{why}");
        assert_eq!(own(&place.path().join("link")), Err(why));
    }

    #[test]
    fn a_repository_is_known_by_what_is_in_it() {
        let place = tempfile::tempdir().unwrap();
        assert!(!is_root(place.path()));
        fs::create_dir_all(place.path().join("scenarios")).unwrap();
        fs::create_dir_all(place.path().join("harness/deadwatch")).unwrap();
        fs::write(place.path().join("harness/deadwatch/Cargo.toml"), "").unwrap();
        assert!(is_root(place.path()));
    }
}
