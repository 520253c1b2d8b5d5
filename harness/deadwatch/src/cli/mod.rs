//! The command line: reads arguments, calls the rooms, prints, and says with which code to end.

mod arguments;
mod catalogue;
mod check;
mod doctor;
mod exit;
mod plan;
mod progress;
mod repro;
mod run;

use std::process::ExitCode;

use clap::Parser;

use arguments::{Arguments, Command};
pub use exit::Exit;

use crate::{reaper, scenario};

/// Runs the program with the process's own arguments.
///
/// Starts a thread that clears everything away when the process is interrupted.
pub fn main() -> ExitCode {
    let arguments = match Arguments::try_parse() {
        Ok(arguments) => arguments,
        Err(error) => {
            let _ = error.print();
            let exit = if error.use_stderr() { Exit::Usage } else { Exit::Success };
            return exit.into();
        }
    };
    tracing_subscriber::fmt()
        .with_env_filter(tracing_subscriber::EnvFilter::from_default_env())
        .with_writer(std::io::stderr)
        .init();
    reaper::on_signals();
    let exit = match &arguments.command {
        Command::Repro(place) => repro::repro(&arguments, place),
        Command::Run(options) => run::run(&arguments, options),
        Command::List(options) => catalogue::list(&arguments, options),
        Command::Check { files } => check::check(files),
        Command::Schema => {
            anstream::print!("{}", scenario::schema());
            Exit::Success
        }
        Command::Doctor { image } => doctor::doctor(&arguments, image.as_deref()),
    };
    exit.into()
}

/// Prints an error as a diagnostic on stderr.
fn complain(error: impl Into<miette::Report>) {
    anstream::eprintln!("{:?}", error.into());
}
