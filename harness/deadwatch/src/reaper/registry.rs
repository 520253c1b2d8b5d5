//! All that is kept now, and what keeps it.

use std::{
    collections::BTreeMap,
    fmt,
    path::PathBuf,
    sync::{Mutex, MutexGuard, PoisonError},
    thread,
};

use super::{
    clear::{Expecting, clear},
    keeper::Hold,
};

/// A thing that outlives this process unless it is cleared away.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Leftover {
    /// All processes of the group with this id, which is the process id of its leader.
    ProcessGroup(u32),
    /// A folder and all that is in it.
    Folder(PathBuf),
    /// A file.
    File(PathBuf),
    /// A container of this name, or one that is about to be created under it.
    Container(String),
    /// A supervisor, the program that it has started, and its folder.
    Supervised(Hold),
}

impl fmt::Display for Leftover {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::ProcessGroup(group) => write!(f, "process group {group}"),
            Self::Folder(path) => write!(f, "folder {}", path.display()),
            Self::File(path) => write!(f, "file {}", path.display()),
            Self::Container(name) => write!(f, "container {name}"),
            Self::Supervised(hold) => write!(f, "supervisor {}", hold.id()),
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

/// From now on nothing is made any more; what is there is cleared away.
pub(super) fn clear_all() {
    let kept: Vec<Leftover> = {
        let mut registry = registry();
        registry.phase = Phase::Ending;
        registry.kept.values().cloned().collect()
    };
    clear(&kept, Expecting::PerhapsLater);
}

/// What is kept now, in words.
pub(super) fn listed() -> Vec<String> {
    registry().kept.values().map(Leftover::to_string).collect()
}
