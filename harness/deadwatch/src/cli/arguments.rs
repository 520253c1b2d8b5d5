//! The command line, as clap reads it.

use std::{net::SocketAddr, path::PathBuf, time::Duration};

use clap::{Parser, Subcommand, ValueEnum};

use crate::{
    etcd::On,
    scenario::{Version, parse_duration},
};

/// Proves whether a queue consumer survives a dead etcd watch.
#[derive(Debug, Parser)]
#[command(name = "deadwatch", version, max_term_width = 100, after_help = EXIT_CODES)]
pub struct Arguments {
    /// Take the scenarios of this folder in place of those built in.
    #[arg(long, global = true, value_name = "DIR")]
    pub scenarios: Option<PathBuf>,
    /// What to do.
    #[command(subcommand)]
    pub command: Command,
}

const EXIT_CODES: &str = "Exit codes, the first that applies over all runs:
  70  the harness itself failed
  64  wrong usage or a bad scenario file
   1  something other than the snapshot says (without a snapshot: something unsafe)
   2  a run was inconclusive
   4  nothing ran
   0  all is as it should be";

/// The commands.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Show the bug: the crash, what the one-line fix does, and what surviving looks like
    Repro(Place),
    /// Run scenarios against subjects, and compare with the snapshots
    Run(Run),
    /// Run one scenario on several servers with several clients, and show all that as a table
    Matrix(Matrix),
    /// List the scenarios, one a line: name, title
    List(List),
    /// Parse scenario files and say what is wrong with them; run nothing
    Check {
        /// The files.
        #[arg(required = true, value_name = "FILE")]
        files: Vec<PathBuf>,
    },
    /// Print the JSON schema of a scenario file
    Schema,
    /// Say which backends and subjects can run here, and what is missing for the others
    Doctor {
        /// The image to look for, in place of the usual ones; may hold {version}.
        #[arg(long, value_name = "REF", env = "DEADWATCH_IMAGE")]
        image: Option<String>,
    },
    /// Serve the embedded etcd on a port, for any client in any language, until interrupted
    Serve(Serve),
}

/// What to serve, and where.
#[derive(Debug, clap::Args)]
pub struct Serve {
    /// The address; port 0 picks one.
    #[arg(long, value_name = "ADDR", default_value = "127.0.0.1:2379", value_parser = socket_address)]
    pub listen: SocketAddr,
    /// The release of etcd to behave as, such as 3.5.5.
    #[arg(long = "as", value_name = "VERSION")]
    pub release: Version,
    /// How long a token lives after its last use, in whole seconds, such as 5s; etcd's own default is 300s. Needs a
    /// root password.
    #[arg(long, value_name = "DURATION", value_parser = whole_seconds)]
    pub token_ttl: Option<Duration>,
    /// Switch authentication on, with a user root of this password. Who lists the processes of this machine sees it:
    /// DEADWATCH_ROOT_PASSWORD in the environment does the same, and so does a file.
    #[arg(long, value_name = "PASSWORD", conflicts_with = "root_password_file")]
    pub root_password: Option<String>,
    /// The same, with the first line of this file.
    #[arg(long, value_name = "FILE")]
    pub root_password_file: Option<PathBuf>,
    /// What is free to vary is drawn from this, tokens included: who knows the number can log in. [default: a secret
    /// one]
    #[arg(long, value_name = "NUMBER", value_parser = whole_number)]
    pub seed: Option<u64>,
}

fn socket_address(text: &str) -> Result<SocketAddr, &'static str> {
    text.parse().map_err(|_| "expected an IP address and a port, such as 127.0.0.1:2379")
}

/// A duration that etcd takes for a token's life.
fn whole_seconds(text: &str) -> Result<Duration, String> {
    let duration = parse_duration(text).map_err(|error| error.to_string())?;
    let whole = duration.subsec_nanos() == 0 && !duration.is_zero();
    whole.then_some(duration).ok_or_else(|| "expected whole seconds, such as 5s".to_owned())
}

/// Where a run takes place.
#[derive(Clone, Debug, clap::Args)]
pub struct Place {
    /// Which etcd to run on: auto, embedded, process or docker.
    #[arg(long = "on", value_name = "BACKEND", default_value = "auto")]
    pub on: On,
    /// The container image, in place of the usual ones; may hold {version}.
    #[arg(long, value_name = "REF", env = "DEADWATCH_IMAGE")]
    pub image: Option<String>,
}

/// What to run, and how to show it.
#[derive(Debug, clap::Args)]
pub struct Run {
    /// Scenario files, or names as `list` prints them; none means all.
    // Not called `scenarios`: clap would take it for the folder of that name, and refuse to go on.
    #[arg(value_name = "SCENARIO")]
    pub names: Vec<String>,
    /// Where.
    #[command(flatten)]
    pub place: Place,
    /// Built-in subjects joined by commas (naive, checked, resilient, resilient-lease, original), or one command that
    /// speaks the line protocol; may be repeated. [default: all that are built in]
    #[arg(long = "subject", value_name = "NAMES-OR-COMMAND")]
    pub subjects: Vec<String>,
    /// For people, or one JSON object a line and run.
    #[arg(long, default_value = "human")]
    pub format: Format,
    /// What is free to vary is drawn from this.
    #[arg(long, value_name = "NUMBER", default_value_t = 0, value_parser = whole_number)]
    pub seed: u64,
    /// Run everything this many times.
    #[arg(long, value_name = "TIMES", default_value_t = 1, value_parser = clap::value_parser!(u32).range(1..))]
    pub repeat: u32,
    /// Keep each run's history as a JSON file in this folder.
    #[arg(long, value_name = "DIR")]
    pub record: Option<PathBuf>,
    /// What else to report.
    #[command(flatten)]
    pub reports: Reports,
}

/// What to report besides what goes to stdout.
#[derive(Clone, Debug, Default, clap::Args)]
pub struct Reports {
    /// Write a JUnit report: a suite for each scenario, a case for each run.
    #[arg(long, value_name = "FILE")]
    pub junit: Option<PathBuf>,
    /// Write a page of HTML with every timeline, failures first; it needs nothing beside itself.
    #[arg(long, value_name = "FILE")]
    pub html: Option<PathBuf>,
    /// Annotate the scenario files in a workflow: an error where the exit is 1, a warning where it is 2.
    #[arg(long, value_name = "WHERE")]
    pub annotate: Option<Annotate>,
}

/// Where annotations are read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Annotate {
    /// GitHub Actions, by workflow commands.
    Github,
}

/// What to run on which servers with which clients.
#[derive(Debug, clap::Args)]
pub struct Matrix {
    /// A scenario file, or a name as `list` prints it.
    #[arg(value_name = "SCENARIO")]
    pub name: String,
    /// The releases of etcd, joined by commas.
    #[arg(long, value_name = "VERSIONS", value_delimiter = ',', default_value = "3.5.5,3.5.16,3.7.3")]
    pub servers: Vec<Version>,
    /// The releases of Go's clientv3, joined by commas.
    #[arg(long, value_name = "VERSIONS", value_delimiter = ',', default_value = "3.5.6,3.5.11,3.7.3")]
    pub clients: Vec<Version>,
    /// Which etcd to run on: auto, embedded, process or docker. [default: embedded for naive, checked and resilient,
    /// a real one for programs]
    #[arg(long = "on", value_name = "BACKEND")]
    pub on: Option<On>,
    /// The container image, in place of the usual ones; may hold {version}.
    #[arg(long, value_name = "REF", env = "DEADWATCH_IMAGE")]
    pub image: Option<String>,
    /// Built-in subjects joined by commas, or one command that speaks the line protocol; may be repeated.
    /// [default: all that are built in]
    #[arg(long = "subject", value_name = "NAMES-OR-COMMAND")]
    pub subjects: Vec<String>,
    /// For people, or one JSON object a line and run.
    #[arg(long, default_value = "human")]
    pub format: Format,
    /// What is free to vary is drawn from this.
    #[arg(long, value_name = "NUMBER", default_value_t = 0, value_parser = whole_number)]
    pub seed: u64,
}

fn whole_number(text: &str) -> Result<u64, &'static str> {
    text.parse().map_err(|_| "expected a whole number from 0 on")
}

/// How runs are shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Format {
    /// A timeline.
    Human,
    /// One object a line.
    Json,
}

/// What to list.
#[derive(Debug, clap::Args)]
pub struct List {
    /// The etcd releases that the scenarios name, instead.
    #[arg(long, conflicts_with = "clients")]
    pub etcds: bool,
    /// The clientv3 releases that the scenarios name, instead.
    #[arg(long)]
    pub clients: bool,
    /// Only scenarios whose names begin so, such as `auth/`.
    #[arg(value_name = "PREFIX")]
    pub prefixes: Vec<String>,
}
