//! Where the untouched recipe is, built against the client release that a scenario asks for.

use std::{
    env, fs,
    path::{Path, PathBuf},
};

use crate::{repository, scenario::Version};

/// Names a folder that is looked in instead of the `target/original` of the repository that the working directory is in.
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
    /// `DEADWATCH_ORIGINAL_DIR` names, else in `target/original` of the repository that the working directory is in,
    /// where one that others may have put there is not taken.
    pub fn find(client: Version) -> Self {
        match env::var_os(ORIGINAL_DIR) {
            Some(folder) => Self::find_in(Some(Path::new(&folder)), client, |_| Ok(())),
            None => {
                let built = repository::root().map(|root| root.join("target/original"));
                Self::find_in(built.as_deref(), client, repository::own)
            }
        }
    }

    fn find_in(folder: Option<&Path>, client: Version, own: impl Fn(&Path) -> Result<(), String>) -> Self {
        let program = folder.map(|folder| folder.join(client.to_string()).join("original"));
        match program.filter(|program| is_program(program)) {
            None => Self::Missing(missing(client)),
            Some(program) => match own(&program) {
                Ok(()) => Self::Found(program),
                Err(why) => Self::Missing(format!(
                    "{} {why}; name its folder in {ORIGINAL_DIR} to have it run",
                    program.display()
                )),
            },
        }
    }
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
    fn the_original_of_that_very_release_is_found() {
        let root = tempfile::tempdir().unwrap();
        let program = place(root.path(), "3.5.11", 0o755);
        place(root.path(), "3.5.6", 0o644);
        let built = root.path().join("target/original");
        let find = |version| Original::find_in(Some(&built), version, repository::own);
        assert_eq!(find(Version::new(3, 5, 11)), Original::Found(program.clone()));
        assert_ne!(find(Version::new(3, 5, 6)), Original::Found(program.clone()), "it can't be run");
        assert_ne!(find(Version::new(3, 5, 1)), Original::Found(program));
    }

    #[test]
    fn an_original_that_somebody_else_may_have_planted_is_not_found() {
        let root = tempfile::tempdir().unwrap();
        let program = place(root.path(), "3.5.11", 0o777);
        let built = root.path().join("target/original");
        let Original::Missing(why) = Original::find_in(Some(&built), Version::new(3, 5, 11), repository::own)
        else {
            panic!("found")
        };
        assert!(why.starts_with(program.to_str().unwrap()) && why.contains("others"), "{why}");
    }

    #[test]
    fn a_missing_original_says_how_to_get_it() {
        let words = "no original built against clientv3 3.5.6: run `just original 3.5.6`";
        assert_eq!(
            Original::find_in(None, Version::new(3, 5, 6), |_| Ok(())),
            Original::Missing(words.to_owned())
        );
    }

    #[test]
    fn an_original_that_cannot_be_built_is_not_asked_for() {
        let Original::Missing(words) = Original::find_in(None, Version::new(3, 4, 23), |_| Ok(())) else {
            panic!("found")
        };
        assert!(!words.contains("just"), "{words}");
    }
}
