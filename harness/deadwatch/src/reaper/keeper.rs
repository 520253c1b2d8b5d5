//! The harness's side: a folder, if one is wanted, and a program at a time, which end with their keeper.

mod direct;
mod supervised;

use std::{
    env, io,
    path::{Path, PathBuf},
    process::{Command, ExitStatus},
    sync::{Mutex, OnceLock, PoisonError},
};

use rustix::process::Signal;

pub use self::supervised::Hold;
use self::{direct::Direct, supervised::Supervised};
use super::{
    dead,
    owner::{self, Owner},
    supervisor::Streams,
};

/// Keeps a folder and starts programs, one at a time, so that nothing is left of either: not when this is dropped, and
/// where there is a [supervisor](super::supervise_with) not when this process is killed.
///
/// Dropping it blocks the thread until all is gone: some milliseconds.
#[derive(Debug)]
pub struct Keeper {
    // First of the fields: the programs end before their folder.
    means: Means,
    folder: Option<PathBuf>,
}

#[derive(Debug)]
enum Means {
    Supervised(Supervised),
    Direct(Direct),
}

impl Keeper {
    /// One without a folder.
    ///
    /// # Errors
    /// The system gives no process, or no files for one.
    pub fn new() -> io::Result<Self> {
        Self::begin(None)
    }

    /// One with an empty folder for `what`, below the system's folder for temporary files.
    ///
    /// # Errors
    /// As [`Keeper::new`], or the folder can't be made.
    pub fn with_folder(what: &str) -> io::Result<Self> {
        dead::clear_once();
        Self::begin(Some(std::path::absolute(env::temp_dir())?.join(fresh_name(what))))
    }

    fn begin(folder: Option<PathBuf>) -> io::Result<Self> {
        let means = match supervisor() {
            Some(program) => Means::Supervised(Supervised::begin(&program, folder.as_deref())?),
            None => Means::Direct(Direct::begin(folder.as_deref())?),
        };
        Ok(Self { means, folder })
    }

    /// Its folder, if it has one.
    pub fn folder(&self) -> Option<&Path> {
        self.folder.as_deref()
    }

    /// Starts a program with these streams, in a process group of its own. What the command says about streams and
    /// groups does not count; neither does a cleared environment.
    ///
    /// # Errors
    /// It can't be started, or the one before has not ended.
    pub fn start(&mut self, command: &mut Command, streams: Streams) -> io::Result<()> {
        if self.id().is_some() {
            return Err(io::Error::new(io::ErrorKind::AlreadyExists, "the program before has not ended"));
        }
        command.env(owner::VARIABLE, Owner::here().to_string());
        match &mut self.means {
            Means::Supervised(supervised) => supervised.start(command, streams),
            Means::Direct(direct) => direct.start(command, streams),
        }
    }

    /// The number of the program and its process group, while it runs.
    pub fn id(&mut self) -> Option<u32> {
        match &mut self.means {
            Means::Supervised(supervised) => supervised.id(),
            Means::Direct(direct) => direct.id(),
        }
    }

    /// Sends a signal to the program's process group. One that has ended takes none.
    ///
    /// # Errors
    /// The system refuses.
    pub fn signal(&mut self, signal: Signal) -> io::Result<()> {
        match &mut self.means {
            Means::Supervised(supervised) => supervised.signal(signal),
            Means::Direct(direct) => direct.signal(signal),
        }
    }

    /// How the program that was started last has ended, if it has.
    pub fn ended(&mut self) -> Option<ExitStatus> {
        match &mut self.means {
            Means::Supervised(supervised) => supervised.ended(),
            Means::Direct(direct) => direct.ended(),
        }
    }

    /// Waits until the program that was started last has ended. Cancel-safe.
    ///
    /// # Panics
    /// Outside a tokio runtime with I/O.
    pub async fn until_ended(&mut self) {
        match &mut self.means {
            Means::Supervised(supervised) => supervised.until_ended().await,
            Means::Direct(direct) => direct.until_ended().await,
        }
    }

    /// Whether the program has been stopped where it stood, since it was last told to stop or to go on.
    pub fn is_stopped(&mut self) -> bool {
        match &mut self.means {
            Means::Supervised(supervised) => supervised.is_stopped(),
            Means::Direct(direct) => direct.is_stopped(),
        }
    }

    /// Kills what is left of the program and of what it has started, and says how it ended; none if none was started.
    /// Nothing can be started any more, and the folder is gone. Blocks as a drop does.
    pub fn finish(&mut self) -> Option<ExitStatus> {
        match &mut self.means {
            Means::Supervised(supervised) => supervised.finish(),
            Means::Direct(direct) => direct.finish(),
        }
    }
}

/// A name for a folder or container that says whose it is, and that nobody else uses.
pub(in crate::reaper) fn fresh_name(what: &str) -> String {
    let chance: String = std::iter::repeat_with(fastrand::alphanumeric).take(10).collect();
    format!("{}{what}-{}-{chance}", dead::PREFIX, Owner::here())
}

static SUPERVISOR: OnceLock<Mutex<Option<PathBuf>>> = OnceLock::new();

/// From now on everything is started under a supervisor: this program, which has to be deadwatch or to hand on its
/// arguments to [`cli::main`](crate::cli::main). Without one there are process groups, and what
/// [dead harnesses](super::clear_dead) leave is cleared away by the next.
pub fn supervise_with(program: impl Into<PathBuf>) {
    let cell = SUPERVISOR.get_or_init(Mutex::default);
    *cell.lock().unwrap_or_else(PoisonError::into_inner) = Some(program.into());
}

/// From now on everything is started under a supervisor: the program that runs.
pub(crate) fn supervise_with_this() {
    // By this path it is found also after a build has put another in its place.
    #[cfg(target_os = "linux")]
    let program = Path::new("/proc/self/exe").exists().then(|| PathBuf::from("/proc/self/exe"));
    #[cfg(not(target_os = "linux"))]
    let program = env::current_exe().ok();
    program.into_iter().for_each(supervise_with);
}

fn supervisor() -> Option<PathBuf> {
    SUPERVISOR.get()?.lock().unwrap_or_else(PoisonError::into_inner).clone()
}
