//! The program under a supervisor, from its start until nothing is left of it.

use std::{
    io,
    process::Command,
    thread,
    time::{Duration, Instant},
};

use rustix::process::{
    Pid, Signal, WaitId, WaitIdOptions, WaitOptions, kill_process, kill_process_group, wait, waitid, waitpid,
};

use super::{Streams, descendants};

const LOOK_EVERY: Duration = Duration::from_millis(1);
/// How long the system may take to bury those that were killed. One that waits for a disk cannot die.
const BURIAL: Duration = Duration::from_secs(10);
/// The status of a process that SIGKILL ended.
const KILLED: i32 = 9;

/// A program that was started and has not been reaped: its number is its own.
#[derive(Debug)]
pub(super) struct Program {
    leader: Pid,
}

/// What has become of a program.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Change {
    /// It stands still.
    Stopped,
    /// It has ended with this status; what it had started is no more.
    Ended(i32),
}

impl Program {
    /// Starts it. Afterwards this process has none of its streams: their ends are to be seen at the other side.
    pub(super) fn start(mut command: Command, streams: Streams) -> io::Result<Self> {
        let [input, output, errors] = streams;
        let child = command.stdin(input).stdout(output).stderr(errors).spawn()?;
        Ok(Self { leader: Pid::from_child(&child) })
    }

    pub(super) fn id(&self) -> u32 {
        self.leader.as_raw_nonzero().get().cast_unsigned()
    }

    /// Sends a signal to its process group. One that is just ending takes none.
    pub(super) fn signal(&self, number: i32) {
        if let Some(signal) = Signal::from_named_raw(number) {
            let _ = kill_process_group(self.leader, signal);
        }
    }

    /// What has become of it since the last look.
    pub(super) fn look(&mut self) -> Option<Change> {
        let ended = WaitIdOptions::EXITED | WaitIdOptions::NOWAIT | WaitIdOptions::NOHANG;
        if let Ok(None) = waitid(WaitId::Pid(self.leader), ended) {
            for orphan in descendants::children().into_iter().filter(|child| *child != self.leader) {
                let _ = waitpid(Some(orphan), WaitOptions::NOHANG);
            }
            let stopped = WaitIdOptions::STOPPED | WaitIdOptions::NOHANG;
            return matches!(waitid(WaitId::Pid(self.leader), stopped), Ok(Some(_)))
                .then_some(Change::Stopped);
        }
        Some(Change::Ended(self.clear()))
    }

    /// Kills it, if it has not ended, and all that is left of what it has started; hands on its status.
    pub(super) fn kill(self) -> i32 {
        self.clear()
    }

    /// Whoever is killed leaves his children to this process, and they are killed then, until there are none.
    fn clear(&self) -> i32 {
        let _ = kill_process_group(self.leader, Signal::KILL);
        let mut status = KILLED;
        let give_up = Instant::now() + BURIAL;
        while Instant::now() < give_up {
            for child in descendants::children() {
                // A child's number is its own until it is reaped, which is done here only.
                let _ = kill_process(child, Signal::KILL);
            }
            match wait(WaitOptions::NOHANG) {
                Ok(Some((child, how))) if child == self.leader => status = how.as_raw(),
                Ok(Some(_)) => {}
                Ok(None) => thread::sleep(LOOK_EVERY),
                // There are no children any more.
                Err(_) => break,
            }
        }
        status
    }
}
