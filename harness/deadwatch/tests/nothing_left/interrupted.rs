//! Runs that a signal ends: in the middle of the story, while an etcd is starting, while many go on.

use std::{
    fs,
    process::{Child, Stdio},
};

use deadwatch::etcd::{Backend, Source};
use libtest_mimic::{Completion, Trial};
use rustix::process::{Pid, Signal, kill_process};

use crate::{
    desk::Desk,
    etcd, leftovers,
    stand::{self, Require, Requirement},
};

pub fn trials() -> Vec<Trial> {
    let mut trials = vec![
        real("sigint_in_the_middle_of_a_run_leaves_nothing", |desk| in_the_middle(desk, Signal::INT)),
        real("sigterm_in_the_middle_of_a_run_leaves_nothing", |desk| in_the_middle(desk, Signal::TERM)),
        real("sigterm_while_many_runs_go_on_leaves_nothing", |desk| many(desk, Signal::TERM)),
        real("sigint_leaves_no_program_and_no_child_of_it", |desk| program(desk, Signal::INT)),
        real("sigterm_leaves_no_program_and_no_child_of_it", |desk| program(desk, Signal::TERM)),
    ];
    for (name, signal) in [("int", Signal::INT), ("term", Signal::TERM), ("hup", Signal::HUP)] {
        let name = format!("stand_in::sig{name}_while_the_etcd_is_still_starting_leaves_nothing");
        trials.push(Trial::test(name, move || {
            while_starting(&Desk::empty(), signal);
            Ok(())
        }));
    }
    trials
}

/// A test at a desk with the story's etcd.
pub fn real(name: &str, test: impl FnOnce(&Desk) + Send + 'static) -> Trial {
    let found = etcd(Backend::Process, None);
    let missing = found.as_ref().err().cloned();
    stand::trial(
        format!("process::{name}"),
        Requirement::Process,
        &Require::from_environment(),
        missing,
        || {
            let desk = Desk::empty();
            let Source::Binary(binary) = found?.source else { return Err("no binary".into()) };
            desk.place_etcd(&crate::STORY.to_string(), &binary.canonicalize()?);
            test(&desk);
            Ok(Completion::Completed)
        },
    )
}

/// The program at work; a test that fails ends it as a signal would.
pub struct Working(Child);

impl Working {
    pub fn begin(desk: &Desk, arguments: &[&str]) -> Self {
        let mut command = desk.command(arguments);
        // The programs are shell scripts, and sleep with a program of the system's.
        command.env("PATH", "/usr/bin:/bin").stdin(Stdio::null());
        Self::of(&mut command)
    }

    pub fn of(command: &mut std::process::Command) -> Self {
        Self(command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap())
    }

    #[cfg_attr(not(feature = "docker"), expect(dead_code, reason = "only containers are found by it"))]
    pub fn id(&self) -> u32 {
        self.0.id()
    }

    /// Whether it has not ended by itself.
    pub fn is_at_work(&mut self) -> bool {
        self.0.try_wait().unwrap().is_none()
    }

    /// Sends a signal and asserts that it ends by exiting, with the code that a shell gives to the signal.
    #[track_caller]
    pub fn interrupt(mut self, signal: Signal) {
        assert!(self.is_at_work(), "it has ended before it was interrupted");
        kill_process(Pid::from_child(&self.0), signal).unwrap();
        assert_eq!(self.0.wait().unwrap().code(), Some(128 + signal.as_raw()));
    }
}

impl Drop for Working {
    fn drop(&mut self) {
        if self.is_at_work() {
            kill_process(Pid::from_child(&self.0), Signal::TERM).unwrap();
            self.0.wait().unwrap();
        }
    }
}

/// Once the etcd has authentication, the subject is about to be called, or is: the story takes 16 s from there.
fn in_the_middle(desk: &Desk, signal: Signal) {
    let working = Working::begin(desk, &["run", "auth/story", "--on", "process", "--subject", "naive"]);
    leftovers::wait_until("an etcd with authentication", || {
        leftovers::folders(desk).iter().any(|folder| {
            let log = fs::read_to_string(desk.path("tmp").join(folder).join("log"));
            log.is_ok_and(|log| log.contains("enabled authentication"))
        })
    });
    assert_eq!(leftovers::running(desk, "--data-dir"), 1);
    working.interrupt(signal);
    leftovers::assert_nothing(desk);
}

fn many(desk: &Desk, signal: Signal) {
    let arguments = ["run", "auth/story", "--on", "process", "--subject", "naive,checked", "--repeat", "3"];
    let working = Working::begin(desk, &arguments);
    leftovers::wait_until("six etcds", || leftovers::running(desk, "--data-dir") == 6);
    working.interrupt(signal);
    leftovers::assert_nothing(desk);
}

/// The subject is in a call, and has a child.
fn program(desk: &Desk, signal: Signal) {
    let subject = desk.consumer("family");
    let working = Working::begin(desk, &["run", "auth/story", "--on", "process", "--subject", &subject]);
    leftovers::wait_until("a call of a consumer", || desk.path("called").exists());
    assert_eq!(
        leftovers::running(desk, "consumer.sh family"),
        2,
        "the program itself, named by its starter too"
    );
    assert_eq!(leftovers::running(desk, "child.sh"), 1);
    working.interrupt(signal);
    leftovers::assert_nothing(desk);
}

/// A stand-in never becomes ready, so that this is surely while it starts.
fn while_starting(desk: &Desk, signal: Signal) {
    desk.place_silent_etcd(&crate::STORY.to_string());
    let working = Working::begin(desk, &["run", "auth/story", "--on", "process", "--subject", "naive"]);
    leftovers::wait_until("a starting etcd", || leftovers::running(desk, "--data-dir") == 1);
    assert_eq!(leftovers::folders(desk).len(), 1);
    working.interrupt(signal);
    leftovers::assert_nothing(desk);
}
