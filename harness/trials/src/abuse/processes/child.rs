//! A worker's process, as the campaign holds it.

use std::{
    fs::File,
    io::{self, PipeWriter, Write},
    os::fd::AsFd,
    path::Path,
    process::{Command, ExitStatus},
    time::Duration,
};

use deadwatch::reaper::Keeper;
use rustix::process::Signal;
use tokio::time::timeout;

use super::settings::{Order, Settings, WORKER};

/// A worker's process. Dropping it kills it.
pub struct Process {
    keeper: Keeper,
    input: PipeWriter,
}

impl Process {
    /// Starts one.
    ///
    /// # Errors
    /// The operating system does not start it.
    pub fn start(program: &Path, settings: &Settings) -> io::Result<Self> {
        let mut command = Command::new(program);
        command.arg(WORKER).arg(serde_json::to_string(settings)?);
        let (its_input, input) = io::pipe()?;
        let nothing = File::options().write(true).open("/dev/null")?;
        let errors = io::stderr().as_fd().try_clone_to_owned()?;
        let mut keeper = Keeper::new()?;
        keeper.start(&mut command, [its_input.into(), nothing.into(), errors])?;
        Ok(Self { keeper, input })
    }

    /// Tells it something; one that is dead does not hear it.
    pub fn tell(&mut self, order: Order) {
        let _ = writeln!(self.input, "{}", order.word());
    }

    /// Stops it where it stands. One that has ended does not hear it.
    pub fn stop(&mut self) {
        let _ = self.keeper.signal(Signal::STOP);
    }

    /// Lets it go on. One that has ended does not hear it.
    pub fn go_on(&mut self) {
        let _ = self.keeper.signal(Signal::CONT);
    }

    /// Kills it as by kill -9; returns when it is dead.
    ///
    /// # Errors
    /// The operating system refuses.
    pub async fn kill(&mut self) -> io::Result<()> {
        if self.keeper.id().is_some() {
            self.keeper.signal(Signal::KILL)?;
            self.keeper.until_ended().await;
        }
        Ok(())
    }

    /// Waits until it has ended, for so long at most.
    pub async fn ended(&mut self, at_most: Duration) -> Option<ExitStatus> {
        timeout(at_most, self.keeper.until_ended()).await.ok()?;
        self.keeper.ended()
    }
}
