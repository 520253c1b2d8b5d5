//! Clearing away: processes are killed before anything is waited for, and folders go after those that write to them.

use std::{
    fs, io,
    path::{Path, PathBuf},
    sync::{Mutex, PoisonError},
    thread,
    time::Duration,
};

use rustix::{
    io::Errno,
    process::{Pid, Signal, WaitId, WaitIdOptions, kill_process_group, test_kill_process_group, waitid},
};

use super::{Leftover, containers, keeper::Hold};

/// Whether a container that is not there may still come.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Expecting {
    Now,
    PerhapsLater,
}

/// Clears all of these away; containers meanwhile.
pub(super) fn clear(leftovers: &[Leftover], expecting: Expecting) {
    let mut groups: Vec<Pid> = Vec::new();
    let mut folders: Vec<&PathBuf> = Vec::new();
    let mut files: Vec<&PathBuf> = Vec::new();
    let mut names: Vec<String> = Vec::new();
    let mut holds: Vec<&Hold> = Vec::new();
    for leftover in leftovers {
        match leftover {
            Leftover::ProcessGroup(group) => groups.extend(Pid::from_raw(group.cast_signed())),
            Leftover::Folder(path) => folders.push(path),
            Leftover::File(path) => files.push(path),
            Leftover::Container(name) => names.push(name.clone()),
            Leftover::Supervised(hold) => holds.push(hold),
        }
    }
    for hold in &holds {
        hold.let_go();
    }
    for &group in &groups {
        match kill_process_group(group, Signal::KILL) {
            Ok(()) | Err(Errno::SRCH) => {}
            Err(error) => leave(format!("process group {}: {error}", group.as_raw_nonzero())),
        }
    }
    let removal = removal_of(names, expecting);
    let supervisors = holds.iter().filter_map(|hold| Pid::from_raw(hold.id().cast_signed()));
    for group in groups.into_iter().chain(supervisors) {
        wait_until_dead(group);
    }
    for path in folders {
        if let Err(error) = remove_folder(path) {
            leave(format!("folder {}: {error}", path.display()));
        }
    }
    for path in files {
        match fs::remove_file(path) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => {
                leave(format!("file {}: {error}", path.display()));
            }
            Ok(()) | Err(_) => {}
        }
    }
    if removal.is_some_and(|removal| removal.join().is_err()) {
        tracing::warn!("the thread that removes containers has died");
    }
}

/// The removal of containers goes on in a thread of its own: the caller's may be in an async runtime, in which none can
/// be waited for.
fn removal_of(names: Vec<String>, expecting: Expecting) -> Option<thread::JoinHandle<()>> {
    if names.is_empty() {
        return None;
    }
    let told = names.join(", ");
    let spawned = thread::Builder::new().spawn(move || containers::remove(&names, expecting));
    spawned.map_err(|error| leave(format!("container {told}: {error}"))).ok()
}

const LOOK_EVERY: Duration = Duration::from_millis(2);
const LOOKS: u32 = 6000;

/// Waits until a killed group, or a supervisor that was let go, has ended, without reaping its leader, which is the
/// owner's to reap.
fn wait_until_dead(group: Pid) {
    for _ in 0..LOOKS {
        let exited = WaitIdOptions::EXITED | WaitIdOptions::NOWAIT | WaitIdOptions::NOHANG;
        let dead = match waitid(WaitId::Pid(group), exited) {
            Ok(Some(_)) => true,
            Ok(None) => false,
            // The leader is reaped, or somebody else's child: then the group is gone when it cannot be signalled.
            Err(_) => test_kill_process_group(group) == Err(Errno::SRCH),
        };
        if dead {
            return;
        }
        thread::sleep(LOOK_EVERY);
    }
    leave(format!("process group {}: it was killed and has not ended", group.as_raw_nonzero()));
}

/// Removes a folder, again while something that is just ending still writes to it.
///
/// # Errors
/// It is there still.
pub(super) fn remove_folder(path: &Path) -> io::Result<()> {
    let mut last = None;
    for _ in 0..LOOKS / 2 {
        match fs::remove_dir_all(path) {
            Ok(()) => return Ok(()),
            Err(_) if !path.exists() => return Ok(()),
            // Files that are just being made or closed; or as many are open as may be, until some are closed.
            Err(error) if passes(&error) => last = Some(error),
            Err(error) => return Err(error),
        }
        thread::sleep(LOOK_EVERY);
    }
    last.map_or(Ok(()), Err)
}

fn passes(error: &io::Error) -> bool {
    let passing = [Errno::NOTEMPTY, Errno::NOENT, Errno::MFILE, Errno::NFILE, Errno::BUSY];
    passing.iter().any(|passing| error.raw_os_error() == Some(passing.raw_os_error()))
}

static LEFT: Mutex<Vec<String>> = Mutex::new(Vec::new());

/// Remembers what could not be cleared away, and why.
pub(super) fn leave(what: String) {
    tracing::warn!("could not clear away {what}");
    LEFT.lock().unwrap_or_else(PoisonError::into_inner).push(what);
}

/// What could not be cleared away so far, each with the reason; the next call has only what came after.
pub fn left() -> Vec<String> {
    std::mem::take(&mut *LEFT.lock().unwrap_or_else(PoisonError::into_inner))
}
