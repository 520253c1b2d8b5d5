//! A real etcd binary of exactly the wanted version.

use std::{
    env,
    fs::File,
    io,
    path::{Path, PathBuf},
    process::Command,
    time::Duration,
};

use tokio::{io::AsyncReadExt, net::unix::pipe::Receiver, time::timeout};

use super::{Availability, Missing, Search, Source, search::ETCD_DIR};
use crate::{reaper::Keeper, repository, scenario::Version};

/// What one file said when it was asked for its version.
#[derive(Debug)]
struct Look {
    path: PathBuf,
    answer: Answer,
}

#[derive(Debug, PartialEq, Eq)]
enum Answer {
    NotThere,
    Says(Version),
    /// It does not run, or says something else.
    Odd(String),
}

/// Looks for `VERSION/etcd` in the search's folders, then for an `etcd` in its `PATH`.
pub(super) async fn look(version: Version, search: &Search) -> Availability {
    let mut looks = Vec::new();
    for Candidate { path, by } in candidates(version, search) {
        let answer = match by {
            NamedBy::Repository => match repository::own(&path) {
                Ok(()) => ask(&path).await,
                Err(why) => Answer::Odd(format!("{why}; name its folder in {ETCD_DIR} to have it run")),
            },
            NamedBy::Caller => ask(&path).await,
        };
        let found = answer == Answer::Says(version);
        looks.push(Look { path, answer });
        if found {
            break;
        }
    }
    decide(version, looks)
}

/// A file that may be the one.
struct Candidate {
    path: PathBuf,
    by: NamedBy,
}

/// Who says that it is to be run.
#[derive(Clone, Copy)]
enum NamedBy {
    /// Whoever calls this program, by a variable.
    Caller,
    /// Nobody but the folder that it lies in.
    Repository,
}

fn candidates(version: Version, search: &Search) -> Vec<Candidate> {
    let below = |folder: &PathBuf| folder.join(version.to_string()).join("etcd");
    let caller = |path| Candidate { path, by: NamedBy::Caller };
    let named = search.folders.iter().map(below).map(caller);
    let built = search.built.iter().map(below).map(|path| Candidate { path, by: NamedBy::Repository });
    let in_path =
        env::split_paths(&search.path).map(|folder| folder.join("etcd")).find(|path| path.is_file());
    named.chain(built).chain(in_path.map(caller)).collect()
}

fn decide(version: Version, mut looks: Vec<Look>) -> Availability {
    if looks.last().is_some_and(|last| last.answer == Answer::Says(version))
        && let Some(found) = looks.pop()
    {
        return Availability::Available(Source::Binary(found.path));
    }
    let seen: Vec<String> = looks
        .iter()
        .map(|Look { path, answer }| match answer {
            Answer::NotThere => format!("{} is not there", path.display()),
            Answer::Says(other) => format!("{} is {other}", path.display()),
            Answer::Odd(what) => format!("{} {what}", path.display()),
        })
        .collect();
    let seen = if seen.is_empty() {
        format!("no repository of deadwatch here with a target/etcd, {ETCD_DIR} not set, no etcd in PATH")
    } else {
        seen.join(", ")
    };
    Availability::Missing(Missing {
        why: format!("expected an etcd binary of exactly {version}: {seen}"),
        remedy: format!(
            "build one with `just etcd {version}`, or name a folder that holds {version}/etcd in {ETCD_DIR}"
        ),
    })
}

async fn ask(path: &Path) -> Answer {
    if !path.exists() {
        return Answer::NotThere;
    }
    match timeout(Duration::from_secs(20), output(path)).await {
        Ok(Ok(output)) => read_version(&output),
        Ok(Err(error)) => Answer::Odd(format!("does not run ({error})")),
        Err(_) => Answer::Odd("does not answer to --version".to_owned()),
    }
}

/// What a program writes to its output until it ends. It may never do so, and is killed when this is dropped.
async fn output(binary: &Path) -> io::Result<String> {
    let mut keeper = Keeper::new()?;
    let (output, theirs) = io::pipe()?;
    let nothing = || File::options().read(true).write(true).open("/dev/null");
    let streams = [nothing()?.into(), theirs.into(), nothing()?.into()];
    keeper.start(Command::new(binary).arg("--version"), streams)?;
    let mut said = Vec::new();
    Receiver::from_owned_fd(output.into())?.take(MOST).read_to_end(&mut said).await?;
    Ok(String::from_utf8_lossy(&said).into_owned())
}

/// No etcd says more about its version, bytes.
const MOST: u64 = 64 * 1024;

/// etcd's answer begins with `etcd Version: 3.5.5` (etcd v3.5.5 server/etcdmain/config.go).
fn read_version(output: &str) -> Answer {
    let first = output.lines().next().unwrap_or_default().trim();
    match first.strip_prefix("etcd Version: ").map(str::parse) {
        Some(Ok(version)) => Answer::Says(version),
        Some(Err(_)) | None => Answer::Odd(format!("says {first:?} to --version")),
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used)]

    use std::{fs, os::unix::fs::PermissionsExt};

    use super::*;
    use crate::etcd::Pull;

    const VERSION: Version = Version::new(3, 5, 5);

    /// A stand-in that answers to `--version` with these words.
    ///
    /// A child writes it: a file that this process had open for writing could be open still, inherited by a
    /// child that another test is just starting, and could then not be run ("text file busy").
    fn stand_in(folder: &Path, words: &str) {
        let script = format!("#!/bin/sh\necho '{words}'\n");
        let write = "mkdir -p \"$1\" && printf %s \"$2\" >\"$1/etcd\" && chmod +x \"$1/etcd\"";
        let status =
            std::process::Command::new("sh").args(["-c", write, "sh"]).arg(folder).arg(script).status();
        assert!(status.unwrap().success());
    }

    fn search(folders: &[&Path], path: &Path) -> Search {
        let folders = folders.iter().map(|folder| folder.join("built")).collect();
        Search { image: None, pull: Pull::Never, folders, built: None, path: path.join("bin").into() }
    }

    fn why(availability: Availability) -> String {
        match availability {
            Availability::Missing(missing) => missing.why,
            Availability::Available(source) => panic!("found {source}"),
        }
    }

    #[tokio::test]
    async fn the_built_binary_comes_before_the_one_in_path() {
        let here = tempfile::tempdir().unwrap();
        stand_in(&here.path().join("built/3.5.5"), "etcd Version: 3.5.5");
        stand_in(&here.path().join("bin"), "etcd Version: 3.5.5");
        let found = look(VERSION, &search(&[here.path()], here.path())).await;
        let expected = here.path().join("built/3.5.5/etcd");
        assert_eq!(found, Availability::Available(Source::Binary(expected)));
    }

    #[tokio::test]
    async fn an_etcd_in_path_will_do_if_it_is_of_that_version() {
        let here = tempfile::tempdir().unwrap();
        stand_in(&here.path().join("bin"), "etcd Version: 3.5.5");
        let found = look(VERSION, &search(&[here.path()], here.path())).await;
        assert_eq!(found, Availability::Available(Source::Binary(here.path().join("bin/etcd"))));
    }

    #[tokio::test]
    async fn binaries_of_other_versions_are_refused_by_name() {
        let here = tempfile::tempdir().unwrap();
        stand_in(&here.path().join("built/3.5.5"), "etcd Version: 3.5.16");
        stand_in(&here.path().join("bin"), "something else");
        let why = why(look(VERSION, &search(&[here.path()], here.path())).await);
        assert!(why.contains("built/3.5.5/etcd is 3.5.16"), "{why}");
        assert!(why.contains("bin/etcd says \"something else\" to --version"), "{why}");
    }

    #[tokio::test]
    async fn a_binary_that_somebody_else_may_have_planted_is_not_run() {
        let here = tempfile::tempdir().unwrap();
        let built = here.path().join("target/etcd");
        stand_in(&built.join("3.5.5"), "etcd Version: 3.5.5");
        let search = Search { built: Some(built.clone()), ..search(&[], here.path()) };
        let binary = built.join("3.5.5/etcd");
        assert_eq!(look(VERSION, &search).await, Availability::Available(Source::Binary(binary.clone())));
        // Had it run, this file would say so.
        stand_in(&built.join("3.5.5"), &format!("'; touch {}; '", here.path().join("ran").display()));
        fs::set_permissions(&built, fs::Permissions::from_mode(0o777)).unwrap();
        let why = why(look(VERSION, &search).await);
        assert!(why.contains("may be written to by others; name its folder in DEADWATCH_ETCD_DIR"), "{why}");
        assert!(!here.path().join("ran").exists());
        let named = Search { folders: vec![built], built: None, ..search };
        look(VERSION, &named).await;
        assert!(here.path().join("ran").exists(), "the caller answers for it");
    }

    #[tokio::test]
    async fn a_missing_binary_says_where_it_was_looked_for() {
        let here = tempfile::tempdir().unwrap();
        let why = why(look(VERSION, &search(&[here.path()], here.path())).await);
        assert!(why.contains("built/3.5.5/etcd is not there"), "{why}");
    }

    #[test]
    fn the_first_line_of_etcds_answer_names_its_version() {
        assert_eq!(read_version("etcd Version: 3.4.13\nGit SHA: x\n"), Answer::Says(Version::new(3, 4, 13)));
        assert_eq!(
            read_version("etcd Version: 3.6.0-rc.0\n"),
            Answer::Odd("says \"etcd Version: 3.6.0-rc.0\" to --version".to_owned())
        );
    }
}
