//! What harnesses have left that are dead: it says whose it is, and is cleared away by the next.

use std::{
    env, fs,
    os::unix::fs::MetadataExt,
    path::{Path, PathBuf},
    sync::Once,
};

use rustix::process::geteuid;

use super::{
    clear::{leave, remove_folder},
    containers,
    owner::{Life, Owner},
};

/// How the names of all folders and containers begin.
pub(super) const PREFIX: &str = "deadwatch-";

/// What dead harnesses had left.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Cleared {
    /// What is no more, in words.
    pub gone: Vec<String>,
    /// What was left alone, since nobody can tell from here whether its owner is dead, and how it is removed.
    pub unsure: Vec<String>,
}

/// Clears away what harnesses of this user have left that are dead: processes (on Linux), folders, containers. Blocks
/// for as long as the Docker daemon takes to answer, which is not long where there is none.
pub fn clear_dead() -> Cleared {
    let mut cleared = Cleared::default();
    processes::clear(&mut cleared);
    folders(&env::temp_dir(), &mut cleared);
    containers::clear_dead(&mut cleared);
    cleared
}

/// Clears processes and folders, once in the life of this process.
pub(super) fn clear_once() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        let mut cleared = Cleared::default();
        processes::clear(&mut cleared);
        folders(&env::temp_dir(), &mut cleared);
        for gone in cleared.gone {
            tracing::info!("cleared away what a dead run had left: {gone}");
        }
    });
}

/// Whose it is, by a name such as `deadwatch-etcd-PID-STARTED-REALM-CHANCE`.
pub(super) fn owner_in(name: &str) -> Option<Owner> {
    let parts: Vec<&str> = name.strip_prefix(PREFIX)?.split('-').collect();
    let [_what, owner @ .., _chance] = parts.as_slice() else { return None };
    owner.join("-").parse().ok()
}

fn folders(below: &Path, cleared: &mut Cleared) {
    for path in fs::read_dir(below).into_iter().flatten().flatten().map(|entry| entry.path()) {
        let Some(owner) = path.file_name().and_then(|name| owner_in(name.to_str()?)) else { continue };
        if !is_ours(&path) {
            continue;
        }
        let told = format!("folder {}", path.display());
        match owner.life() {
            Life::Alive => {}
            Life::Elsewhere => cleared.unsure.push(format!("{told}: `rm -r {}`", path.display())),
            Life::Dead => match remove_folder(&path) {
                Ok(()) => cleared.gone.push(told),
                Err(error) => leave(format!("{told}: {error}")),
            },
        }
    }
}

/// A folder of this user's. A link is none: what it leads to may be anybody's.
fn is_ours(path: &PathBuf) -> bool {
    fs::symlink_metadata(path).is_ok_and(|seen| seen.is_dir() && seen.uid() == geteuid().as_raw())
}

#[cfg(target_os = "linux")]
mod processes {
    use std::{fs, os::unix::fs::MetadataExt, path::Path};

    use rustix::process::{Pid, PidfdFlags, Signal, geteuid, pidfd_open, pidfd_send_signal};

    use super::Cleared;
    use crate::reaper::owner::{Life, Owner, VARIABLE};

    /// Kills the programs that dead harnesses have started, and what those have started: all have the variable.
    pub(super) fn clear(cleared: &mut Cleared) {
        let entries = fs::read_dir("/proc").into_iter().flatten().flatten();
        let numbers = entries.filter_map(|entry| entry.file_name().to_str()?.parse().ok());
        let others = numbers.filter(|number: &i32| number.cast_unsigned() != std::process::id());
        for pid in others.filter_map(Pid::from_raw) {
            cleared.gone.extend(end_orphan(pid));
        }
    }

    fn end_orphan(pid: Pid) -> Option<String> {
        let number = pid.as_raw_nonzero();
        let folder = Path::new("/proc").join(number.to_string());
        // Held first and looked at then: so it is that very process that is killed.
        let held = pidfd_open(pid, PidfdFlags::empty()).ok()?;
        if fs::metadata(&folder).ok()?.uid() != geteuid().as_raw() {
            return None;
        }
        let environment = fs::read(folder.join("environ")).ok()?;
        let owner = environment.split(|byte| *byte == 0).find_map(|variable| {
            let variable = std::str::from_utf8(variable).ok()?;
            variable.strip_prefix(VARIABLE)?.strip_prefix('=')?.parse::<Owner>().ok()
        })?;
        if owner.life() != Life::Dead {
            return None;
        }
        let name = fs::read_to_string(folder.join("comm")).unwrap_or_default();
        pidfd_send_signal(&held, Signal::KILL).ok()?;
        Some(format!("process {number} ({})", name.trim()))
    }
}

#[cfg(not(target_os = "linux"))]
mod processes {
    use super::Cleared;

    /// Here nobody sees the environment of a process.
    pub(super) fn clear(_cleared: &mut Cleared) {}
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used)]

    use super::*;

    /// The owner's name with another start time: a process that had this one's number before.
    fn dead_owner() -> String {
        let here = Owner::here().to_string();
        let [pid, started, realm] = here.split('-').collect::<Vec<_>>()[..] else { panic!("{here}") };
        format!("{pid}-{}-{realm}", started.parse::<u64>().unwrap() + 1)
    }

    fn elsewhere() -> String {
        let here = Owner::here().to_string();
        let (before, realm) = here.rsplit_once('-').unwrap();
        format!("{before}-{:08x}", u32::from_str_radix(realm, 16).unwrap() ^ 1)
    }

    #[test]
    fn a_folder_says_whose_it_is() {
        let here = Owner::here();
        assert_eq!(owner_in(&crate::reaper::keeper::fresh_name("etcd")), Some(here));
        assert_eq!(owner_in("deadwatch-etcd-Xy12ab"), None);
        assert_eq!(owner_in("deadwatch"), None);
    }

    #[test]
    fn folders_of_the_dead_go_and_all_others_stay() {
        let place = tempfile::tempdir().unwrap();
        let make = |name: &str| fs::create_dir_all(place.path().join(name).join("inner")).unwrap();
        let (dead, alive) =
            (format!("deadwatch-etcd-{}-x", dead_owner()), crate::reaper::keeper::fresh_name("etcd"));
        let (elsewhere, theirs) = (format!("deadwatch-etcd-{}-x", elsewhere()), "deadwatch-notes".to_owned());
        for name in [&dead, &alive, &elsewhere, &theirs] {
            make(name);
        }
        let link = place.path().join(format!("deadwatch-etcd-{}-link", dead_owner()));
        std::os::unix::fs::symlink(place.path().join(&theirs), &link).unwrap();
        let mut cleared = Cleared::default();
        folders(place.path(), &mut cleared);
        assert_eq!(cleared.gone, [format!("folder {}", place.path().join(&dead).display())]);
        assert_eq!(cleared.unsure.len(), 1, "{:?}", cleared.unsure);
        let mut left: Vec<String> = fs::read_dir(place.path())
            .unwrap()
            .map(|entry| entry.unwrap().file_name().into_string().unwrap())
            .collect();
        left.sort();
        let link = link.file_name().unwrap().to_str().unwrap().to_owned();
        let mut expected = vec![alive, elsewhere, theirs, link];
        expected.sort();
        assert_eq!(left, expected);
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn processes_of_the_dead_are_killed_by_their_environment() {
        let start = |owner: String| {
            std::process::Command::new("sleep")
                .arg("600")
                .env(crate::reaper::owner::VARIABLE, owner)
                .spawn()
                .unwrap()
        };
        let (mut orphan, mut ours) = (start(dead_owner()), start(Owner::here().to_string()));
        let mut cleared = Cleared::default();
        processes::clear(&mut cleared);
        assert!(cleared.gone.contains(&format!("process {} (sleep)", orphan.id())), "{:?}", cleared.gone);
        orphan.wait().unwrap();
        assert_eq!(ours.try_wait().unwrap(), None);
        ours.kill().unwrap();
        ours.wait().unwrap();
    }
}
