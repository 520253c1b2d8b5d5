//! The queue beside the recipe of etcd's Go client and beside a raw loop, on one etcd in one run: `just bench`.
//!
//! It starts an etcd of its own, runs [contests](contest) on it whose sides take turns, prints one table, and with
//! `--save` writes the page of figures of `etcd-queue`. What it needs it does not build, but says how to.

mod arguments;
mod child;
mod contest;
mod drain;
mod draining;
mod enqueue;
mod flow;
mod ground;
mod lease;
mod list;
mod machine;
mod members;
mod million;
mod server;
mod store;

use std::{error::Error, process::ExitCode};

use clap::Parser;
use deadwatch::reaper;
use trials::comparison::{Comparison, text};

use arguments::{Arguments, Role, Work};
use ground::Ground;

type Outcome<T> = Result<T, Box<dyn Error + Send + Sync>>;

#[tokio::main]
async fn main() -> ExitCode {
    let done = match Role::parse_if_asked() {
        Some(role) => child::play(role).await,
        None => run(Arguments::parse()).await,
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            // Ended by a signal, the etcd is gone and that is all there is to an error.
            reaper::yield_to_signal();
            eprintln!("could not {error}");
            ExitCode::FAILURE
        }
    }
}

async fn run(arguments: Arguments) -> Outcome<()> {
    let earlier = store::kept()?;
    let comparison = match arguments.work() {
        Work::Render => {
            earlier.ok_or("draw the figures: expected some that were saved; run it with --save first")?
        }
        Work::Measure => {
            let measured = measure(&arguments, earlier.as_ref()).await?;
            println!("{}\n\n{}", measured.machine.sentence(), text(&measured));
            measured
        }
    };
    if arguments.writes() {
        store::write(&comparison)?;
    }
    Ok(())
}

/// Runs the chosen parts. What they leave out is taken from the kept figures.
async fn measure(arguments: &Arguments, earlier: Option<&Comparison>) -> Outcome<Comparison> {
    reaper::on_signals();
    let ground = Ground::prepare(&arguments.etcd, &arguments.client).await?;
    let machine = machine::describe(&ground).await?;
    let mut rows = Vec::new();
    for contest in list::all(arguments.extent()) {
        if arguments.parts().contains(&contest.part) {
            rows.extend(contest.run(&ground, &machine.date).await?);
        } else {
            rows.extend(contest.rows(&machine.date));
        }
    }
    let mut comparison = Comparison { machine, rows };
    if let Some(earlier) = earlier {
        comparison.keep(earlier);
    }
    comparison.rows.retain(|row| row.queue.is_some());
    Ok(comparison)
}
