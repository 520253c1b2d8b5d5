//! What must not be left behind: processes, folders and containers, however the run ends.
//!
//! Whoever starts such a thing keeps it here; dropping the guard clears it away, on every ordinary way out and
//! on a panic. For the ways out that run no destructor, [`on_signals`] clears away all that is kept when the
//! process is interrupted. Nothing helps against SIGKILL: what that leaves carries `deadwatch` in its name.

use std::{
    collections::BTreeMap,
    fmt, fs,
    path::PathBuf,
    process,
    sync::{Mutex, MutexGuard, Once, PoisonError},
    thread,
    time::Duration,
};

use rustix::{
    io::Errno,
    process::{Pid, Signal, WaitId, WaitIdOptions, kill_process_group, test_kill_process_group, waitid},
};
use signal_hook::{
    consts::{SIGHUP, SIGINT, SIGTERM},
    iterator::Signals,
};

/// A thing that outlives this process unless it is cleared away.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Leftover {
    /// All processes of the group with this id, which is the process id of its leader.
    ProcessGroup(u32),
    /// A folder and all that is in it.
    Folder(PathBuf),
    /// A container of this name, or one that is about to be created under it.
    Container(String),
}

impl fmt::Display for Leftover {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::ProcessGroup(group) => write!(f, "process group {group}"),
            Self::Folder(path) => write!(f, "folder {}", path.display()),
            Self::Container(name) => write!(f, "container {name}"),
        }
    }
}

/// A thing that is cleared away when this is dropped.
///
/// A process must be dropped before the folder it writes to, and before its owner reaps it: from then on its id
/// may be another's. Dropping blocks the thread until the thing is gone, or for a few seconds at most.
#[derive(Debug)]
#[must_use = "the thing is cleared away as soon as this is dropped"]
pub struct Kept {
    number: u64,
    leftover: Leftover,
}

impl Kept {
    /// What is kept.
    pub fn leftover(&self) -> &Leftover {
        &self.leftover
    }

    /// The thing has gone by other means: nothing is cleared away.
    pub fn forget(self) {
        registry().kept.remove(&self.number);
        std::mem::forget(self);
    }
}

impl Drop for Kept {
    fn drop(&mut self) {
        // First cleared away, then forgotten: a signal in between finds it still listed.
        clear(std::slice::from_ref(&self.leftover), Expecting::PerhapsLater);
        registry().kept.remove(&self.number);
    }
}

/// Keeps a thing that is there already, or a container that is about to be created.
///
/// Once a signal is ending this process, the thing is cleared away at once and the call does not return.
pub fn keep(leftover: Leftover) -> Kept {
    let registry = registry();
    if registry.phase == Phase::Ending {
        drop(registry);
        clear(&[leftover], Expecting::Now);
        wait_for_the_end();
    }
    register(registry, leftover)
}

/// Makes a thing and keeps it, with no moment in between in which a signal would leave it behind.
///
/// `make` must be short, as a signal waits for it: starting a process, creating a folder. Once a signal is ending
/// this process, nothing is made and the call does not return.
///
/// # Errors
/// Those of `make`.
pub fn keep_made<T, E>(make: impl FnOnce() -> Result<(T, Leftover), E>) -> Result<(T, Kept), E> {
    let registry = registry();
    if registry.phase == Phase::Ending {
        drop(registry);
        wait_for_the_end();
    }
    let (made, leftover) = make()?;
    Ok((made, register(registry, leftover)))
}

/// From now on INT, TERM and HUP clear away all that is kept and end this process with 128 + the signal's
/// number. A second signal meanwhile ends it at once. Calling it again changes nothing.
pub fn on_signals() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| match Signals::new([SIGINT, SIGTERM, SIGHUP]) {
        Ok(mut signals) => {
            thread::spawn(move || {
                let mut signals = signals.forever();
                let first = signals.next();
                thread::spawn(move || {
                    clear_all();
                    process::exit(128 + first.unwrap_or(SIGTERM));
                });
                let second = signals.next();
                signal_hook::low_level::exit(128 + second.unwrap_or(SIGTERM));
            });
        }
        Err(error) => {
            tracing::warn!(%error, "signals are not handled: an interrupted run leaves its etcds behind")
        }
    });
}

/// Does not return once a signal is ending this process; until then it does nothing.
///
/// For whoever is about to tell what became of a run, or to end the process: a run whose etcd was cleared away because
/// of a signal has told nothing, and the process ends with the signal's code when all is cleared away.
pub fn yield_to_signal() {
    if registry().phase == Phase::Ending {
        wait_for_the_end();
    }
}

struct Registry {
    next: u64,
    kept: BTreeMap<u64, Leftover>,
    phase: Phase,
}

#[derive(PartialEq, Eq)]
enum Phase {
    Running,
    /// A signal has come: nothing new is started.
    Ending,
}

static REGISTRY: Mutex<Registry> =
    Mutex::new(Registry { next: 0, kept: BTreeMap::new(), phase: Phase::Running });

fn registry() -> MutexGuard<'static, Registry> {
    REGISTRY.lock().unwrap_or_else(PoisonError::into_inner)
}

fn register(mut registry: MutexGuard<'_, Registry>, leftover: Leftover) -> Kept {
    let number = registry.next;
    registry.next += 1;
    registry.kept.insert(number, leftover.clone());
    Kept { number, leftover }
}

fn wait_for_the_end() -> ! {
    loop {
        thread::park();
    }
}

fn clear_all() {
    let kept: Vec<Leftover> = {
        let mut registry = registry();
        registry.phase = Phase::Ending;
        registry.kept.values().cloned().collect()
    };
    clear(&kept, Expecting::PerhapsLater);
}

/// Whether a container that is not there may still come.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Expecting {
    Now,
    PerhapsLater,
}

/// Clears all of these away: processes before the folders they write to, containers meanwhile.
fn clear(leftovers: &[Leftover], expecting: Expecting) {
    let mut groups = Vec::new();
    let mut folders = Vec::new();
    let mut containers = Vec::new();
    for leftover in leftovers {
        match leftover {
            Leftover::ProcessGroup(group) => groups.push(*group),
            Leftover::Folder(path) => folders.push(path),
            Leftover::Container(name) => containers.push(name.clone()),
        }
    }
    let removal = (!containers.is_empty()).then(|| {
        // A thread of its own: the caller's may be in an async runtime, in which none can be waited for.
        thread::spawn(move || containers::remove(&containers, expecting))
    });
    let groups: Vec<Pid> =
        groups.into_iter().filter_map(|group| Pid::from_raw(group.cast_signed())).collect();
    for &group in &groups {
        match kill_process_group(group, Signal::KILL) {
            Ok(()) | Err(Errno::SRCH) => {}
            Err(error) => tracing::warn!(?group, %error, "could not kill a process group"),
        }
    }
    for group in groups {
        wait_until_dead(group);
    }
    for path in folders {
        remove_folder(path);
    }
    if removal.is_some_and(|removal| removal.join().is_err()) {
        tracing::warn!("the thread that removes containers has died");
    }
}

const LOOK_EVERY: Duration = Duration::from_millis(2);
const LOOKS: u32 = 2500;

/// Waits until a killed group has ended, without reaping its leader, which is the owner's to reap.
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
    tracing::warn!(?group, "a killed process group has not ended");
}

/// Removes a folder, again while something that is just ending still writes to it.
fn remove_folder(path: &PathBuf) {
    for _ in 0..LOOKS {
        match fs::remove_dir_all(path) {
            Ok(()) => return,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return,
            Err(error) if error.kind() == std::io::ErrorKind::DirectoryNotEmpty => thread::sleep(LOOK_EVERY),
            Err(error) => {
                tracing::warn!(path = %path.display(), %error, "could not remove a folder");
                return;
            }
        }
    }
}

#[cfg(feature = "docker")]
mod containers {
    use std::time::Duration;

    use futures::future::join_all;
    use testcontainers::{
        bollard::{Docker, errors::Error, query_parameters::RemoveContainerOptionsBuilder},
        core::client::docker_client_instance,
    };
    use tokio::time::{Instant, sleep, timeout};

    use super::Expecting;

    /// How long a container that is not there is looked for: its creation may be under way in the daemon,
    /// which finishes it though nobody waits for the answer any more.
    const MAY_STILL_COME: Duration = Duration::from_secs(5);
    /// How long all removals may take.
    const REMOVAL: Duration = Duration::from_secs(20);

    /// Removes containers by name; those that never existed are no error.
    pub(super) fn remove(names: &[String], expecting: Expecting) {
        let Ok(runtime) = tokio::runtime::Builder::new_current_thread().enable_all().build() else {
            tracing::warn!(?names, "could not start a runtime to remove containers with");
            return;
        };
        runtime.block_on(async {
            let all = async {
                match docker_client_instance().await {
                    Ok(docker) => {
                        join_all(names.iter().map(|name| remove_one(&docker, name, expecting))).await;
                    }
                    Err(error) => tracing::warn!(?names, %error, "could not remove containers"),
                }
            };
            if timeout(REMOVAL, all).await.is_err() {
                tracing::warn!(?names, "could not remove containers within {} s", REMOVAL.as_secs());
            }
        });
    }

    async fn remove_one(docker: &Docker, name: &str, expecting: Expecting) {
        let give_up = Instant::now() + MAY_STILL_COME;
        loop {
            let options = RemoveContainerOptionsBuilder::default().force(true).v(true).build();
            match docker.remove_container(name, Some(options)).await {
                Ok(()) => return,
                Err(Error::DockerResponseServerError { status_code: 404, .. }) => {
                    if expecting == Expecting::Now || Instant::now() >= give_up {
                        return;
                    }
                }
                // Somebody else is removing it: gone when it is not found any more.
                Err(Error::DockerResponseServerError { status_code: 409, .. }) => {}
                Err(error) => {
                    tracing::warn!(name, %error, "could not remove a container");
                    return;
                }
            }
            sleep(Duration::from_millis(100)).await;
        }
    }
}

#[cfg(not(feature = "docker"))]
mod containers {
    use super::Expecting;

    /// Without Docker support no container is ever created.
    pub(super) fn remove(_names: &[String], _expecting: Expecting) {}
}

#[cfg(test)]
#[path = "reaper/tests.rs"]
mod tests;
