//! A user of the library who has no supervisor: what is left when he is killed says whose it was, and is cleared away by
//! the next.

use std::{
    env,
    process::{Command, ExitCode, Stdio},
};

use deadwatch::{
    etcd::Backend,
    run::{Order, perform},
    scenario::Library,
    subject::Subject,
};
use libtest_mimic::Trial;

use crate::{
    etcd,
    interrupted::real,
    leftovers::{self, At},
};

/// The environment variable that asks for the task.
pub const TASK: &str = "DEADWATCH_TEST_LIBRARY";

pub fn trials() -> Vec<Trial> {
    vec![real("what_a_killed_user_of_the_library_leaves_is_cleared_away_by_doctor", |desk| {
        let mut command = Command::new(env::current_exe().unwrap());
        command.env_clear().envs(desk.variables()).env(TASK, "1").current_dir(desk.path(""));
        let mut user = command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
        leftovers::wait_until("an etcd", || leftovers::running(desk, "--data-dir") == 1);
        user.kill().unwrap();
        user.wait().unwrap();
        // Its etcd may be gone already: a run of another test has found it.
        assert_eq!(leftovers::folders(desk).len(), 1);
        let said = desk.deadwatch(["doctor"]).expect(0);
        let head = "Cleared away, as the runs that had left it are dead\n";
        assert!(
            said.out.contains(head) && said.out.contains("\n    folder HERE/tmp/deadwatch-etcd-"),
            "{said}"
        );
        leftovers::assert_nothing(desk, At::WithinASecond);
    })]
}

/// The task: a run, without a supervisor.
pub fn run() -> ExitCode {
    let choice = etcd(Backend::Process, None).unwrap();
    let scenario = Library::compiled_in().load("auth/story").unwrap().scenario;
    let made = perform(&Order { scenario, subject: Subject::Naive, choice, seed: 0 });
    if made.is_ok() { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}
