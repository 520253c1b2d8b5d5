//! The way in: from the process's arguments to its exit code.

use std::{panic, process::ExitCode};

use clap::Parser;

use super::{
    Exit,
    arguments::{Arguments, Command},
    catalogue, check, doctor, logs, matrix, output, repro, run, serve,
};
use crate::{reaper, scenario};

/// Runs the program with the process's own arguments.
///
/// This program is started again, with other arguments, to supervise what it starts: whoever calls this from a program
/// of his own must do so with every arguments there are. Starts a thread that clears everything away when the process is interrupted. A panic of the harness is its
/// failure, and has the code of one.
pub fn main() -> ExitCode {
    if let Some(exit) = reaper::supervisor::called() {
        return exit;
    }
    let exit = panic::catch_unwind(obey).unwrap_or_else(|_| {
        output::tell("deadwatch: the harness panicked; its message is above");
        Exit::Internal
    });
    reaper::yield_to_signal();
    for what in reaper::left() {
        output::tell(format_args!("deadwatch: could not clear away {what}"));
    }
    exit.into()
}

fn obey() -> Exit {
    let arguments = match Arguments::try_parse() {
        Ok(arguments) => arguments,
        Err(answer) => {
            // Where it can't be printed there is nobody to be told so.
            let _ = answer.print();
            return if answer.use_stderr() { Exit::Usage } else { Exit::Success };
        }
    };
    logs::begin();
    reaper::supervise_with_this();
    match arguments.command {
        // It leaves nothing behind, and ends in good order when it is asked to.
        Command::Serve(_) => {}
        _ => reaper::on_signals(),
    }
    match &arguments.command {
        Command::Repro(place) => repro::repro(&arguments, place),
        Command::Run(options) => run::run(&arguments, options),
        Command::Matrix(options) => matrix::matrix(&arguments, options),
        Command::List(options) => catalogue::list(&arguments, options),
        Command::Check { files } => check::check(files),
        Command::Schema => output::print(&scenario::schema()),
        Command::Doctor { image } => doctor::doctor(&arguments, image.as_deref()),
        Command::Serve(options) => serve::serve(options),
    }
}
