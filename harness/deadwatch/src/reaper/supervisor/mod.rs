//! The process between the harness and each program that it starts: it outlives the harness by a moment, however that
//! ends, and leaves nothing behind.
//!
//! It is this very program, started again with a [hidden subcommand](SUBCOMMAND). Its standard input is one end of a
//! pair of sockets; when the other end is gone, also by SIGKILL, it kills what it has started, with all descendants,
//! removes its folder, and ends. On Linux it is a subreaper: a descendant that loses its parent becomes its child, so
//! that a session of its own saves nobody. Elsewhere it reaches its program's process group only.

mod descendants;
mod message;
mod program;

pub use message::Streams;
pub(super) use message::{Reply, send, signal, start};

use std::{
    env,
    ffi::OsStr,
    fs, io,
    io::{Read, Write},
    os::{
        fd::AsFd,
        unix::{fs::DirBuilderExt, net::UnixStream},
    },
    path::{Path, PathBuf},
    process::ExitCode,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
};

use rustix::{
    event::{PollFd, PollFlags, poll},
    io::Errno,
    process::setsid,
};
use signal_hook::{
    consts::{SIGABRT, SIGALRM, SIGCHLD, SIGHUP, SIGINT, SIGQUIT, SIGTERM, SIGUSR1, SIGUSR2, SIGXCPU},
    flag,
    low_level::pipe,
};

use self::{
    message::{Heard, Inbox, Request},
    program::{Change, Program},
};
use super::clear::remove_folder;

/// The first argument that makes this program a supervisor; the second, if there is one, is the folder that it makes
/// and removes.
pub const SUBCOMMAND: &str = "__supervise";

/// What a supervisor is called in a list of processes. Not as the harness is: who kills that by its name shall not kill
/// those that clear up behind it.
#[cfg(target_os = "linux")]
const NAME: &std::ffi::CStr = c"dw-supervisor";

/// Ways to ask a supervisor to end. It is as if the harness had ended.
const ENDS: [i32; 9] = [SIGTERM, SIGINT, SIGHUP, SIGQUIT, SIGABRT, SIGALRM, SIGUSR1, SIGUSR2, SIGXCPU];

/// Supervises, if this process was started to do that; returns when all is done.
pub fn called() -> Option<ExitCode> {
    let mut arguments = env::args_os().skip(1);
    if arguments.next().as_deref() != Some(OsStr::new(SUBCOMMAND)) {
        return None;
    }
    let folder = arguments.next().map(PathBuf::from);
    Some(match Supervisor::begin(folder).and_then(Supervisor::supervise) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            // Somebody who calls it by hand; the harness hears nothing from here.
            let _ = writeln!(io::stderr(), "deadwatch {SUBCOMMAND} is for deadwatch itself: {error}");
            ExitCode::from(64)
        }
    })
}

struct Supervisor {
    line: UnixStream,
    inbox: Inbox,
    /// Readable when a signal has come.
    wakes: UnixStream,
    asked_to_end: Arc<AtomicBool>,
    folder: Option<PathBuf>,
    program: Option<Program>,
}

impl Supervisor {
    fn begin(folder: Option<PathBuf>) -> io::Result<Self> {
        // What a terminal or a runner sends to the harness's group is not for this process. It may lead a group
        // already, if somebody started it by hand.
        let _ = setsid();
        #[cfg(target_os = "linux")]
        rustix::thread::set_name(NAME)?;
        descendants::adopt()?;
        let asked_to_end = Arc::new(AtomicBool::new(false));
        let (wakes, waker) = UnixStream::pair()?;
        wakes.set_nonblocking(true)?;
        for signal in ENDS {
            flag::register(signal, Arc::clone(&asked_to_end))?;
            pipe::register(signal, waker.try_clone()?)?;
        }
        pipe::register(SIGCHLD, waker)?;
        let line = UnixStream::from(io::stdin().as_fd().try_clone_to_owned()?);
        Ok(Self { line, inbox: Inbox::default(), wakes, asked_to_end, folder, program: None })
    }

    fn supervise(mut self) -> io::Result<()> {
        let made = match &self.folder {
            Some(folder) => fs::DirBuilder::new().mode(0o700).create(folder),
            None => Ok(()),
        };
        if let Err(error) = made {
            self.say(failed(&error));
            // Somebody else's.
            return Ok(());
        }
        self.say(Reply::Ready);
        let heard = self.serve();
        // Whatever ended that.
        if let Some(program) = self.program.take() {
            self.say(Reply::Ended(program.kill()));
        }
        if let Some(folder) = &self.folder {
            remove_folder(folder)?;
        }
        heard
    }

    /// Does what it is asked until there is nobody to ask it, or until it is told to end.
    fn serve(&mut self) -> io::Result<()> {
        loop {
            if let Some(program) = &mut self.program {
                match program.look() {
                    Some(Change::Stopped) => self.say(Reply::Stopped),
                    Some(Change::Ended(status)) => {
                        self.program = None;
                        self.say(Reply::Ended(status));
                    }
                    None => {}
                }
            }
            let mut waited =
                [PollFd::new(&self.line, PollFlags::IN), PollFd::new(&self.wakes, PollFlags::IN)];
            match poll(&mut waited, None) {
                Ok(_) | Err(Errno::INTR) => {}
                Err(error) => return Err(error.into()),
            }
            let [line, wakes] = waited.map(|waited| !waited.revents().is_empty());
            if wakes {
                let _ = self.wakes.read(&mut [0; 256]);
            }
            if self.asked_to_end.load(Ordering::SeqCst) {
                return Ok(());
            }
            if line && self.hear()? == Heard::TheEnd {
                return Ok(());
            }
        }
    }

    fn hear(&mut self) -> io::Result<Heard> {
        let heard = self.inbox.receive(&self.line)?;
        while let Some(request) = self.inbox.next()? {
            match request {
                Request::Start(command, streams) => match Program::start(*command, streams) {
                    Ok(program) => {
                        self.say(Reply::Started(program.id()));
                        self.program = Some(program);
                    }
                    Err(error) => self.say(failed(&error)),
                },
                Request::Signal(number) => {
                    if let Some(program) = &self.program {
                        program.signal(number);
                    }
                }
            }
        }
        Ok(heard)
    }

    /// Nobody may be there to hear it: then there is an end to be heard.
    fn say(&self, reply: Reply) {
        let _ = (&self.line).write_all(reply.line().as_bytes());
    }
}

fn failed(error: &io::Error) -> Reply {
    Reply::Failed(error.raw_os_error().unwrap_or(Errno::INVAL.raw_os_error()))
}

/// The arguments that make this program a supervisor with this folder.
pub(super) fn arguments(folder: Option<&Path>) -> Vec<&OsStr> {
    [Some(OsStr::new(SUBCOMMAND)), folder.map(Path::as_os_str)].into_iter().flatten().collect()
}
