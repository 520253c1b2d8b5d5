//! Without a supervisor: a folder that is removed and a process group that is killed, while this process lives.

use std::{
    fs, io,
    os::unix::{fs::DirBuilderExt, process::CommandExt},
    path::Path,
    process::{Child, Command, ExitStatus},
};

use rustix::process::{Pid, Signal, WaitId, WaitIdOptions, kill_process_group, waitid};
use tokio::signal::unix::{SignalKind, signal};

use crate::reaper::{Kept, Leftover, registry::keep_made, supervisor::Streams};

#[derive(Debug, Default)]
pub(super) struct Direct {
    program: Option<Program>,
    ended: Option<ExitStatus>,
    /// After the program, which writes to it.
    folder: Option<Kept>,
}

/// A program that has not been reaped.
#[derive(Debug)]
struct Program {
    /// First of the fields, so that the group is killed before its leader's number is given back.
    group: Kept,
    child: Child,
    stopped: bool,
}

impl Program {
    fn pid(&self) -> Pid {
        Pid::from_child(&self.child)
    }

    /// Whether it has ended, without reaping it: its group can then still be killed by its number.
    fn has_ended(&self) -> bool {
        let exited = WaitIdOptions::EXITED | WaitIdOptions::NOWAIT | WaitIdOptions::NOHANG;
        !matches!(waitid(WaitId::Pid(self.pid()), exited), Ok(None))
    }

    /// Kills what is left of its group, and says how it ended.
    fn bury(self) -> Option<ExitStatus> {
        let Self { group, mut child, .. } = self;
        drop(group);
        child.wait().inspect_err(|error| tracing::warn!(%error, "could not reap a program")).ok()
    }
}

impl Direct {
    pub(super) fn begin(folder: Option<&Path>) -> io::Result<Self> {
        let Some(path) = folder else { return Ok(Self::default()) };
        let ((), kept) = keep_made(|| {
            fs::DirBuilder::new().mode(0o700).create(path)?;
            Ok::<_, io::Error>(((), Leftover::Folder(path.to_owned())))
        })?;
        Ok(Self { program: None, ended: None, folder: Some(kept) })
    }

    pub(super) fn start(&mut self, command: &mut Command, streams: Streams) -> io::Result<()> {
        let [input, output, errors] = streams;
        command.process_group(0).stdin(input).stdout(output).stderr(errors);
        let (child, group) = keep_made(|| {
            let child = command.spawn()?;
            let leftover = Leftover::ProcessGroup(child.id());
            Ok::<_, io::Error>((child, leftover))
        })?;
        self.program = Some(Program { group, child, stopped: false });
        self.ended = None;
        Ok(())
    }

    pub(super) fn id(&mut self) -> Option<u32> {
        self.look();
        Some(self.program.as_ref()?.child.id())
    }

    pub(super) fn signal(&mut self, signal: Signal) -> io::Result<()> {
        self.look();
        let Some(program) = &mut self.program else { return Ok(()) };
        if [Signal::STOP, Signal::CONT].contains(&signal) {
            program.stopped = false;
        }
        Ok(kill_process_group(program.pid(), signal)?)
    }

    pub(super) fn ended(&mut self) -> Option<ExitStatus> {
        self.look();
        self.ended
    }

    pub(super) async fn until_ended(&mut self) {
        // Listened to before the look, so that its end cannot be missed.
        let Ok(mut children) = signal(SignalKind::child()) else { return };
        while self.program.as_ref().is_some_and(|program| !program.has_ended()) {
            if children.recv().await.is_none() {
                return;
            }
        }
    }

    pub(super) fn is_stopped(&mut self) -> bool {
        let Some(program) = &mut self.program else { return false };
        let stopped = WaitIdOptions::STOPPED | WaitIdOptions::NOHANG;
        program.stopped |= matches!(waitid(WaitId::Pid(program.pid()), stopped), Ok(Some(_)));
        program.stopped
    }

    pub(super) fn finish(&mut self) -> Option<ExitStatus> {
        if let Some(program) = self.program.take() {
            self.ended = program.bury();
        }
        self.folder = None;
        self.ended
    }

    fn look(&mut self) {
        if let Some(program) = self.program.take_if(|program| program.has_ended()) {
            self.ended = program.bury();
        }
    }
}

impl Drop for Direct {
    fn drop(&mut self) {
        self.finish();
    }
}
