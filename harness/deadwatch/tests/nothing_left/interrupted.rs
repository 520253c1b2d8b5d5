//! Runs that a signal ends while an etcd is starting, and while many go on.

use std::{
    os::unix::process::CommandExt,
    process::{Child, ExitStatus, Stdio},
};

use deadwatch::etcd::{Backend, Source};
use libtest_mimic::{Completion, Trial};
use rustix::process::{Pid, Signal, kill_process, kill_process_group};

use crate::{
    desk::Desk,
    etcd,
    leftovers::{self, At},
    stand::{self, Require, Requirement},
};

pub fn trials() -> Vec<Trial> {
    let mut trials =
        vec![real("sigterm_while_many_runs_go_on_leaves_nothing", |desk| many(desk, Signal::TERM))];
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
        Self(command.process_group(0).stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap())
    }

    #[cfg_attr(not(feature = "docker"), expect(dead_code, reason = "only containers are found by it"))]
    pub fn id(&self) -> u32 {
        self.0.id()
    }

    /// Whether it has not ended by itself.
    pub fn is_at_work(&mut self) -> bool {
        self.0.try_wait().unwrap().is_none()
    }

    /// Sends a signal.
    #[track_caller]
    pub fn signal(&self, signal: Signal) {
        kill_process(Pid::from_child(&self.0), signal).unwrap();
    }

    /// Sends a signal to its process group, if there is one still.
    pub fn signal_group(&self, signal: Signal) {
        let _ = kill_process_group(Pid::from_child(&self.0), signal);
    }

    /// Waits until it has ended.
    pub fn wait(mut self) -> ExitStatus {
        self.0.wait().unwrap()
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

fn many(desk: &Desk, signal: Signal) {
    let arguments = ["run", "auth/story", "--on", "process", "--subject", "naive,checked", "--repeat", "3"];
    let working = Working::begin(desk, &arguments);
    leftovers::wait_until("six etcds", || leftovers::running(desk, "--data-dir") == 6);
    working.interrupt(signal);
    leftovers::assert_nothing(desk, At::Once);
}

/// A stand-in never becomes ready, so that this is surely while it starts.
fn while_starting(desk: &Desk, signal: Signal) {
    desk.place_silent_etcd(&crate::STORY.to_string());
    let working = Working::begin(desk, &["run", "auth/story", "--on", "process", "--subject", "naive"]);
    leftovers::wait_until("a starting etcd", || leftovers::running(desk, "--data-dir") == 1);
    assert_eq!(leftovers::folders(desk).len(), 1);
    working.interrupt(signal);
    leftovers::assert_nothing(desk, At::Once);
}
