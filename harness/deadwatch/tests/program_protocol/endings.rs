//! How a program ends when the harness is done with it.

use std::{
    fs::File,
    io::Read,
    path::PathBuf,
    process::Command,
    sync::mpsc::{self, Receiver},
    thread,
    time::Duration,
};

use deadwatch::subject::{Patience, Running};
use tempfile::TempDir;
use tokio::time::timeout;

use crate::talk::{IN_VAIN, Talk, item, on_a_runtime};

crate::cases![
    a_program_ends_with_its_input,
    an_answer_after_the_end_of_input_still_counts,
    a_program_that_ignores_the_end_of_its_input_is_killed,
    dropping_the_subject_kills_its_group,
    a_subject_that_nobody_hears_is_killed,
    ending_the_runtime_kills_the_group,
    a_breach_kills_the_group,
];

/// A named pipe that a program and its descendants hold open: its end is theirs.
struct Held {
    _folder: TempDir,
    path: PathBuf,
    released: Receiver<()>,
}

impl Held {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("held");
        assert!(Command::new("mkfifo").arg(&path).status().unwrap().success());
        let (release, released) = mpsc::channel();
        let pipe = path.clone();
        thread::spawn(move || {
            File::open(pipe).unwrap().read_to_end(&mut Vec::new()).unwrap();
            release.send(()).unwrap();
        });
        Self { _folder: folder, path, released }
    }

    /// A program that has opened its client while it, and a child that outlives it, hold this.
    async fn by_a_program_and_its_child(&self, then: &str, patience: Patience) -> Talk {
        let script = format!("exec 9>\"$1\"; sleep 600 & {then}");
        let mut talk = Talk::after_open_with(&script, self.path.to_str().unwrap(), patience).await;
        // By its answer it is known to have come past the first line.
        talk.dequeue(1);
        assert_eq!(talk.next().await, item(1, "a"));
        assert!(self.released.try_recv().is_err(), "released too early");
        talk
    }

    fn await_release(&self) {
        self.released.recv_timeout(IN_VAIN).expect("somebody of the group lives on");
    }
}

const ANSWERS_ONCE: &str = r#"hear; say '{"id":1,"item":"a"}';"#;

fn a_program_ends_with_its_input() {
    on_a_runtime(async {
        let mut talk = Talk::after_open("while hear; do :; done; echo 'good bye' >&2; exit 0").await;
        talk.dequeue(1);
        let (requests, _) = tokio::sync::mpsc::unbounded_channel();
        talk.running.requests = requests;
        assert_eq!(talk.next().await, None);
        assert_eq!(talk.running.log.text(), "good bye\n");
    });
}

fn an_answer_after_the_end_of_input_still_counts() {
    on_a_runtime(async {
        let script = r#"while hear; do :; done; say '{"id":1,"item":"a"}'; say nonsense; exit 3"#;
        let mut talk = Talk::after_open(script).await;
        talk.dequeue(1);
        let (requests, _) = tokio::sync::mpsc::unbounded_channel();
        talk.running.requests = requests;
        assert_eq!(talk.next().await, item(1, "a"));
        assert_eq!(talk.next().await, None);
    });
}

fn a_program_that_ignores_the_end_of_its_input_is_killed() {
    on_a_runtime(async {
        let held = Held::new();
        let patience = Patience { end: Duration::from_millis(300), ..Patience::default() };
        let stubborn = format!("{ANSWERS_ONCE} trap '' TERM; while :; do sleep 1; done");
        let mut talk = held.by_a_program_and_its_child(&stubborn, patience).await;
        let (requests, _) = tokio::sync::mpsc::unbounded_channel();
        talk.running.requests = requests;
        assert_eq!(talk.next().await, None);
        held.await_release();
    });
}

fn dropping_the_subject_kills_its_group() {
    on_a_runtime(async {
        let held = Held::new();
        let stubborn = format!("{ANSWERS_ONCE} while :; do sleep 1; done");
        let talk = held.by_a_program_and_its_child(&stubborn, Patience::default()).await;
        drop(talk);
        tokio::task::spawn_blocking(move || held.await_release()).await.unwrap();
    });
}

fn a_subject_that_nobody_hears_is_killed() {
    on_a_runtime(async {
        let held = Held::new();
        let stubborn = format!("{ANSWERS_ONCE} while :; do sleep 1; done");
        let talk = held.by_a_program_and_its_child(&stubborn, Patience::default()).await;
        let Running { requests, replies, .. } = talk.running;
        drop(replies);
        tokio::task::spawn_blocking(move || held.await_release()).await.unwrap();
        timeout(IN_VAIN, requests.closed()).await.expect("it still takes requests");
    });
}

fn ending_the_runtime_kills_the_group() {
    let held = Held::new();
    let mut kept = None;
    on_a_runtime(async {
        let stubborn = format!("{ANSWERS_ONCE} while :; do sleep 1; done");
        kept = Some(held.by_a_program_and_its_child(&stubborn, Patience::default()).await);
    });
    held.await_release();
}

fn a_breach_kills_the_group() {
    on_a_runtime(async {
        let held = Held::new();
        let rude = format!("{ANSWERS_ONCE} hear; say nonsense; while :; do sleep 1; done");
        let mut talk = held.by_a_program_and_its_child(&rude, Patience::default()).await;
        talk.dequeue(2);
        talk.broke().await;
        held.await_release();
    });
}
