//! A running `deadwatch serve`.

use std::{ffi::OsStr, process::ExitStatus, process::Stdio, time::Duration};

use rustix::process::{Pid, Signal, kill_process};
use tokio::{
    io::{AsyncBufReadExt, AsyncReadExt, BufReader},
    process::{Child, ChildStdout, Command},
    time::timeout,
};

/// Longer than starting or ending takes on a busy machine.
const PATIENCE: Duration = Duration::from_secs(20);

/// One `deadwatch serve` on a port of its choice, killed when dropped.
pub struct Served {
    /// Where it says that it listens.
    pub address: String,
    /// All of that line.
    pub line: String,
    process: Child,
    stdout: BufReader<ChildStdout>,
}

impl Served {
    /// Starts it, and comes back when it says where it listens.
    pub async fn start<'flag>(flags: impl IntoIterator<Item = &'flag str>) -> Self {
        Self::by(command(["--listen", "127.0.0.1:0"].into_iter().chain(flags))).await
    }

    /// Starts it by this command.
    pub async fn by(mut command: Command) -> Self {
        let mut process = command.spawn().unwrap();
        let mut stdout = BufReader::new(process.stdout.take().unwrap());
        let mut line = String::new();
        timeout(PATIENCE, stdout.read_line(&mut line)).await.expect("a line in time").unwrap();
        let address = line.strip_prefix("listening on ").and_then(|rest| rest.split(' ').next());
        let address = address.unwrap_or_else(|| panic!("expected an address, found {line:?}")).to_owned();
        Self { address, line, process, stdout }
    }

    /// Asks it to end.
    pub fn signal(&self, signal: Signal) {
        let pid = i32::try_from(self.process.id().expect("it runs")).unwrap();
        kill_process(Pid::from_raw(pid).unwrap(), signal).unwrap();
    }

    /// Waits until it has ended: how, and what it still had to say.
    pub async fn ended(mut self) -> (ExitStatus, String) {
        let status = timeout(PATIENCE, self.process.wait()).await.expect("it ends when asked to").unwrap();
        let mut rest = String::new();
        self.stdout.read_to_string(&mut rest).await.unwrap();
        (status, rest)
    }

    /// Reads nothing any more, and waits until it has ended.
    pub async fn unheard(self) -> ExitStatus {
        let Self { mut process, stdout, .. } = self;
        drop(stdout);
        timeout(PATIENCE, process.wait()).await.expect("it ends when nobody reads").unwrap()
    }

    /// Asks it to end, and sees that it does.
    pub async fn stop(self) {
        self.signal(Signal::TERM);
        let (status, _) = self.ended().await;
        assert!(status.success(), "{status}");
    }
}

/// The command with these flags.
pub fn command(flags: impl IntoIterator<Item = impl AsRef<OsStr>>) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_deadwatch"));
    command.arg("serve").args(flags).env_remove("RUST_LOG").env_remove("DEADWATCH_ROOT_PASSWORD");
    command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped()).kill_on_drop(true);
    command
}
