//! Where the untouched recipe is, built against the client release that a scenario asks for.

use std::{
    env, fs,
    path::{Path, PathBuf},
};

use crate::scenario::Version;

/// Names a folder that is looked in instead of `target/original` in and above the working directory.
pub const ORIGINAL_DIR: &str = "DEADWATCH_ORIGINAL_DIR";

/// The program `VERSION/original`, or what to do about it that there is none.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Original {
    /// Here it is.
    Found(PathBuf),
    /// It has not been built, in words that end with the command that does it.
    Missing(String),
}

impl Original {
    /// Looks for the original that was built against this release of clientv3: in the folder that
    /// `DEADWATCH_ORIGINAL_DIR` names, else in `target/original` of the working directory and those above it.
    pub fn find(client: Version) -> Self {
        let folders = match env::var_os(ORIGINAL_DIR) {
            Some(folder) => vec![PathBuf::from(folder)],
            None => env::current_dir().map(|here| above(&here)).unwrap_or_default(),
        };
        Self::find_in(&folders, client)
    }

    fn find_in(folders: &[PathBuf], client: Version) -> Self {
        let programs = folders.iter().map(|folder| folder.join(client.to_string()).join("original"));
        match programs.into_iter().find(|program| is_program(program)) {
            Some(program) => Self::Found(program),
            None => Self::Missing(missing(client)),
        }
    }
}

/// `target/original` of this folder and of all above it, the nearest first.
fn above(here: &Path) -> Vec<PathBuf> {
    here.ancestors().map(|folder| folder.join("target/original")).collect()
}

fn is_program(path: &Path) -> bool {
    use std::os::unix::fs::PermissionsExt;
    fs::metadata(path).is_ok_and(|found| found.is_file() && found.permissions().mode() & 0o111 != 0)
}

fn missing(client: Version) -> String {
    if client < Version::new(3, 5, 0) {
        // Its module is go.etcd.io/etcd/v3, which the original does not import.
        return format!("no original can be built against clientv3 {client}: only against 3.5.0 and later");
    }
    format!("no original built against clientv3 {client}: run `just original {client}`")
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used)]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use super::*;

    fn place(folder: &Path, version: &str, mode: u32) -> PathBuf {
        let program = folder.join("target/original").join(version).join("original");
        fs::create_dir_all(program.parent().unwrap()).unwrap();
        fs::write(&program, "").unwrap();
        fs::set_permissions(&program, fs::Permissions::from_mode(mode)).unwrap();
        program
    }

    #[test]
    fn the_nearest_original_of_that_very_release_is_found() {
        let root = tempfile::tempdir().unwrap();
        let inner = root.path().join("harness/deadwatch");
        fs::create_dir_all(&inner).unwrap();
        let outer_6 = place(root.path(), "3.5.6", 0o755);
        let outer_11 = place(root.path(), "3.5.11", 0o755);
        let inner_11 = place(&inner, "3.5.11", 0o755);
        place(&inner, "3.5.6", 0o644);
        let find = |version| Original::find_in(&above(&inner), version);
        assert_eq!(find(Version::new(3, 5, 11)), Original::Found(inner_11));
        assert_eq!(find(Version::new(3, 5, 6)), Original::Found(outer_6));
        assert_ne!(find(Version::new(3, 5, 1)), Original::Found(outer_11));
    }

    #[test]
    fn a_missing_original_says_how_to_get_it() {
        let words = "no original built against clientv3 3.5.6: run `just original 3.5.6`";
        assert_eq!(Original::find_in(&[], Version::new(3, 5, 6)), Original::Missing(words.to_owned()));
    }

    #[test]
    fn an_original_that_cannot_be_built_is_not_asked_for() {
        let Original::Missing(words) = Original::find_in(&[], Version::new(3, 4, 23)) else {
            panic!("found")
        };
        assert!(!words.contains("just"), "{words}");
    }
}
