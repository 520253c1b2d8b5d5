//! On a terminal: a run shows its progress and is coloured.

use std::process::Command;

use deadwatch::etcd::Backend;
use libtest_mimic::{Completion, Trial};

use crate::{
    desk::{Desk, PROGRAM},
    etcd,
    stand::{self, Require, Requirement},
};

pub fn trials() -> Vec<Trial> {
    let missing = script().err().or_else(|| etcd().err());
    let trial = |name: &str, test: fn(&Desk)| {
        let name = format!("{}::{name}", Backend::Process);
        stand::trial(name, Requirement::Process, &Require::from_environment(), missing.clone(), move || {
            let desk = Desk::empty();
            desk.place_etcd(&crate::RELEASE.to_string(), &etcd()?);
            test(&desk);
            Ok(Completion::Completed)
        })
    };
    vec![
        trial("a_run_on_a_terminal_shows_progress_and_colours", progress),
        trial("no_color_leaves_a_terminal_uncoloured", no_color),
    ]
}

/// util-linux's, which runs a command on a terminal of its own; others take other arguments.
fn script() -> Result<(), String> {
    let said = Command::new("script").arg("--version").output();
    let is_it = said.is_ok_and(|said| String::from_utf8_lossy(&said.stdout).contains("util-linux"));
    is_it.then_some(()).ok_or_else(|| "expected util-linux's `script` in PATH, to have a terminal".to_owned())
}

/// What a terminal of 100 columns gets to see of a run.
fn on_a_terminal(desk: &Desk, variable: (&str, &str)) -> String {
    // Long enough that a second of it is surely seen.
    desk.write("scenarios/longer.toml", &crate::CALM.replace("500ms", "2500ms"));
    let line = format!("stty cols 100; {PROGRAM} run longer --on process --subject resilient");
    let mut command = desk.command([""; 0]);
    let mut script = Command::new("script");
    script.args(["--quiet", "--return", "--command", &line, "/dev/null"]).env_clear();
    script.envs(
        command.env("PATH", "/usr/bin:/bin").get_envs().filter_map(|(name, value)| Some((name, value?))),
    );
    script.env("TERM", "xterm").env("SHELL", "/bin/sh").env(variable.0, variable.1);
    script.current_dir(desk.path("")).stdin(std::process::Stdio::null());
    desk.ask(&mut script).expect(0).out
}

fn progress(desk: &Desk) {
    let seen = on_a_terminal(desk, ("LANG", "C"));
    assert!(seen.contains("runs ended: 0 of 1, 1s of about 6 s"), "{seen:?}");
    assert!(seen.contains("\u{1b}[32msurvives"), "{seen:?}");
}

fn no_color(desk: &Desk) {
    let seen = on_a_terminal(desk, ("NO_COLOR", "1"));
    assert!(seen.contains("runs ended: 0 of 1"), "{seen:?}");
    // What moves the cursor, for the progress, ends with another letter than `m`.
    let coloured = seen
        .split("\u{1b}[")
        .skip(1)
        .any(|after| after.trim_start_matches(|c: char| c.is_ascii_digit() || c == ';').starts_with('m'));
    assert!(!coloured, "{seen:?}");
}
