//! What is there of a run, while it goes on and when it has ended.

use std::{
    thread,
    time::{Duration, Instant},
};

use crate::desk::Desk;

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

/// The command lines of the processes that belong to the desk: they name it, or have its variables.
pub fn processes(desk: &Desk) -> Vec<String> {
    let here = desk.path("");
    listed(here.to_str().unwrap())
}

/// Those of all processes with this in their command line or environment.
#[cfg(target_os = "linux")]
fn listed(here: &str) -> Vec<String> {
    let text = |path: &std::path::Path, file| {
        // What ends meanwhile has neither any more.
        String::from_utf8_lossy(&std::fs::read(path.join(file)).unwrap_or_default()).replace('\0', " ")
    };
    let processes = std::fs::read_dir("/proc").unwrap().map(|entry| entry.unwrap().path());
    let belongs = |path: std::path::PathBuf| {
        let line = text(&path, "cmdline");
        (line.contains(here) || text(&path, "environ").contains(here)).then_some(line)
    };
    processes.filter_map(belongs).filter(|line| !line.is_empty()).collect()
}

/// Those of all processes with this in their command line.
#[cfg(not(target_os = "linux"))]
fn listed(here: &str) -> Vec<String> {
    let listed = std::process::Command::new("ps").args(["-A", "-ww", "-o", "args="]).output().unwrap();
    assert!(listed.status.success());
    let lines = String::from_utf8_lossy(&listed.stdout).into_owned();
    lines.lines().filter(|line| line.contains(here)).map(str::to_owned).collect()
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

/// When nothing may be left any more.
#[derive(Clone, Copy)]
pub enum At {
    /// As soon as the program has ended.
    Once,
    /// A moment later: the program could do nothing itself.
    WithinASecond,
}

/// Asserts that nothing is left.
#[track_caller]
pub fn assert_nothing(desk: &Desk, at: At) {
    let left = || (folders(desk), processes(desk));
    if let At::WithinASecond = at {
        comes_true(Duration::from_secs(1), || left() == (vec![], vec![]));
    }
    let (folders, processes) = left();
    assert!(folders.is_empty() && processes.is_empty(), "left: {folders:#?}, running: {processes:#?}");
}
