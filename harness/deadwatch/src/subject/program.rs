//! A subject that is a program: any command that speaks the line protocol on its standard input and output.
//!
//! The stage calls [`start`]; from then on one task, the `session`, speaks with the program on behalf of [`Running`].

use std::{process::Command, time::Duration};

use tokio::sync::mpsc;

use super::{Log, Running, pipes::Pipes, session::Session};
use crate::reaper::Keeper;

/// How long a program is waited for, in real time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Patience {
    /// For the answer to an open.
    pub open: Duration,
    /// For its end, after its input has ended or it has closed one of its pipes.
    pub end: Duration,
    /// For a call that follows an answer, where the program has ended in between.
    pub next_call: Duration,
    /// For the rest of its output, after it has ended: somebody else may hold the pipes open.
    pub rest: Duration,
}

impl Default for Patience {
    fn default() -> Self {
        Self {
            open: Duration::from_secs(30),
            end: Duration::from_secs(5),
            next_call: Duration::from_millis(250),
            rest: Duration::from_secs(2),
        }
    }
}

/// Why there is no program to speak with; reads well after "could not".
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// The command has no words.
    #[error("start a program: the command is empty, expected a program and its arguments")]
    Empty,
    /// The operating system refused.
    #[error("start `{program}` (expected a path, or a name in PATH): {error}")]
    Refused {
        /// The command's first word.
        program: String,
        /// The reason.
        error: std::io::Error,
    },
}

/// Starts a command, split into words already, without a shell and in a process group of its own.
///
/// It ends as [`Running`] says: where only the requests are closed, its input ends and it may take 5 s to follow;
/// where [`Running`] is dropped, its process group is killed.
///
/// # Errors
/// Where there is no such program, or it cannot be run.
///
/// # Panics
/// Outside a tokio runtime with I/O and time. The time must be real: a process does not know of any other.
pub fn start(command: &[String]) -> Result<Running, StartError> {
    start_with(command, Patience::default())
}

/// Like [`start`], with other limits.
///
/// # Errors
/// See [`start`].
///
/// # Panics
/// See [`start`].
pub fn start_with(command: &[String], patience: Patience) -> Result<Running, StartError> {
    let (program, arguments) = command.split_first().ok_or(StartError::Empty)?;
    let refused = |error| StartError::Refused { program: program.clone(), error };
    let mut keeper = Keeper::new().map_err(refused)?;
    let pipes = Pipes::start(&mut keeper, Command::new(program).args(arguments)).map_err(refused)?;
    let log = Log::default();
    let (requests, asked) = mpsc::unbounded_channel();
    let (answering, replies) = mpsc::unbounded_channel();
    tokio::spawn(Session::new(keeper, pipes, patience, asked, answering, log.clone()).lead());
    Ok(Running { requests, replies, log })
}
