//! A supervisor and the conversation with it.

use std::{
    fmt, io,
    io::{ErrorKind, Read},
    net::Shutdown,
    os::{
        fd::OwnedFd,
        unix::{
            net::UnixStream,
            process::{CommandExt, ExitStatusExt},
        },
    },
    path::{Path, PathBuf},
    process::{Child, Command, ExitStatus, Stdio},
    sync::Arc,
    time::{Duration, Instant},
};

use rustix::{
    event::{PollFd, PollFlags, Timespec, poll},
    io::Errno,
    process::{Pid, Signal, kill_process_group},
};
use tokio::io::Interest;

use crate::reaper::{
    Kept, Leftover,
    clear::{leave, remove_folder},
    registry::keep_made,
    supervisor::{self, Reply, Streams},
};

/// How long a supervisor may take to answer, on a machine that is very busy.
const ANSWER: Duration = Duration::from_secs(30);
/// The status of a process that SIGKILL ended.
const KILLED: i32 = 9;

/// What a supervisor is held by: it clears up when it is let go.
#[derive(Clone)]
pub struct Hold {
    id: u32,
    line: Arc<UnixStream>,
}

impl Hold {
    /// The supervisor's process id.
    pub const fn id(&self) -> u32 {
        self.id
    }

    /// Lets it clear up and end. What it says until then can be heard.
    pub(in crate::reaper) fn let_go(&self) {
        // It has ended already, or was let go.
        let _ = self.line.shutdown(Shutdown::Write);
    }
}

impl fmt::Debug for Hold {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Hold").field(&self.id).finish()
    }
}

impl PartialEq for Hold {
    fn eq(&self, other: &Self) -> bool {
        self.id == other.id
    }
}

impl Eq for Hold {}

#[derive(Debug)]
pub(super) struct Supervised {
    line: Arc<UnixStream>,
    /// None once it has ended.
    kept: Option<Kept>,
    supervisor: Child,
    folder: Option<PathBuf>,
    heard: Vec<u8>,
    /// The line once more, for the runtime that waits for it.
    news: Option<tokio::net::UnixStream>,
    program: Program,
    stopped: bool,
}

/// The program that was started last.
#[derive(Clone, Copy, Debug)]
enum Program {
    None,
    Runs(u32),
    Ended(ExitStatus),
}

impl Supervised {
    pub(super) fn begin(program: &Path, folder: Option<&Path>) -> io::Result<Self> {
        let mut command = Command::new(program);
        command.arg0("deadwatch").args(supervisor::arguments(folder));
        command.stdout(Stdio::null()).stderr(Stdio::null());
        let ((supervisor, line), kept) = keep_made(|| {
            let (line, theirs) = UnixStream::pair()?;
            let line = Arc::new(line);
            let supervisor = command.stdin(OwnedFd::from(theirs)).spawn()?;
            let hold = Hold { id: supervisor.id(), line: Arc::clone(&line) };
            Ok::<_, io::Error>(((supervisor, line), Leftover::Supervised(hold)))
        })?;
        // The command has the other end still, which would keep the supervisor's end from being seen.
        drop(command);
        line.set_nonblocking(true)?;
        let mut begun = Self {
            line,
            kept: Some(kept),
            supervisor,
            folder: folder.map(Path::to_owned),
            heard: Vec::new(),
            news: None,
            program: Program::None,
            stopped: false,
        };
        begun.answer()?;
        Ok(begun)
    }

    pub(super) fn start(&mut self, command: &Command, streams: Streams) -> io::Result<()> {
        supervisor::send(&self.line, &supervisor::start(command), &streams)?;
        drop(streams);
        self.stopped = false;
        self.answer()
    }

    pub(super) fn id(&mut self) -> Option<u32> {
        self.hear();
        match self.program {
            Program::Runs(id) => Some(id),
            Program::None | Program::Ended(_) => None,
        }
    }

    pub(super) fn signal(&mut self, signal: Signal) -> io::Result<()> {
        if self.id().is_none() {
            return Ok(());
        }
        if [Signal::STOP, Signal::CONT].contains(&signal) {
            self.stopped = false;
        }
        supervisor::send(&self.line, &supervisor::signal(signal.as_raw()), &[])
    }

    pub(super) fn ended(&mut self) -> Option<ExitStatus> {
        self.hear();
        match self.program {
            Program::Ended(status) => Some(status),
            Program::None | Program::Runs(_) => None,
        }
    }

    pub(super) async fn until_ended(&mut self) {
        while self.id().is_some() {
            if self.news.is_none() {
                self.news = self.line.try_clone().and_then(tokio::net::UnixStream::from_std).ok();
            }
            let Some(news) = &self.news else { return };
            if news.readable().await.is_err() {
                return;
            }
            // All that is there is read at the loop's head; what comes meanwhile makes it readable again.
            let _ = news.try_io(Interest::READABLE, || Err::<(), _>(ErrorKind::WouldBlock.into()));
        }
    }

    pub(super) fn is_stopped(&mut self) -> bool {
        self.hear();
        self.stopped
    }

    pub(super) fn finish(&mut self) -> Option<ExitStatus> {
        self.news = None;
        if let Some(kept) = self.kept.take() {
            drop(kept);
            self.bury();
        }
        match self.program {
            Program::Ended(status) => Some(status),
            Program::None | Program::Runs(_) => None,
        }
    }

    /// The supervisor has ended. What one that was killed has left is cleared away here.
    fn bury(&mut self) {
        self.hear();
        if let Err(error) = self.supervisor.wait() {
            tracing::warn!(%error, "could not reap a supervisor");
        }
        if let Some(folder) = self.folder.take().filter(|folder| folder.exists())
            && let Err(error) = remove_folder(&folder)
        {
            leave(format!("folder {}: {error}", folder.display()));
        }
    }

    /// Waits until the supervisor has done what it was asked to.
    fn answer(&mut self) -> io::Result<()> {
        let give_up = Instant::now() + ANSWER;
        loop {
            while let Some(reply) = self.next()? {
                match reply {
                    Reply::Ready | Reply::Started(_) => return Ok(()),
                    Reply::Failed(reason) => return Err(io::Error::from_raw_os_error(reason)),
                    Reply::Stopped | Reply::Ended(_) => {}
                }
            }
            let left = give_up.saturating_duration_since(Instant::now());
            let left = Timespec { tv_sec: left.as_secs().cast_signed(), tv_nsec: left.subsec_nanos().into() };
            match poll(&mut [PollFd::new(&self.line, PollFlags::IN)], Some(&left)) {
                Ok(0) => return Err(io::Error::new(ErrorKind::TimedOut, "its supervisor does not answer")),
                Ok(_) | Err(Errno::INTR) => {}
                Err(error) => return Err(error.into()),
            }
        }
    }

    /// Takes in all that there is to be heard.
    fn hear(&mut self) {
        while let Ok(Some(_)) = self.next() {}
    }

    /// The next thing that the supervisor has said; none if there is nothing more now.
    ///
    /// # Errors
    /// The supervisor has ended.
    fn next(&mut self) -> io::Result<Option<Reply>> {
        loop {
            if let Some(end) = self.heard.iter().position(|byte| *byte == b'\n') {
                let line: Vec<u8> = self.heard.drain(..=end).collect();
                let reply = Reply::read(String::from_utf8_lossy(&line).trim_end());
                let Some(reply) = reply else { continue };
                self.note(reply);
                return Ok(Some(reply));
            }
            let mut bytes = [0; 256];
            match (&*self.line).read(&mut bytes) {
                Ok(0) => return Err(self.lost()),
                Ok(got) => self.heard.extend_from_slice(bytes.get(..got).unwrap_or_default()),
                Err(error) if error.kind() == ErrorKind::WouldBlock => return Ok(None),
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(_) => return Err(self.lost()),
            }
        }
    }

    fn note(&mut self, reply: Reply) {
        match reply {
            Reply::Ready | Reply::Failed(_) => {}
            Reply::Started(id) => self.program = Program::Runs(id),
            Reply::Stopped => self.stopped = true,
            Reply::Ended(status) => self.program = Program::Ended(ExitStatus::from_raw(status)),
        }
    }

    /// A supervisor that ends without a word was killed, and its program with it, if that is in its group still.
    fn lost(&mut self) -> io::Error {
        if let Program::Runs(id) = self.program {
            if let Some(group) = Pid::from_raw(id.cast_signed()) {
                let _ = kill_process_group(group, Signal::KILL);
            }
            self.program = Program::Ended(ExitStatus::from_raw(KILLED));
        }
        io::Error::new(ErrorKind::BrokenPipe, "its supervisor has ended")
    }
}

impl Drop for Supervised {
    fn drop(&mut self) {
        self.finish();
    }
}
