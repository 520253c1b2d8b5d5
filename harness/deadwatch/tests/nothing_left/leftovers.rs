//! What is there of a run, while it goes on and when it has ended.

use std::{
    thread,
    time::{Duration, Instant},
};

use crate::desk::Desk;

/// How long the system may take to bury a process that was killed.
const BURIAL: Duration = Duration::from_secs(5);

/// How long a run may take until it is where a test wants it.
const PATIENCE: Duration = Duration::from_secs(60);

/// Waits until something is so.
///
/// # Panics
/// If it takes more than a minute; with what was waited for.
#[track_caller]
pub fn wait_until(what: &str, is_so: impl FnMut() -> bool) {
    assert!(comes_true(PATIENCE, is_so), "expected within {} s: {what}", PATIENCE.as_secs());
}

fn comes_true(patience: Duration, mut is_so: impl FnMut() -> bool) -> bool {
    let give_up = Instant::now() + patience;
    while !is_so() {
        if Instant::now() > give_up {
            return false;
        }
        thread::sleep(Duration::from_millis(10));
    }
    true
}

/// The command lines of the processes that name the desk: etcds by their data folder, programs by their path.
pub fn processes(desk: &Desk) -> Vec<String> {
    let here = desk.path("");
    command_lines().into_iter().filter(|line| line.contains(here.to_str().unwrap())).collect()
}

/// Those of all processes.
#[cfg(target_os = "linux")]
fn command_lines() -> Vec<String> {
    let entries = std::fs::read_dir("/proc").unwrap();
    // What ends meanwhile has no command line any more.
    let lines = entries.filter_map(|entry| std::fs::read(entry.unwrap().path().join("cmdline")).ok());
    lines.map(|words| String::from_utf8_lossy(&words).replace('\0', " ")).collect()
}

/// Those of all processes.
#[cfg(not(target_os = "linux"))]
fn command_lines() -> Vec<String> {
    let listed = std::process::Command::new("ps").args(["-A", "-ww", "-o", "args="]).output().unwrap();
    assert!(listed.status.success());
    String::from_utf8_lossy(&listed.stdout).lines().map(str::to_owned).collect()
}

/// The processes whose command line holds these words.
pub fn running(desk: &Desk, words: &str) -> usize {
    processes(desk).iter().filter(|line| line.contains(words)).count()
}

/// The temporary folders that the program made there.
pub fn folders(desk: &Desk) -> Vec<String> {
    let entries = std::fs::read_dir(desk.path("tmp")).unwrap();
    entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect()
}

/// Asserts that nothing is left.
#[track_caller]
pub fn assert_nothing(desk: &Desk) {
    assert_eq!(folders(desk), [""; 0], "folders are left");
    // What is killed with its group is waited for by nobody: the system needs a moment.
    if !comes_true(BURIAL, || processes(desk).is_empty()) {
        panic!("still running: {:#?}", processes(desk));
    }
}
